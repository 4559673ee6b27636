"""What a call costs, next to a gateway in Go; what a bot behind the gateway costs; and what is left after many calls.
scripts/bench runs this."""

import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import machine

SOURCE_ROOT = pathlib.Path(__file__).resolve().parent.parent
SETTLE_S = 2.0  # after the last call has started, before measuring
SPARE_THREADS = 4  # that GLib's pools and Go's runtime keep once they have them
CHURN_WARM_CALLS = 400  # until the allocator holds what this many at once leave in it, and no more comes
CHURN_RAMP_MS = 60
CHURN_CALL_S = 1
CHURN_MAX_GROWTH_KB = 2048


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--build", default="build", help="build directory of the programs (default build)")
    parser.add_argument("--calls", help="numbers of calls (default 1,10,40); with --engines one number (default 100)")
    parser.add_argument("--window", type=float, default=12, help="seconds of each measurement (default 12)")
    parser.add_argument("--churn", type=int, metavar="N", help="instead: make N short calls, then count what remains")
    parser.add_argument("--engines", action="store_true", help="instead: many calls with a bot, its delay, barge-in")
    parser.add_argument("--callers", choices=("own", "pion"), default="own",
                        help="with --engines: voice-gateway-call (own), or bench/pion/load, which needs less CPU (pion)")
    parser.add_argument("--runs", type=int, default=28, help="with --engines: calls for each median of a delay (default 28)")
    parser.add_argument("--output", help="file for the table (default bench/results/DATE.txt)")
    return parser.parse_args()


arguments = parse_arguments()
build_root = SOURCE_ROOT / arguments.build
os.environ["VGW_TEST_SOURCE_ROOT"] = str(SOURCE_ROOT)
os.environ["VGW_TEST_BUILD_ROOT"] = str(build_root)
sys.path.insert(0, str(SOURCE_ROOT / "tests" / "integration"))
import harness  # noqa: E402  (needs the environment above)


class PionGateway:
    """bench/pion/gateway with the few members of harness.Gateway that are used here."""

    def __init__(self):
        program = build_root / "pion-gateway"
        subprocess.run([SOURCE_ROOT / "bench/pion/build", "gateway", program, build_root / "go"], check=True)
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid
        self.url = self.process.stdout.readline().split("url=", 1)[1].strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def start_ours():
    return harness.Gateway(log__level="info", limits__max_sessions=0, limits__max_sessions_per_address=0,
                           media__adapt_complexity="false")  # the same work as the other gateway, whatever it costs


