"""What a service manager, systemd, is notified of: readiness, reloads, the end, and that the main loop runs."""

import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest.mock

import harness
from wire import Wire, WireTest

TIMEOUT_S = 30


class Service(WireTest):
    """The test is the service manager: it has the socket to which sd_notify () sends."""

    def setUp(self):
        super().setUp()
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        path = pathlib.Path(self.directory.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(TIMEOUT_S)
        self.addCleanup(self.socket.close)
        self.environment = {"NOTIFY_SOCKET": str(path)}

    def start(self, **settings):
        with unittest.mock.patch.dict(os.environ, self.environment):
            return super().start(**settings)

    def wait(self, *wanted):
        """The first notification that has all of `wanted`."""
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            if all(any(line.startswith(start) for line in lines) for start in wanted):
                return dict(line.partition("=")[::2] for line in lines)

    def test_from_the_start_to_the_end(self):
        gateway = self.start()
        self.wait("READY=1")
        self.wait("STATUS=0 sessions")

        gateway.process.send_signal(signal.SIGHUP)
        self.assertGreater(int(self.wait("RELOADING=1", "MONOTONIC_USEC=")["MONOTONIC_USEC"]), 0)
        self.wait("READY=1")

        gateway.process.send_signal(signal.SIGTERM)
        self.wait("STOPPING=1")
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def test_a_drain_takes_the_time_that_it_needs(self):
        gateway = self.start(shutdown__drain_timeout_s=100)
        self.wait("READY=1")

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                gateway.process.send_signal(signal.SIGTERM)
                extended_s = int(self.wait("STOPPING=1", "EXTEND_TIMEOUT_USEC=")["EXTEND_TIMEOUT_USEC"]) / 1e6
                self.assertTrue(100 < extended_s < 130, extended_s)
        self.run_async(run())
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def read_log(self, stream_of):
        """The lines up to "listening", of a gateway whose JOURNAL_STREAM is that of the pipe's end @stream_of (0, 1)."""
        ends = os.pipe()
        info = os.fstat(ends[stream_of]) if stream_of is not None else os.stat("/")
        process = subprocess.Popen([harness.GATEWAY, "--set", "http.port=0", "--set", "admin.port=0", "--set",
                                    "ice.udp-port=0", "--set", "limits.max-sessions=100000"], stderr=ends[1],
                                   env={**harness.environment(), "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})
        os.close(ends[1])
        with open(ends[0], encoding="utf-8") as log:
            lines = list(itertools.takewhile(lambda line: "may need" not in line, log))
            lines.append("may need")
            process.terminate()
            lines += log
        self.assertEqual(process.wait(harness.STOP_TIMEOUT_S), 0)
        return lines

    def test_lines_for_the_journal_begin_with_their_priority(self):
        lines = self.read_log(1)
        self.assertTrue(any(line.startswith("<6>") and "listening url" in line for line in lines), lines)
        self.assertEqual([line for line in lines if not re.match(r"<[2-7]>\S|may need", line)], [])
        lines = self.read_log(None)  # the environment of a service, in a shell with a standard error of its own
        self.assertEqual([line for line in lines if line.startswith("<")], [])

    def test_an_error_in_the_configuration_has_the_priority_of_an_error(self):
        read_end, write_end = os.pipe()
        info = os.fstat(write_end)
        process = subprocess.Popen([harness.GATEWAY, "--set", "http.prot=1"], stderr=write_end,
                                   env={**harness.environment(), "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})
        os.close(write_end)
        with open(read_end, encoding="utf-8") as log:
            self.assertRegex(log.read(), "^<3>voice-gateway: --set .*no such key")
        self.assertEqual(process.wait(harness.STOP_TIMEOUT_S), 78)

    def test_the_watchdog_is_answered_while_the_main_loop_runs(self):
        self.environment["WATCHDOG_USEC"] = "600000"
        gateway = self.start()
        for _ in range(3):
            self.wait("WATCHDOG=1", "STATUS=0 sessions")

        async def run():
            async with Wire(gateway.url) as wire:
                await wire.wait("session")
                self.wait("WATCHDOG=1", "STATUS=1 sessions")
        self.run_async(run())


if __name__ == "__main__":
    harness.main()
