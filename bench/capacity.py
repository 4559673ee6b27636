"""The most calls on a core: for both gateways, by searching."""

import dataclasses

import figures
import runs

FIRST_CALLS = 60


@dataclasses.dataclass
class Side:
    """The search of one gateway."""

    start: runs.Start
    search: figures.Search
    tried: list = dataclasses.field(default_factory=list)  # (number of calls, whether they held, Talk.describe ())

    def step(self, window_s):
        n_calls = self.search.next
        try:
            talk = runs.talk(self.start, n_calls, window_s)
            does_hold = figures.holds(talk.loss_percent, talk.gap_p99_ms, talk.n_ok, n_calls)
            text = talk.describe()
        except runs.FAILURES as error:
            does_hold, text = False, f"FAILED: {error}"
        self.tried.append((n_calls, does_hold, text))
        self.search.add(does_hold)
        return f"{self.start.key}, {n_calls} calls: {'held' if does_hold else 'NOT held'}; {text}"


def left_s(sides, window_s):
    return sum(side.search.n_left() * runs.talk_s(side.search.next, window_s) for side in sides)


def expected_s(window_s, step):
    """About how long find () takes, before it has begun."""
    search = figures.Search(FIRST_CALLS, step=step)
    return 2 * (search.n_left() + 1) * runs.talk_s(2 * FIRST_CALLS, window_s)


def find(starts, window_s, step, progress):
    """Both searches take turns, so that what disturbs one disturbs the other. Ends early when the time is over; then a
    Search is not over, and its `low` is what held so far. Returns the sides."""
    sides = [Side(start, figures.Search(FIRST_CALLS, step=step)) for start in starts]
    while True:
        open_sides = [side for side in sides if not side.search.is_over()]
        cost_s = [runs.talk_s(side.search.next, window_s) for side in open_sides]
        if not open_sides or not progress.has_time_for(sum(cost_s)):
            return sides
        for side, expected in zip(open_sides, cost_s):
            text = progress.run(expected, side.step, window_s)
            progress.say(f"capacity: {text}", left_s(sides, window_s))
