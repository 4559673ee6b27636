"""Runs the real programs for the tests, and fails a test on whatever a sanitizer or GLib has to complain about."""

import array
import asyncio
import fcntl
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest
import urllib.parse
import urllib.request

import audio

SOURCE_ROOT = pathlib.Path(os.environ["VGW_TEST_SOURCE_ROOT"])
BUILD_ROOT = pathlib.Path(os.environ["VGW_TEST_BUILD_ROOT"])
GATEWAY = BUILD_ROOT / "src" / "voice-gateway"
CALLER = BUILD_ROOT / "tools" / "caller" / "voice-gateway-call"
PHRASE = SOURCE_ROOT / "data" / "sounds" / "phrase.wav"

START_TIMEOUT_S = 60  # a sanitized build on a busy machine
STOP_TIMEOUT_S = 30
CALL_TIMEOUT_S = 90
LOG_READ_BYTES = 65536

COMPLAINTS = ("AddressSanitizer", "runtime error:", "LeakSanitizer", "Segmentation fault", "glibc detected",
              "-CRITICAL **", "-WARNING **", "Assertion")


def environment(finds_leaks=False):
    """That of the test, with sanitizers that report on stderr and leave the exit status alone: the status is the
    program's own, and the report is found in the text. To tell a leak of ours from one of a library takes unwinding
    through GLib and GStreamer, and that five times the CPU, too much for audio in real time on a busy machine: only
    test_leaks.py looks for leaks."""
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = (f"{env.get('ASAN_OPTIONS', '')}:exitcode=0:detect_leaks={int(finds_leaks)}"
                           f":fast_unwind_on_malloc={int(not finds_leaks)}")
    env["G_MESSAGES_DEBUG"] = ""
    for name in [name for name in env if name.startswith("VGW_") and not name.startswith("VGW_TEST_")]:
        del env[name]
    return env


def find_complaints(text):
    """What is wrong in the stderr of a program, as text; empty where nothing is."""
    found = [line for line in text.splitlines() if any(sign in line for sign in COMPLAINTS)]
    found += [line for line in text.splitlines() if is_library_error(line)]
    return "\n".join([*found, "all of it:", text]) if found else ""


def is_library_error(line):
    """An error of GLib, GStreamer or libsoup in a log of ours: a failed assertion, for the most part."""
    entry = parse_log_line(line)
    return entry is not None and entry["level"] in ("error", "fatal") and not entry["domain"].startswith("vgw")


def parse_log_line(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "message" in entry else None


def wait_for(condition, timeout_s, what):
    """Returns the first true value of condition ()."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def find_own_address():
    """An address of this machine that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


async def asyncio_tick():
    """Between two looks at a condition in a coroutine; run_async () bounds the whole."""
    await asyncio.sleep(0.02)


async def wait_until(condition):
    while not condition():
        await asyncio_tick()


class Gateway:
    """One voice-gateway on ports of its own. Settings are those of --set, with '__' for the dot;
    command is what to start, where that is not the program of the build tree alone."""

    def __init__(self, finds_leaks=False, command=(GATEWAY,), **settings):
        values = {"http.port": 0, "admin.port": 0, "ice.udp-port": 0, "log.format": "json", "log.level": "debug",
                  "engine.speed-up": "false"}  # recordings are compared, also of a busy machine
        values.update({key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()})
        arguments = [str(part) for part in command]
        for key, value in values.items():
            arguments += ["--set", f"{key}={value}"]
        self._lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        env=environment(finds_leaks), bufsize=0)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            entry = self.wait_log(lambda entry: entry["message"].startswith("listening "), START_TIMEOUT_S)
        except AssertionError:
            self.process.kill()
            self.stop()
            raise
        fields = dict(part.split("=", 1) for part in entry["message"].split()[1:])
        self.http_url = fields["url"]
        self.url = self.http_url.replace("http", "ws", 1) + "ws"
        self.http_port = urllib.parse.urlsplit(self.http_url).port
        self.udp_port = int(fields["udp-port"])

    def _read(self):
        """A line is read and kept under one lock: lines () waits for an empty pipe."""
        log, begun = self.process.stderr.fileno(), b""
        while True:
            select.select([log], [], [])
            with self.changed:
                data = os.read(log, LOG_READ_BYTES)
                *lines, begun = (begun + data).split(b"\n")
                self._lines += [line.decode(errors="replace") for line in lines]
                if not data and begun:
                    self._lines.append(begun.decode(errors="replace"))
                self.changed.notify_all()
                if not data:
                    return

    @property
    def pid(self):
        return self.process.pid

    @property
    def lines(self):
        """The log until now: what the gateway wrote before an answer that the test has seen is in it."""
        with self.changed:
            while self._count_unread():
                self.changed.wait()
            return list(self._lines)

    def entries(self, start=0):
        return [entry for entry in map(parse_log_line, self.lines[start:]) if entry is not None]

    def _count_unread(self):
        if self.process.stderr.closed:  # stop () has read it to the end
            return 0
        count = array.array("i", [0])
        fcntl.ioctl(self.process.stderr, termios.FIONREAD, count)
        return count[0]

    def wait_log(self, predicate, timeout_s=20, start=0):
        """The first log entry from line start on that predicate accepts."""
        deadline = time.monotonic() + timeout_s
        seen = start
        with self.changed:
            while True:
                while seen < len(self._lines):
                    entry = parse_log_line(self._lines[seen])
                    seen += 1
                    if entry is not None and predicate(entry):
                        return entry
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise AssertionError("no such line in the gateway's log:\n" + "\n".join(self._lines[-40:]))
                self.changed.wait(min(left, 0.5))

    @property
    def admin_url(self):
        return self.wait_log(lambda entry: entry["message"].startswith("listening admin="))["message"].partition("=")[2]

    def metric(self, name):
        """The value of a counter or gauge; its label, where it has one, belongs to the name."""
        with urllib.request.urlopen(self.admin_url + "metrics") as response:
            page = response.read().decode()
        return int(re.search(rf"^{re.escape(name)} (\d+)$", page, re.M).group(1))

    def usage(self):
        """Threads, open files and memory (kB) of the process."""
        proc = pathlib.Path("/proc") / str(self.pid)
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line)
        return {
            "threads": int(status["Threads"]),
            "fds": len(list((proc / "fd").iterdir())),
            "rss_kb": int(status["VmRSS"].split()[0]),
        }

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it; returns (exit status, complaints)."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            status = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = f"still running {STOP_TIMEOUT_S} s after signal {signal_number}"
        self.reader.join(STOP_TIMEOUT_S)
        self.process.stderr.close()
        return status, find_complaints("\n".join(self._lines))


