#include "base/vgw-work-clock.h"

#include <check.h>

#include "run-suite.h"

#define PERCENT 5
#define BURST_US 100000
#define START_US G_GINT64_CONSTANT (1000000000)

START_TEST (a_burst_is_free_and_more_waits)
{
  VgwWorkClock clock = { 0 };

  for (int i = 0; i < 10; i++)
    ck_assert_int_le (vgw_work_clock_charge (&clock, START_US, BURST_US / 10, PERCENT, BURST_US), START_US);
  ck_assert_int_eq (vgw_work_clock_charge (&clock, START_US, 1000, PERCENT, BURST_US), START_US + 20000);
}
END_TEST

/* Whoever works whenever it is allowed gets his share, however long. */
START_TEST (work_without_end_gets_its_share)
{
  VgwWorkClock clock = { 0 };
  gint64 now_us = START_US, worked_us = 0;

  while (now_us < START_US + 100 * G_USEC_PER_SEC)
    {
      gint64 next_us = vgw_work_clock_charge (&clock, now_us + 8000, 8000, PERCENT, BURST_US);

      worked_us += 8000;
      now_us = MAX (now_us + 8000, next_us);
    }
  ck_assert_int_ge (worked_us, 5 * G_USEC_PER_SEC);
  ck_assert_int_le (worked_us, 5 * G_USEC_PER_SEC + BURST_US + 16000);
}
END_TEST

/* Many that share one clock are served one after the other, not all at the same moment. */
START_TEST (those_who_share_a_clock_wait_for_each_other)
{
  VgwWorkClock clock = { 0 };
  gint64 last_us = 0;

  vgw_work_clock_charge (&clock, START_US, BURST_US, 40, BURST_US);
  for (int i = 0; i < 48; i++)
    {
      gint64 next_us = vgw_work_clock_charge (&clock, START_US, 8000, 40, BURST_US);

      ck_assert_int_ge (next_us, last_us + 20000);
      last_us = next_us;
    }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("vgw-work-clock");
  TCase *tcase = tcase_create ("clock");

  tcase_add_test (tcase, a_burst_is_free_and_more_waits);
  tcase_add_test (tcase, work_without_end_gets_its_share);
  tcase_add_test (tcase, those_who_share_a_clock_wait_for_each_other);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
