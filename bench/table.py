"""The table of scripts/bench, made of the results of a comparison."""

import figures
import runs
from comparison import CPU_CALLS, CROWDED_CALLS, LATENCY_CALLS, MEMORY_CALLS
from figures import format_row

MAX_LOAD_PERCENT = 85  # of the callers' cores: beyond it they may be what is slow
MAX_FOREIGN_PERCENT = 5  # of the gateway's core


class Table:
    def __init__(self, comparison):
        self.comparison = comparison

    def value(self, key, gateway, of):
        """The median over the rounds of a figure of each result."""
        return figures.median(of(result) for result in self.comparison.results.get((key, gateway), []))

    def row(self, label, key, of, goal="", digits=2, ours="voice-gateway", theirs="pion"):
        return format_row(label, self.value(key, ours, of), self.value(key, theirs, of), goal, digits)

    def format_cpu(self):
        lines = ["CPU of a call, Opus both ways at 16 kHz, complexity 5, % of a core"]
        lines += [self.row(f"{n} calls", ("talk", n), lambda talk: talk.cpu_percent, "ratio ≤ 0.8") for n in CPU_CALLS]
        lines += ["", "The same where each side speaks 40 % of the time, % of a core"]
        lines += [self.row(f"{n} calls", ("conversation", n), lambda talk: talk.cpu_percent, "ratio ≤ 0.5")
                  for n in CPU_CALLS]
        lines += [self.row(f"{n} calls, the callers asked for DTX", ("conversation", n), lambda talk: talk.cpu_percent, "",
                           ours="voice-gateway, DTX") for n in CPU_CALLS]
        lines += [self.row(f"{n} calls, pion sends its silence too", ("conversation", n), lambda talk: talk.cpu_percent, "",
                           theirs="pion, never silent") for n in CPU_CALLS]
        return lines + [""]

    def format_setups(self):
        return ["Setups",
                self.row("CPU of a setup and teardown, ms", ("setups",), lambda result: result.cpu_ms, "≤ 4"),
                self.row("setups a second", ("setups",), lambda result: result.per_s, "more than pion", 0),
                self.row("dial → answer p50, one by one, ms", ("one by one",), lambda result: result.answer_ms, "≤ 3", 1),
                self.row("… while 40 calls come 30 ms apart, ms", ("talk", 40), lambda talk: talk.answer_ms, "≤ 5", 1),
                self.row("… while 100 calls come 30 ms apart, ms", ("talk", 100), lambda talk: talk.answer_ms, "≤ 10", 1), ""]

    def format_latency(self):
        def settled(talk):
            return figures.median(figures.latencies(talk.probes, talk.ramped_ms + 1000 * runs.SETTLE_S))

        def at_start(talk):
            return figures.median(figures.latencies(talk.probes, talk.ramped_ms,
                                                    talk.ramped_ms + 1000 * figures.START_S))

        def rest(talk):
            return figures.median(figures.latencies(talk.probes, talk.ramped_ms + 1000 * figures.REST_S))
        lines = ["Echo latency p50, ms (13 of them are the codec's)"]
        lines += [self.row(f"{n} calls", ("talk", n), settled, "≤ 20", 1) for n in LATENCY_CALLS]
        for n in CROWDED_CALLS:
            lines += [self.row(f"{n} calls set up 30 ms apart: the first second", ("talk", n), at_start, "", 1),
                      self.row("… from 5 s on", ("talk", n), rest, "≤ 60", 1),
                      self.row("… seconds until it stays below 60 ms", ("talk", n),
                               lambda talk: figures.level_after_s(talk.probes, talk.ramped_ms), "≤ 5", 0)]
        return lines + [""]

    def format_memory(self):
        key = ("talk", MEMORY_CALLS)
        return [f"Of a call, at {MEMORY_CALLS} calls",
                self.row("private memory, MB", key, lambda talk: talk.private_kb / 1024, "≤ 0.5"),
                self.row("threads", key, lambda talk: talk.threads, "≤ 1", 1),
                self.row("open files", key, lambda talk: talk.fds, "", 1), ""]

    def format_capacity(self):
        if not self.comparison.sides:
            return []
        ours, pion = (side.search.low or None for side in self.comparison.sides)
        lines = ["The most calls on a core", format_row("loss < 1 %, gap p99 ≤ 60 ms", ours, pion, "ratio ≥ 1.3", 0)]
        lines += [f"  ({side.start.key}: the search was not over; {side.search.low} held, "
                  f"{'none failed' if side.search.high is None else f'{side.search.high} did not'})"
                  for side in self.comparison.sides if not side.search.is_over()]
        return lines + [""]

    def format_warnings(self):
        results = [result for values in self.comparison.results.values() for result in values]
        talks = [result for result in results if isinstance(result, runs.Talk)]
        n_slow = sum(result.load_percent > MAX_LOAD_PERCENT for result in results)
        n_disturbed = sum(talk.foreign_percent > MAX_FOREIGN_PERCENT for talk in talks)
        n_lossy = sum(talk.loss_percent >= figures.MAX_LOSS_PERCENT for talk in talks)
        n_dropped = sum(talk.lost_by_load > 0 for talk in talks)
        warnings = [(not self.comparison.is_complete, "not everything was measured: the time was over (--minutes)"),
                    (self.comparison.n_unused, f"{self.comparison.n_unused} runs failed, or more than 10 % of their calls: see below"),
                    (n_lossy, f"in {n_lossy} runs {figures.MAX_LOSS_PERCENT:.0f} % or more was lost: their CPU is too low"),
                    (n_slow, f"in {n_slow} runs the callers used more than {MAX_LOAD_PERCENT} % of their cores, so they may"
                             " have been what was slow"),
                    (n_disturbed, f"in {n_disturbed} runs other programs used more than {MAX_FOREIGN_PERCENT} % of the "
                                  "gateway's core"),
                    (n_dropped, f"in {n_dropped} runs sockets other than the gateway's dropped packets")]
        return [f"WARNING: {text}" for is_true, text in warnings if is_true]

    def format_search(self, head):
        """Of the search for the capacity alone."""
        lines = [*head, "", format_columns(), *self.format_capacity(), "Every run:", *self.comparison.lines]
        return "\n".join(lines) + "\n"

    def format(self, head):
        lines = [*head, *self.format_warnings(), "", format_columns()]
        for part in (self.format_cpu, self.format_setups, self.format_latency, self.format_memory, self.format_capacity):
            lines += part()
        return "\n".join([*lines, "Every run:", *self.comparison.lines]) + "\n"


def format_columns():
    return f"  {'median of the rounds':50} {'v.-gateway':>9} {'pion':>9} {'ratio':>7}  goal"
