"""What scripts/bench calculates from its measurements (bench/figures.py)."""

import math
import unittest

import figures


class LatencyTest(unittest.TestCase):
    def test_probes_are_chosen_by_the_time_that_they_were_sent(self):
        probes = [[100, 10], [200, 20], [300, -1]]
        self.assertEqual(figures.latencies(probes, 100, 200), [10])
        self.assertEqual(figures.latencies(probes, 200), [20, math.inf])

    def test_a_lost_probe_is_infinitely_late(self):
        self.assertEqual(figures.median(figures.latencies([[0, 10], [1, -1], [2, -1]], 0)), math.inf)

    def test_no_value_has_no_median(self):
        self.assertIsNone(figures.median([]))
        self.assertIsNone(figures.median([None]))
        self.assertEqual(figures.median([None, 3, 1]), 2)

    def test_level_from_the_start(self):
        self.assertEqual(figures.level_after_s([[-500, 900], [100, 60], [2500, 20]], 0), 0)

    def test_level_again_after_the_last_second_above(self):
        probes = [[100, 900], [1100, 20], [2100, 61], [2200, 61], [2300, 20], [3100, 20]]
        self.assertEqual(figures.level_after_s(probes, 0), 3)

    def test_the_start_of_the_seconds_is_the_end_of_the_ramp(self):
        self.assertEqual(figures.level_after_s([[1900, 900], [2100, 20]], 1000), 1)

    def test_never_level(self):
        self.assertEqual(figures.level_after_s([[100, 20], [1100, -1]], 0), math.inf)
        self.assertIsNone(figures.level_after_s([[100, 20]], 200))


class LossTest(unittest.TestCase):
    def test_the_worst_direction_counts(self):
        self.assertEqual(figures.loss_percent(1000, 1000, 0, 0, 2000), 0)
        self.assertEqual(figures.loss_percent(1000, 1000, 20, 10, 1990), 2)
        self.assertEqual(figures.loss_percent(1000, 1000, 0, 20, 980), 2)
        self.assertAlmostEqual(figures.loss_percent(1000, 970, 20, 10, 1990), 3)

    def test_more_packets_than_sent_are_no_loss(self):
        self.assertEqual(figures.loss_percent(1000, 1001, 0, 0, 1001), 0)

    def test_a_gateway_that_may_be_silent_sends_fewer(self):
        self.assertEqual(figures.loss_percent(1000, None, 0, 0, 400), 0)

    def test_nothing_back_is_all_lost(self):
        self.assertEqual(figures.loss_percent(1000, 0, 0, 0, 0), 100)
        self.assertEqual(figures.loss_percent(0, 0, 0, 0, 10), 100)

    def test_what_holds(self):
        self.assertTrue(figures.holds(0.99, 60, 40, 40))
        self.assertFalse(figures.holds(1.0, 60, 40, 40))
        self.assertFalse(figures.holds(0.0, 61, 40, 40))
        self.assertTrue(figures.holds(0.0, 20, 98, 100))
        self.assertFalse(figures.holds(0.0, 20, 39, 40))

    def test_a_run_with_many_failed_calls_is_not_used(self):
        self.assertTrue(figures.is_usable(90, 100))
        self.assertFalse(figures.is_usable(89, 100))
        self.assertFalse(figures.is_usable(1, 2))

    def test_the_rate_is_that_of_nine_tenths(self):
        finished_ms = [100 * (i + 1) for i in range(9)] + [20000]
        self.assertAlmostEqual(figures.rate_per_s(finished_ms), 10)
        self.assertEqual(figures.rate_per_s([]), 0)


class SearchTest(unittest.TestCase):
    def find(self, limit, **keys):
        search, n_runs = figures.Search(60, **keys), 0
        while not search.is_over():
            search.add(search.next <= limit)
            n_runs += 1
            self.assertLess(n_runs, 40)
        return search

    def test_the_largest_that_holds_is_found_to_the_step(self):
        for limit in (1, 17, 59, 60, 61, 100, 143, 300):
            search = self.find(limit, step=4)
            self.assertLessEqual(search.low, limit)
            self.assertGreater(search.low + 4, limit - 1)
            self.assertGreater(search.high, limit)

    def test_one_failure_alone_does_not_count(self):
        search = figures.Search(60)
        search.add(False)
        self.assertEqual((search.next, search.high), (60, None))
        search.add(True)
        self.assertEqual((search.low, search.next), (60, 78))

    def test_it_ends_with_nothing_that_holds(self):
        self.assertEqual(self.find(-1, step=5).low, 0)

    def test_the_runs_that_are_left_become_fewer(self):
        search = figures.Search(60, step=4)
        before = search.n_left()
        search.add(True)
        search.add(False)
        search.add(False)
        self.assertLess(search.n_left(), before)
        self.assertEqual(self.find(100).n_left(), 0)


class RowTest(unittest.TestCase):
    def test_a_row_has_both_figures_and_their_ratio(self):
        self.assertEqual(figures.format_row("memory", 1, 2, "≤ 0.5").split(), ["memory", "1.00", "2.00", "0.50", "≤", "0.5"])

    def test_what_is_missing_or_never_has_no_ratio(self):
        self.assertEqual(figures.format_row("x", None, 2).split(), ["x", "-", "2.00"])
        self.assertEqual(figures.format_row("x", math.inf, 2).split(), ["x", "never", "2.00"])
        self.assertEqual(figures.format_row("x", 1, 0).split(), ["x", "1.00", "0.00"])


if __name__ == "__main__":
    unittest.main()
