"""A real redis-server for the tests, in a directory of its own and without persistence."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import harness


def free_port():
    """Redis has no "any free port"."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """Listens on a port of 127.0.0.1, the same after a restart, and on a socket in its directory. options: of the
    configuration, with '_' for '-'; a tuple: several words."""

    def __init__(self, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="vgw-redis-")
        self.directory = pathlib.Path(self.folder.name)
        self.port = free_port()
        self.socket = self.directory / "redis.sock"
        self.options = {"port": self.port, "bind": "127.0.0.1", "unixsocket": self.socket, "dir": self.directory,
                        "save": "", "appendonly": "no"}
        self.options.update({name.replace("_", "-"): value for name, value in options.items()})
        self.password = options.get("requirepass")
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        arguments = [part for name, value in self.options.items()
                     for part in (f"--{name}", *(value if isinstance(value, tuple) else (str(value),)))]
        self.process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        harness.wait_for(self._is_ready, 20, "redis-server")

    def _is_ready(self):
        return self.socket.exists() and self._run("PING").stdout.strip() == '"PONG"'

    def _run(self, *words):
        environment = dict(os.environ)
        if self.password:
            environment["REDISCLI_AUTH"] = self.password
        return subprocess.run(["redis-cli", "-s", self.socket, "--json", *map(str, words)], capture_output=True,
                              text=True, env=environment, timeout=20, check=False)

    def command(self, *words):
        """The reply, as JSON has it."""
        result = self._run(*words)
        return json.loads(result.stdout)

    def events(self):
        """(type, event) of the stream, in order."""
        found = []
        for _, fields in self.command("XRANGE", "vgw:events", "-", "+"):
            words = dict(zip(fields[::2], fields[1::2])) if isinstance(fields, list) else fields
            found.append((words["type"], json.loads(words["event"])))
        return found

    def stop(self, signal_number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal_number)
        self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        self.folder.cleanup()
