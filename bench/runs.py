"""One measurement of one gateway: a load on a gateway that is started for it, since malloc keeps what ended calls had."""

import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import sys
import time

import figures
import harness
import machine
from gateways import GATEWAY_CORE, OTHER_CORES
from load import Load

RAMP_MS = 30
SETTLE_S = 2.0
WARM_CALLS = 3  # plugins, certificate, pools
SPARE_THREADS = 4  # that GLib's pools and Go's runtime keep once they have them
N_ONE_BY_ONE = 25
ONE_BY_ONE_PAUSE_MS = 100
SETUPS_AT_ONCE = 48  # a caller waits 200 ms for ICE, so that many keep a core busy
OVERHEAD_S = 5.0  # start, warm calls, stop
TEARDOWN_S = 2.0
FINISH_TIMEOUT_S = 90


# of a gateway that does not start, or callers that do not end
FAILURES = (AssertionError, OSError, RuntimeError, ValueError, subprocess.SubprocessError)


@dataclasses.dataclass(frozen=True)
class Start:
    """How to start one of the gateways that are compared."""

    key: str
    kind: type  # gateways.VoiceGateway or gateways.PionGateway, or a partial of one
    build_root: pathlib.Path
    skips_silence: bool = False

    def __call__(self):
        return self.kind(self.build_root, self.skips_silence)


@dataclasses.dataclass
class Talk:
    """Calls that talk at the same time."""

    n_calls: int
    n_ok: int
    cpu_percent: float  # of a core, for each call
    answer_ms: float  # from dialling, median
    ramped_ms: float
    probes: list  # [when it was sent, its latency], ms; ramped_ms is on the same scale
    loss_percent: float
    gap_p99_ms: int
    threads: float  # of each call, as the next two
    fds: float
    private_kb: float
    load_percent: float  # of the callers' cores
    foreign_percent: float  # of the gateway's core: used by something else
    lost_by_load: int  # packets that the callers' own sockets dropped
    failure: str  # of the first call that failed, "" without

    def describe(self):
        late = [late for _, late in self.probes if late >= 0]
        return (f"{self.n_ok}/{self.n_calls} calls, {self.cpu_percent:.2f} % CPU a call, answer {self.answer_ms:.1f} ms, "
                f"echo {statistics.median(late) if late else -1:.1f} ms, loss {self.loss_percent:.2f} %, gap p99 "
                f"{self.gap_p99_ms} ms; callers {self.load_percent:.0f} %, others {self.foreign_percent:.0f} %"
                f"{self.failure and '; ' + self.failure}")


@dataclasses.dataclass
class Setups:
    """Calls that end with their first audio."""

    n_calls: int
    n_ok: int
    cpu_ms: float  # of each setup and teardown
    per_s: float
    answer_ms: float
    load_percent: float
    failure: str

    def describe(self):
        return (f"{self.n_ok}/{self.n_calls} calls, {self.cpu_ms:.2f} ms CPU each, {self.per_s:.0f} a second, answer "
                f"{self.answer_ms:.1f} ms; callers {self.load_percent:.0f} %{self.failure and '; ' + self.failure}")


@contextlib.contextmanager
def running(start):
    """A gateway that has had a few calls, and its idle figures."""
    gateway = start()
    try:
        idle_threads = machine.count(gateway.pid)["threads"]
        Load(start.build_root, gateway.url, "--setups", WARM_CALLS).finish(FINISH_TIMEOUT_S)
        with contextlib.suppress(AssertionError):
            harness.wait_for(lambda: machine.count(gateway.pid)["threads"] <= idle_threads + SPARE_THREADS, 5, "threads")
        yield gateway, machine.count(gateway.pid)
    finally:
        status, complaints = gateway.stop()
        if status != 0 or complaints:
            print(f"{gateway.name} ended with status {status}:\n{complaints[:2000]}", file=sys.stderr)


def median_of(calls, member):
    return figures.median(call[member] for call in calls)


def first_failure(calls):
    return next((call["failure"] or call["result"] for call in calls if call["result"] != "ok"), "")


def talk_s(n_calls, window_s):
    """About how long talk () takes."""
    return OVERHEAD_S + n_calls * RAMP_MS / 1000 + SETTLE_S + window_s


def talk(start, n_calls, window_s, is_conversation=False):
    """start: a Start. Returns a Talk."""
    with running(start) as (gateway, idle):
        kind = ["--conversation"] if is_conversation else []
        load = Load(start.build_root, gateway.url, "--calls", n_calls, "--ramp", RAMP_MS, "--settle", SETTLE_S, "--window",
                    window_s, *kind)

        def read():
            return (machine.cpu_s(gateway.pid), machine.cpu_s(load.process.pid), machine.busy_s(GATEWAY_CORE),
                    machine.udp_drops(gateway.pid), machine.all_udp_drops(), time.monotonic())
        load.wait_line("measuring")
        lost_before, before = gateway.lost(), read()
        load.wait_line("measured")
        used, by_load, busy, n_dropped, n_all_dropped, passed_s = (now - then for now, then in zip(read(), before))
        n_lost_in, n_dropped_back = (now - then for now, then in zip(gateway.lost(), lost_before))
        usage = machine.count(gateway.pid)
        report = load.finish(FINISH_TIMEOUT_S)
    window = report["window"]
    n_back = sum(call["packets_received"] for call in report["calls"])
    loss = figures.loss_percent(window["packets_sent"], None if is_conversation else window["packets_received"],
                                max(n_dropped, n_lost_in), report["summary"]["packets_lost"] + n_dropped_back, n_back)
    n_ok = report["summary"]["ok"]
    return Talk(n_calls, n_ok, 100 * used / passed_s / max(n_ok, 1), median_of(report["calls"], "answer_ms"),
                window["ramped_ms"], window["probes"] or [], loss, window["gap_p99_ms"],
                *((usage[key] - idle[key]) / n_calls for key in ("threads", "fds", "private_kb")),
                100 * by_load / passed_s / len(OTHER_CORES), 100 * max(busy - used, 0) / passed_s,
                n_all_dropped - n_dropped, first_failure(report["calls"]))


def setups(start, n_calls, n_at_once=1, pause_ms=0):
    """n_calls, each until its first audio. Returns a Setups."""
    with running(start) as (gateway, _):
        before = machine.cpu_s(gateway.pid)
        load = Load(start.build_root, gateway.url, "--setups", n_calls, "--workers", n_at_once, "--pause", pause_ms)
        report = load.finish(FINISH_TIMEOUT_S)
        time.sleep(TEARDOWN_S)
        used = machine.cpu_s(gateway.pid) - before
    n_ok = report["summary"]["ok"]
    rate = figures.rate_per_s([call["finished_ms"] for call in report["calls"]])
    return Setups(n_calls, n_ok, 1000 * used / max(n_ok, 1), rate, median_of(report["calls"], "answer_ms"),
                  100 * report["cpu_s"] / report["elapsed_s"] / len(OTHER_CORES),
                  first_failure(report["calls"]))