class CallResult:
    def __init__(self, status, output, errors):
        self.status, self.errors = status, errors
        document = json.loads(output) if output.strip() else {"calls": [], "summary": {}}
        self.calls, self.summary = document["calls"], document["summary"]

    @property
    def only(self):
        assert len(self.calls) == 1
        return self.calls[0]


class Call:
    """One voice-gateway-call in the background."""

    def __init__(self, url, *arguments, finds_leaks=False, command=(CALLER,)):
        self.process = subprocess.Popen([*map(str, command), url, "--json", *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(finds_leaks), text=True,
                                        errors="replace")

    def hang_up(self):
        self.process.send_signal(signal.SIGINT)

    def finish(self, timeout_s=CALL_TIMEOUT_S):
        try:
            output, errors = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
            raise AssertionError(f"the caller did not end in {timeout_s} s:\n{errors}") from None
        complaints = find_complaints(errors)
        assert not complaints, "the caller complained:\n" + complaints
        return CallResult(self.process.returncode, output, errors)


def call(url, *arguments, timeout_s=CALL_TIMEOUT_S, finds_leaks=False, command=(CALLER,)):
    return Call(url, *arguments, finds_leaks=finds_leaks, command=command).finish(timeout_s)


class GatewayTest(unittest.TestCase):
    """Starts gateways; at the end of a test each must go with status 0 and without a complaint."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="vgw-test-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start(self, **settings):
        gateway = Gateway(**settings)
        self.addCleanup(self._stop, gateway)
        return gateway

    def _stop(self, gateway):
        status, complaints = gateway.stop()
        if complaints:
            self.fail(f"the gateway complained:\n{complaints[:2000]}\n…\n{complaints[-6000:]}")
        self.assertEqual(status, 0, "the gateway's exit status; its log ends:\n" + "\n".join(gateway.lines[-30:]))

    def assert_same_speech(self, sent_path, heard_path, at_least=audio.SAME_SPEECH):
        sent, sent_rate = audio.read_wav(sent_path)
        heard, rate = audio.read_wav(heard_path)
        likeness = audio.similarity(audio.resample(sent, sent_rate, rate), heard, rate)
        print(f"similarity {likeness:.3f}, at least {at_least}", file=sys.stderr)
        self.assertGreaterEqual(likeness, at_least)
        return likeness


def main():
    """Runs the tests of the program. A peer of aiortc that a failed test has left open has a thread that never ends, and
    Python would wait for it."""
    result = unittest.main(verbosity=2, exit=False).result
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if result.wasSuccessful() else 1)