def measure(gateway, idle, n_calls):
    """One load on a running gateway; returns the figures per call."""
    ramp_ms = 100
    start_s = n_calls * ramp_ms / 1000 + SETTLE_S
    load = harness.Call(gateway.url, "--audio-only", "--calls", n_calls, "--ramp", ramp_ms, "--duration",
                        round(start_s + arguments.window + 3, 1))
    time.sleep(start_s + 1)  # for the load's own start
    before_cpu, before = machine.cpu_s(gateway.pid), time.monotonic()
    time.sleep(arguments.window)
    used = (machine.cpu_s(gateway.pid) - before_cpu) / (time.monotonic() - before)
    busy = machine.count(gateway.pid)
    result = load.finish(timeout_s=arguments.window + start_s + 60)
    connected = [call for call in result.calls if call["dtls_ms"] is not None]
    if len(connected) < n_calls or result.status != 0:
        print(f"only {result.summary['ok']} of {n_calls} calls succeeded: {result.errors}", file=sys.stderr)
    middle = sorted(call["answer_ms"] - call["offer_ms"] for call in connected)[len(connected) // 2]
    setup = sorted(call["dtls_ms"] - call["offer_ms"] for call in connected)[len(connected) // 2]
    figures = {key: (busy[key] - idle[key]) / n_calls for key in idle}
    figures.update(cpu=100 * used / n_calls, answer_ms=middle, setup_ms=setup, lost=result.summary["packets_lost"])
    return figures


def wait_settled(gateway, idle_threads):
    """Until the threads of the last calls have gone."""
    harness.wait_for(lambda: machine.count(gateway.pid)["threads"] <= idle_threads, 30,
                     "the threads of ended calls are gone")


def measure_gateway(name, start):
    """Each number of calls on a gateway of its own: malloc keeps what ended calls had, and would hide the cost."""
    rows = {}
    for n_calls in map(int, (arguments.calls or "1,10,40").split(",")):
        print(f"{name}: {n_calls} calls …", file=sys.stderr, flush=True)
        gateway = start()
        try:
            idle_threads = machine.count(gateway.pid)["threads"]
            harness.call(gateway.url, "--audio-only", "--duration", 2)  # plugins, certificate, pools
            wait_settled(gateway, idle_threads + SPARE_THREADS)
            rows[n_calls] = measure(gateway, machine.count(gateway.pid), n_calls)
        finally:
            gateway.stop()
    return rows


def format_table(ours, pion):
    lines = [f"Per call; Opus both ways at 16 kHz, complexity 5, audio only. {machine.describe()}.",
             "The load runs on the same machine. Setup: from the offer sent to DTLS connected, seen by the caller.",
             "Memory: growth over a gateway that has had one call, so that one more call seems to cost nothing.", "",
             "calls  gateway          CPU %  ratio  threads   fds  private MB  answer ms  setup ms  lost"]
    for n_calls in ours:
        for name, row in (("voice-gateway", ours[n_calls]), ("pion + libopus", pion[n_calls])):
            ratio = row["cpu"] / pion[n_calls]["cpu"] if pion[n_calls]["cpu"] else float("nan")
            lines.append(f"{n_calls:5}  {name:15} {row['cpu']:6.2f} {ratio:6.2f} {row['threads']:8.1f} {row['fds']:5.1f}"
                         f" {row['private_kb'] / 1024:11.2f} {row['answer_ms']:10.1f} {row['setup_ms']:9.1f}"
                         f" {row['lost']:5}")
    return "\n".join(lines) + "\n"


def run_costs():
    ours = measure_gateway("voice-gateway", start_ours)
    pion = measure_gateway("pion", PionGateway)
    write_result(format_table(ours, pion))


def churn(gateway, n_calls):
    result = harness.call(gateway.url, "--calls", n_calls, "--ramp", CHURN_RAMP_MS, "--duration", CHURN_CALL_S,
                          timeout_s=60 + n_calls * CHURN_RAMP_MS / 1000 * 3)
    return result.summary["ok"]


def run_churn():
    gateway = start_ours()
    try:
        idle_threads = gateway.usage()["threads"]
        churn(gateway, CHURN_WARM_CALLS)
        wait_settled(gateway, idle_threads + SPARE_THREADS)
        before = gateway.usage()
        n_ok = churn(gateway, arguments.churn)
        wait_settled(gateway, before["threads"])
        after = gateway.usage()
    finally:
        status, complaints = gateway.stop()
    if status != 0 or complaints:
        print(f"the gateway ended with status {status}:\n{complaints[:2000]}", file=sys.stderr)
    lines = [f"{arguments.churn} calls of {CHURN_CALL_S} s with a data channel, one each {CHURN_RAMP_MS} ms; "
             f"{n_ok} had audio. {machine.describe()}.", ""]
    lines += [f"{key:8} {before[key]:8} before {after[key]:8} after {after[key] - before[key]:+8}" for key in before]
    write_result("\n".join(lines) + "\n")
    has_grown = after["rss_kb"] - before["rss_kb"] > CHURN_MAX_GROWTH_KB
    is_left = after["threads"] > before["threads"] or after["fds"] > before["fds"]
    return 1 if has_grown or is_left or n_ok < arguments.churn or status != 0 or complaints else 0


def run_engines():
    import engines  # not before there is a harness, and only here is more than numpy needed
    with tempfile.TemporaryDirectory(prefix="vgw-bench-") as directory:
        text, is_good = engines.run_all(directory, int(arguments.calls or 100), arguments.window, arguments.runs,
                                        arguments.callers, build_root)
    write_result(text)
    return 0 if is_good else 1


def write_result(text):
    kind = "-churn" if arguments.churn else "-engines" if arguments.engines else ""
    name = f"{datetime.date.today()}{kind}.txt"
    path = pathlib.Path(arguments.output) if arguments.output else SOURCE_ROOT / "bench" / "results" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(text)
    print(f"written to {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run_engines() if arguments.engines else run_churn() if arguments.churn else run_costs())
