"""A real TURN server on loopback addresses, for one test."""

import contextlib
import pathlib
import socket
import subprocess

import harness

USER, PASSWORD, REALM = "caller", "secret", "voice.test"


# The address that libnice finds for itself: it leaves loopback out where there is anything else, and what is sent from
# there to 127.0.0.1 does not come back. Nothing leaves the machine either way.
ADDRESS = harness.find_own_address() or "127.0.0.1"

CONFIG = """
listening-ip={listening}
listening-port={port}
relay-ip={relay}
realm={realm}
{access}
fingerprint
no-tls
no-dtls
no-cli
no-multicast-peers
no-stdout-log
log-file={directory}/turn.log
simple-log
verbose
pidfile={directory}/turn.pid
userdb={directory}/turn.db
"""


def write_config(directory, port, listening, relay, access):
    """Its path; access is the lines about who may have a relay, and to where. read_log () reads the log of that server."""
    path = directory / "turn.conf"
    path.write_text(CONFIG.format(directory=directory, port=port, listening=listening, relay=relay, realm=REALM,
                                  access=access))
    return path


def read_log(directory):
    path = directory / "turn.log"
    return path.read_text(errors="replace") if path.exists() else ""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


class Coturn:
    def __init__(self, directory):
        self.directory, self.port = pathlib.Path(directory), free_port()
        config = write_config(self.directory, self.port, ADDRESS, ADDRESS,
                              f"user={USER}:{PASSWORD}\nlt-cred-mech\nallow-loopback-peers")
        self.process = subprocess.Popen(["turnserver", "-c", str(config)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        harness.wait_for(self._answers, 20, "the TURN server answers")

    def _answers(self):
        """A STUN binding request, RFC 8489 section 5."""
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
            probe.settimeout(0.2)
            try:
                probe.sendto(bytes.fromhex("000100002112a442") + b"voicegateway", (ADDRESS, self.port))
                return len(probe.recv(1000)) > 20
            except OSError:
                return False

    def log(self):
        return read_log(self.directory)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
