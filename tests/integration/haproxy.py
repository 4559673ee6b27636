"""The real HAProxy with the configuration of deploy/haproxy.cfg, changed only where it has to be for a test."""

import pathlib
import signal
import socket
import subprocess
import urllib.parse

import harness
from nginx import change

HAPROXY = "/usr/sbin/haproxy"
RECIPE = harness.SOURCE_ROOT / "deploy" / "haproxy.cfg"


def is_installed():
    return pathlib.Path(HAPROXY).exists()


def reserve_port():
    """A bound socket that does not listen: HAProxy can bind to its port, nobody else gets it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


class Haproxy:
    """Serves https on a port of its own. changes: of the recipe, pairs of old and new."""

    def __init__(self, directory, gateway_url, certificate, key, changes=()):
        self.reserved = [reserve_port() for _ in range(2)]
        self.port, plain_port = (reserved.getsockname()[1] for reserved in self.reserved)
        self.home = pathlib.Path(directory)
        pem = self.home / "haproxy.pem"
        pem.write_bytes(certificate.read_bytes() + key.read_bytes())
        recipe = RECIPE.read_text()
        for old, new in [("    user haproxy\n", ""), ("    group haproxy\n", ""), ("    chroot /var/lib/haproxy\n", ""),
                         ("log /dev/log local0", "log stderr format raw local0"),
                         ("hard-stop-after 1h", "hard-stop-after 1s"),
                         ("bind :::80 v4v6", f"bind 127.0.0.1:{plain_port}"),
                         ("bind :::443 v4v6", f"bind 127.0.0.1:{self.port}"),
                         ("/etc/haproxy/voice.example.com.pem", str(pem)),
                         ("127.0.0.1:8080 check", f"{urllib.parse.urlsplit(gateway_url).netloc} check"), *changes]:
            recipe = change(recipe, old, new)
        (self.home / "haproxy.cfg").write_text(recipe)
        self.plain_url = f"http://localhost:{plain_port}"
        self.origin = f"https://localhost:{self.port}"
        self.log = open(self.home / "haproxy.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([HAPROXY, "-W", "-f", self.home / "haproxy.cfg"], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        harness.wait_for(self._is_listening, 30, "HAProxy")

    def _is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except ConnectionRefusedError:
            return False
        return True

    def reload(self):
        self.process.send_signal(signal.SIGUSR2)

    def read_access_log(self):
        return (self.home / "haproxy.log").read_text(encoding="utf-8")

    def stop(self):
        """Ends it; returns what is wrong in its log, as text."""
        self.process.terminate()
        self.process.wait(30)
        lines = self.read_access_log().splitlines()
        self.log.close()
        for reserved in self.reserved:
            reserved.close()
        return "\n".join(line for line in lines if "[ALERT]" in line and "exited with code" not in line)
