"""Lines that tell how far a measurement is, and the end of the time that it may take."""

import sys
import time


class Progress:
    def __init__(self, minutes):
        self.began = time.monotonic()
        self.ends = self.began + 60 * minutes
        self.expected_s = 0.0  # of the runs that are over, as estimated
        self.spent_s = 0.0  # by them

    def passed_s(self):
        return time.monotonic() - self.began

    def pace(self):
        """How much longer a run takes than estimated."""
        return max(self.spent_s / self.expected_s, 0.5) if self.expected_s > 0 else 1.0

    def has_time_for(self, expected_s):
        return time.monotonic() + expected_s * self.pace() <= self.ends

    def say(self, text, left_s=None):
        left = "" if left_s is None else f", about {left_s * self.pace() / 60:.0f} min left"
        print(f"{self.passed_s() / 60:5.1f} min  {text}{left}", file=sys.stderr, flush=True)

    def run(self, expected_s, function, *arguments):
        """Calls function, and learns how long it took."""
        began = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self.spent_s += time.monotonic() - began
            self.expected_s += expected_s
