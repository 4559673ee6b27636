"""What scripts/bench measures: every row with both gateways, in alternating order. table.py shows it."""

import dataclasses
import functools

import capacity
import figures
import runs
from gateways import PionGateway, VoiceGateway
from progress import Progress
from runs import Start

TALK_CALLS = (2, 10, 40, 80, 100)
CPU_CALLS = (10, 40, 80, 100)
LATENCY_CALLS = (2, 10, 40)
CROWDED_CALLS = (80, 100)
MEMORY_CALLS = 40
N_SETUPS = 400


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long everything takes."""

    window_s: float
    rounds: int
    capacity_window_s: float
    capacity_step: int
    minutes: float


FULL = Scale(12, 3, 15, 4, 60)
QUICK = Scale(5, 1, 5, 10, 10)


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is measured of each gateway in a round."""

    key: tuple
    label: str
    expected_s: float
    starts: tuple
    measure: object  # of a Start


def make_cells(build_root, scale):
    ours, pion = (Start("voice-gateway", VoiceGateway, build_root), Start("pion", PionGateway, build_root))
    quiet_ours = Start("voice-gateway", VoiceGateway, build_root, True)
    asking_ours = Start("voice-gateway, DTX", functools.partial(VoiceGateway, asks_for_dtx=True), build_root, True)
    quiet_pion = Start("pion", PionGateway, build_root, True)
    echoing_pion = Start("pion, never silent", PionGateway, build_root)
    one_by_one = functools.partial(runs.setups, n_calls=runs.N_ONE_BY_ONE, pause_ms=runs.ONE_BY_ONE_PAUSE_MS)
    churn = functools.partial(runs.setups, n_calls=N_SETUPS, n_at_once=runs.SETUPS_AT_ONCE)
    cells = [Cell(("talk", n), f"{n} calls", runs.talk_s(n, scale.window_s), (ours, pion),
                  functools.partial(runs.talk, n_calls=n, window_s=scale.window_s)) for n in TALK_CALLS]
    cells += [Cell(("conversation", n), f"conversation, {n} calls", runs.talk_s(n, scale.window_s),
                   (quiet_ours, quiet_pion, asking_ours, echoing_pion),
                   functools.partial(runs.talk, n_calls=n, window_s=scale.window_s, is_conversation=True))
              for n in CPU_CALLS]
    return cells + [Cell(("one by one",), "calls one by one", runs.OVERHEAD_S + 10, (ours, pion), one_by_one),
                    Cell(("setups",), "setups", runs.OVERHEAD_S + 8, (ours, pion), churn)]


class Comparison:
    """Measures, and keeps all results."""

    def __init__(self, build_root, scale):
        self.scale = scale
        self.cells = make_cells(build_root, scale)
        self.results = {}  # (cell key, gateway's key) → list of Talk or Setups
        self.lines = []  # of each run, for the end of the table
        self.sides = []  # of the search for the capacity
        self.is_complete = True
        self.n_unused = 0  # runs that failed, or too many of their calls
        self.progress = Progress(scale.minutes)

    def round_s(self):
        return sum(cell.expected_s * len(cell.starts) for cell in self.cells)

    def note(self, text, left_s):
        self.lines.append(text)
        self.progress.say(text, left_s)

    def measure(self, cell, start, number, left_s):
        name = f"round {number}, {cell.label}, {start.key}"
        try:
            result = self.progress.run(cell.expected_s, cell.measure, start)
        except runs.FAILURES as error:
            self.n_unused += 1
            self.note(f"{name}: FAILED: {error}", left_s)
            return
        is_usable = figures.is_usable(result.n_ok, result.n_calls)
        if is_usable:
            self.results.setdefault((cell.key, start.key), []).append(result)
        else:
            self.n_unused += 1
        self.note(f"{name}: {'' if is_usable else 'NOT USED: '}{result.describe()}", left_s)

    def run_round(self, number, reserved_s):
        """reserved_s: of what follows it."""
        left_s = reserved_s + self.round_s()
        for cell in self.cells:
            for start in cell.starts if number % 2 else reversed(cell.starts):
                left_s -= cell.expected_s
                if not self.progress.has_time_for(cell.expected_s):
                    self.is_complete = False
                    continue
                self.measure(cell, start, number, left_s)

    def run(self):
        """The search comes after the first round, so that a time that is over before the others has every row."""
        search_s = capacity.expected_s(self.scale.capacity_window_s, self.scale.capacity_step)
        n_more = self.scale.rounds - 1
        self.run_round(1, search_s + n_more * self.round_s())
        self.run_capacity()
        for number in range(2, self.scale.rounds + 1):
            self.run_round(number, (self.scale.rounds - number) * self.round_s())

    def expected_s(self, only_capacity):
        search_s = capacity.expected_s(self.scale.capacity_window_s, self.scale.capacity_step)
        return search_s + (0 if only_capacity else self.scale.rounds * self.round_s())

    def run_capacity(self):
        starts = self.cells[0].starts
        self.sides = capacity.find(starts, self.scale.capacity_window_s, self.scale.capacity_step, self.progress)
        self.is_complete = self.is_complete and all(side.search.is_over() for side in self.sides)
        self.lines += [f"capacity, {side.start.key}, {n_calls} calls: {'held' if does_hold else 'not held'}: {text}"
                       for side in self.sides for n_calls, does_hold, text in side.tried]
