"""What a service manager, systemd, is notified of: readiness, reloads, the end, and that the main loop runs."""

import os
import pathlib
import signal
import socket
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
