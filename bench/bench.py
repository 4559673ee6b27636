"""What a call costs, next to a gateway in Go; what a bot behind the gateway costs; and what is left after many calls.
scripts/bench runs this."""

import argparse
import dataclasses
import datetime
import os
import pathlib
import sys
import tempfile

import machine

SOURCE_ROOT = pathlib.Path(__file__).resolve().parent.parent
SPARE_THREADS = 4  # that GLib's pools and Go's runtime keep once they have them
CHURN_WARM_CALLS = 400  # until the allocator holds what this many at once leave in it, and no more comes
CHURN_RAMP_MS = 60
CHURN_CALL_S = 1
CHURN_MAX_GROWTH_KB = 2048


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--build", default="build", help="build directory of the programs (default build)")
    parser.add_argument("--quick", action="store_true", help="every row in 10 minutes: one round, short windows")
    parser.add_argument("--capacity", action="store_true", help="only the most calls on a core")
    parser.add_argument("--minutes", type=float, help="when to stop (default 60, with --quick 10)")
    parser.add_argument("--rounds", type=int, help="runs for each median (default 3, with --quick 1)")
    parser.add_argument("--churn", type=int, metavar="N", help="instead: make N short calls, then count what remains")
    parser.add_argument("--engines", action="store_true", help="instead: many calls with a bot, its delay, barge-in")
    parser.add_argument("--calls", type=int, default=100, help="with --engines: number of calls (default 100)")
    parser.add_argument("--window", type=float, default=12, help="with --engines: seconds of the load (default 12)")
    parser.add_argument("--callers", choices=("own", "pion"), default="own",
                        help="with --engines: voice-gateway-call (own), or bench/pion/load, which needs less CPU (pion)")
    parser.add_argument("--runs", type=int, default=28, help="with --engines: calls for each median of a delay (default 28)")
    parser.add_argument("--output", help="file for the table (default bench/results/DATE-RELEASE.txt)")
    return parser.parse_args()


arguments = parse_arguments()
build_root = SOURCE_ROOT / arguments.build
os.environ["VGW_TEST_SOURCE_ROOT"] = str(SOURCE_ROOT)
os.environ["VGW_TEST_BUILD_ROOT"] = str(build_root)
sys.path.insert(0, str(SOURCE_ROOT / "tests" / "integration"))
import harness  # noqa: E402  (needs the environment above)


def wait_settled(gateway, idle_threads):
    """Until the threads of the last calls have gone."""
    harness.wait_for(lambda: machine.count(gateway.pid)["threads"] <= idle_threads, 30,
                     "the threads of ended calls are gone")


def run_comparison():
    import comparison  # these need the environment above
    import conditions
    import gateways
    import table
    scale = comparison.QUICK if arguments.quick else comparison.FULL
    scale = dataclasses.replace(scale, **{name: value for name in ("minutes", "rounds")
                                          if (value := getattr(arguments, name)) is not None})
    gateways.leave_core()
    for program in ("gateway", "load"):
        gateways.build_pion(program, build_root)
    head = conditions.check(scale)
    measured = comparison.Comparison(build_root, scale)
    measured.progress.say(f"at most {scale.minutes:.0f} min", measured.expected_s(arguments.capacity))
    result = table.Table(measured)
    try:
        if arguments.capacity:
            measured.run_capacity()
        else:
            measured.run()
    except KeyboardInterrupt:
        measured.is_complete = False
    write_result(result.format_search(head) if arguments.capacity else result.format(head))
    return 0 if measured.is_complete else 1


def churn(gateway, n_calls):
    result = harness.call(gateway.url, "--calls", n_calls, "--ramp", CHURN_RAMP_MS, "--duration", CHURN_CALL_S,
                          timeout_s=60 + n_calls * CHURN_RAMP_MS / 1000 * 3)
    return result.summary["ok"]


def run_churn():
    gateway = harness.Gateway(log__level="info", limits__max_sessions=0, limits__max_sessions_per_address=0,
                              media__adapt_complexity="false")
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
        text, is_good = engines.run_all(directory, arguments.calls, arguments.window, arguments.runs,
                                        arguments.callers, build_root)
    write_result(text)
    return 0 if is_good else 1


def write_result(text):
    modes = ("churn", "engines", "capacity", "quick")
    kind = "".join(f"-{mode}" for mode in modes if getattr(arguments, mode))
    name = f"{datetime.date.today()}-{machine.release()}{kind}.txt"
    path = pathlib.Path(arguments.output) if arguments.output else SOURCE_ROOT / "bench" / "results" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(text)
    print(f"written to {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run_engines() if arguments.engines else run_churn() if arguments.churn else run_comparison())
