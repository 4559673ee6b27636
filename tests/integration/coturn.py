"""A real TURN server on loopback addresses, for one test."""

import contextlib
import pathlib
import socket
import subprocess

import harness

USER, PASSWORD, REALM = "caller", "secret", "voice.test"


def own_address():
    """The address that libnice finds for itself: it leaves loopback out where there is anything else, and what is sent
    from there to 127.0.0.1 does not come back. Nothing leaves the machine either way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


ADDRESS = own_address()

CONFIG = """
listening-ip={address}
listening-port={port}
relay-ip={address}
realm={realm}
user={user}:{password}
lt-cred-mech
fingerprint
allow-loopback-peers
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


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


class Coturn:
    def __init__(self, directory):
        self.directory, self.port = pathlib.Path(directory), free_port()
        config = self.directory / "turn.conf"
        config.write_text(CONFIG.format(address=ADDRESS, port=self.port, realm=REALM, user=USER,
                                        password=PASSWORD, directory=directory))
        self.log_path = self.directory / "turn.log"
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
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
