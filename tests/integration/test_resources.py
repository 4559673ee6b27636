"""A gateway that may have few descriptors or threads, and one whose log nobody reads: it lives, calls go on, and callers
are told busy."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest
import urllib.request

import websockets

import harness
from bots import free_port
from wire import Wire, WireTest, good_offer

N_FILES = 256
N_THREADS = 52 + 4 * len(os.sched_getaffinity(0))  # 60 on two processors, which have two threads each
USER = 40000 + os.getpid() % 20000  # one that runs nothing else: RLIMIT_NPROC counts all that a user runs


def as_user(*command):
    return ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command)


def can_become_user():
    if os.getuid() != 0 or not shutil.which("setpriv"):
        return False
    return subprocess.run([*as_user(str(harness.GATEWAY), "--version")], capture_output=True).returncode == 0


def get(gateway, path="healthz"):
    with urllib.request.urlopen(gateway.http_url + path, timeout=30) as answer:
        return answer.status


class Resources(WireTest):
    def start_call(self, gateway):
        call = harness.Call(gateway.url, "--duration", 80)
        gateway.wait_log(lambda entry: "→ active" in entry["message"], 60)
        return call

    async def open_wires(self, stack, url, count):
        """As many of them as there is room for."""
        wires = []
        for _ in range(count):
            try:
                wires.append(await stack.enter_async_context(Wire(url)))
            except (websockets.WebSocketException, OSError):
                break
        return wires

    async def offer_until_busy(self, wires):
        """How many offers were answered before one was told busy."""
        for count, wire in enumerate(wires):
            await wire.offer(good_offer())
            while True:
                kind, payload = await wire.receive()
                if kind == "answer":
                    break
                if kind == "error":
                    self.assertEqual((payload["code"], payload["fatal"]), ("busy", True))
                    await wire.wait_closed()
                    return count
        raise AssertionError(f"{len(wires)} offers, and there was room for all of them")

    def check(self, gateway, count):
        call = self.start_call(gateway)

        async def run():
            async with contextlib.AsyncExitStack() as stack:
                wires = await self.open_wires(stack, gateway.url, count)
                self.assertGreaterEqual(await self.offer_until_busy(wires), 1)
                gateway.wait_log(lambda entry: entry["message"].startswith("capacity: too few "))
                gateway.wait_log(lambda entry: entry["message"].startswith("readiness: ready → full"))  # /readyz is 503
                self.assertIsNone(call.process.poll(), "the call in progress ended")
        self.run_async(run())
        # what was taken is given back, and so there is room for a call again
        result = harness.wait_for(lambda: (lambda r: r if r.status == 0 else None)(harness.call(gateway.url)), 60,
                                  "a call when there is room again")
        self.assertEqual(result.only["end_reason"], "client-bye")
        self.assertIsNone(call.process.poll(), "the call in progress ended")
        call.hang_up()
        self.assertEqual(call.finish().status, 0)

    def test_few_descriptors(self):
        gateway = self.start(command=("prlimit", f"--nofile={N_FILES}:{N_FILES}", harness.GATEWAY))
        entry = gateway.wait_log(lambda entry: entry["message"].startswith("capacity: descriptors="))
        self.assertIn(f"descriptors={N_FILES} ", entry["message"])
        gateway.wait_log(lambda entry: entry["level"] == "warning" and "LimitNOFILE" in entry["message"])
        self.check(gateway, 300)

    def test_too_few_descriptors_for_ice_over_tcp_to_start(self):
        command = ["prlimit", f"--nofile={N_FILES}:{N_FILES}", str(harness.GATEWAY), "--set", "http.port=0",
                   "--set", "admin.port=0", "--set", "ice.udp-port=0", "--set", f"ice.tcp-port={free_port()}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=harness.environment())
        self.assertEqual(result.returncode, 78, result.stderr)
        self.assertIn("ice.tcp-max-connections", result.stderr)
        self.assertIn("LimitNOFILE", result.stderr)

    def test_silent_connections_leave_room_for_a_call(self):
        gateway = self.start(command=("prlimit", f"--nofile={N_FILES}:{N_FILES}", harness.GATEWAY))
        port = int(re.search(r":(\d+)/", gateway.http_url).group(1))
        with contextlib.ExitStack() as stack:
            for _ in range(2 * N_FILES):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
                connection.send(b"GET / HT")
            self.assertEqual(get(gateway), 200)
            self.assertEqual(harness.call(gateway.url).status, 0)
        self.assertLess(gateway.usage()["fds"], N_FILES)

    @unittest.skipUnless(can_become_user(), "needs root, to be an ordinary user who runs nothing else")
    def test_few_threads(self):
        gateway = self.start(command=as_user("prlimit", f"--nproc={N_THREADS}:{N_THREADS}", harness.GATEWAY))
        entry = gateway.wait_log(lambda entry: entry["message"].startswith("capacity: descriptors="))
        self.assertIn(f"threads={N_THREADS} ", entry["message"])
        gateway.wait_log(lambda entry: entry["level"] == "warning" and "TasksMax" in entry["message"])
        self.check(gateway, 30)

    @unittest.skipUnless(can_become_user(), "needs root, to be an ordinary user who runs nothing else")
    def test_too_few_threads_to_start(self):
        command = as_user("prlimit", "--nproc=10:10", str(harness.GATEWAY), "--set", "http.port=0", "--set", "admin.port=0",
                          "--set", "ice.udp-port=0")
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=harness.environment())
        self.assertEqual(result.returncode, 78, result.stderr)
        self.assertIn("TasksMax", result.stderr)


class Reload(harness.GatewayTest):
    def start_with_file(self):
        config = self.directory / "gateway.conf"
        config.write_text("[limits]\nmax-sessions = 7\n")
        gateway = self.start(command=(harness.GATEWAY, "--config", config))
        config.unlink()
        os.mkfifo(config)
        gateway.process.send_signal(signal.SIGHUP)
        return gateway, config

    def test_a_file_that_does_not_end_holds_nobody(self):
        gateway, config = self.start_with_file()
        self.assertEqual(harness.call(gateway.url).status, 0)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_log(lambda entry: entry["message"].startswith("reload: still reading "))
        config.write_text("[limits]\nmax-sessions = 9\n")  # whoever reads has it now
        gateway.wait_log(lambda entry: entry["message"] == "reload: in effect now: limits.max-sessions")

    def test_nor_does_it_hold_the_end(self):
        gateway, _ = self.start_with_file()
        gateway.process.terminate()
        self.assertEqual(gateway.process.wait(harness.STOP_TIMEOUT_S), 0)


class StoppedReader:
    """A gateway whose standard error is read only when asked for."""

    def __init__(self, directory):
        # a long path makes long lines: each error of the configuration names its file
        self.config = pathlib.Path(directory, *["d" * 250] * 12, "gateway.conf")
        self.config.parent.mkdir(parents=True)
        self.config.write_text("[http]\nport = 0\n[admin]\nport = 0\n[ice]\nudp-port = 0\n")
        self.process = subprocess.Popen([str(harness.GATEWAY), "--config", str(self.config)], stderr=subprocess.PIPE,
                                        env=harness.environment())
        self.text = b""
        self.http_url, self.admin_url = (self.find(rb"listening " + name + rb"=(\S+)") for name in (b"url", b"admin"))
        self.url = self.http_url.replace("http", "ws", 1) + "ws"

    def find(self, pattern):
        while not (found := re.search(pattern, self.text)):
            data = os.read(self.process.stderr.fileno(), 65536)
            if not data:
                raise AssertionError(f"the log ends without {pattern}")
            self.text += data
        return found.group(1).decode()

    def fill(self):
        """Has the gateway log until lines are dropped: more than the pipe and the queue hold."""
        self.config.write_text("[http]\n" + "".join(f"unheard-of-{i} = 1\n" for i in range(100)))

        def is_full():
            self.process.send_signal(signal.SIGHUP)
            with urllib.request.urlopen(self.admin_url + "metrics", timeout=30) as answer:
                return re.search(rb"^vgw_log_dropped_lines_total [1-9]", answer.read(), re.MULTILINE)
        harness.wait_for(is_full, 60, "a line that is dropped")


class LogReader(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        self.gateway = StoppedReader(self.directory)
        self.addCleanup(self.gateway.process.stderr.close)
        self.addCleanup(self.gateway.process.wait)
        self.addCleanup(self.gateway.process.kill)
        self.gateway.fill()

    def test_a_call_does_not_wait_for_the_log(self):
        self.assertEqual(harness.call(self.gateway.url).status, 0)
        self.gateway.find(rb"log: (\d+) lines were dropped here")
        self.gateway.process.terminate()
        self.assertEqual(self.gateway.process.wait(harness.STOP_TIMEOUT_S), 0)

    def test_the_end_does_not_wait_for_the_log(self):
        self.gateway.process.terminate()
        self.assertEqual(self.gateway.process.wait(harness.STOP_TIMEOUT_S), 0)


if __name__ == "__main__":
    harness.main()
