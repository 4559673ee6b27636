"""What is calculated from measurements. Nothing here reads a file or a clock: tests/unit/bench_figures.py."""

import math
import statistics

LEVEL_MS = 60.0  # an echo that is heard later than that is noticed in a conversation
START_S = 1.0  # after the last call was set up
REST_S = 5.0  # from then on the echo should be level again
MAX_LOSS_PERCENT = 1.0
MAX_GAP_MS = 60
MIN_HELD = 0.98  # of the calls: connected, and to their end
MIN_USABLE = 0.9


def median(values):
    """None where there is no value. A lost probe is infinitely late."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def ratio(ours, theirs):
    return ours / theirs if ours is not None and theirs else None


def latencies(probes, from_ms, to_ms=math.inf):
    """Of [sent_ms, latency_ms] those sent in that time; a latency below 0 says that the probe did not come back."""
    return [late if late >= 0 else math.inf for sent, late in probes if from_ms <= sent < to_ms]


def level_after_s(probes, ramped_ms, limit_ms=LEVEL_MS):
    """Seconds from ramped_ms until the median of the latency in each following second is at most limit_ms; infinite where
    it is still above in the last one, None without probes."""
    seconds = {}
    for sent, late in probes:
        if sent >= ramped_ms:
            seconds.setdefault(int((sent - ramped_ms) // 1000), []).append(late if late >= 0 else math.inf)
    if not seconds:
        return None
    above = [second for second, values in seconds.items() if statistics.median(values) > limit_ms]
    if not above:
        return 0
    return math.inf if max(above) == max(seconds) else max(above) + 1


def loss_percent(n_sent, n_received, n_dropped_in, n_lost_back, n_back):
    """The worst of three shares, in percent: packets that the gateway did not get in time, of n_sent; packets missing
    between the sequence numbers of those that came back (n_back in all); and packets that came back fewer than were sent
    (n_received; None where a gateway may send fewer)."""
    if n_sent == 0 or n_back == 0:
        return 100.0
    n_missing = 0 if n_received is None else n_sent - n_received
    return 100 * max(0.0, n_dropped_in / n_sent, n_lost_back / (n_back + n_lost_back), n_missing / n_sent)


def rate_per_s(finished_ms, share=0.9):
    """Calls a second until that share of them was over: the last ones may wait for a lost packet, and then no others go on
    beside them."""
    n_calls = int(len(finished_ms) * share)
    return 1000 * n_calls / sorted(finished_ms)[n_calls - 1] if n_calls > 0 else 0.0


def is_usable(n_ok, n_calls):
    """Whether a run says what a call costs: a lost packet may keep single calls from connecting."""
    return n_ok >= MIN_USABLE * n_calls


def holds(loss, gap_p99_ms, n_ok, n_calls):
    return n_ok >= MIN_HELD * n_calls and loss < MAX_LOSS_PERCENT and gap_p99_ms <= MAX_GAP_MS


class Search:
    """Finds the largest number that holds: grows by a factor until one does not, then halves the interval. A number that
    does not hold is tried twice, since anything else on the machine can make it fail."""

    def __init__(self, start, growth=1.3, step=5):
        self.low, self.high = 0, None  # the largest that held, the smallest that did not
        self.next, self.growth, self.step = start, growth, step
        self.is_second_try = False

    def is_over(self):
        return self.high is not None and self.high - self.low <= self.step

    def add(self, does_hold):
        """The result for self.next; sets the following one."""
        if not does_hold and not self.is_second_try:
            self.is_second_try = True
            return
        self.is_second_try = False
        if does_hold:
            self.low = self.next
        else:
            self.high = self.next
        if self.high is None:
            self.next = math.ceil(self.next * self.growth)
        else:
            self.next = (self.low + self.high) // 2

    def n_left(self):
        """About how many runs are left."""
        width = (self.high - self.low) if self.high is not None else self.next * self.growth
        return 0 if self.is_over() else max(1, math.ceil(1.5 * math.log2(max(width / self.step, 2)))) + (self.high is None)


def format_number(value, digits=2):
    if value is None:
        return "-"
    return "never" if math.isinf(value) else f"{value:.{digits}f}"


def format_row(label, ours, theirs, goal="", digits=2, shows_ratio=True):
    """One line of the table: label, our figure, pion's, their ratio, the goal."""
    quotient = ratio(ours, theirs) if shows_ratio else None
    quotient = f"{quotient:.2f}" if quotient is not None and math.isfinite(quotient) else ""
    return (f"  {label:50} {format_number(ours, digits):>9} {format_number(theirs, digits):>9} {quotient:>7}  {goal}").rstrip()
