#include "app/vgw-load-watch.h"

#include <check.h>

#include "run-suite.h"

static const VgwLoadReading START = { .ticks = 1000, .late_ticks = 100, .kernel_dropped = 7 };

START_TEST (what_came_before_does_not_count)
{
  ck_assert_ptr_null (vgw_load_judge (&START, &START));
}
END_TEST

START_TEST (one_late_frame_in_a_hundred_is_let_pass)
{
  VgwLoadReading now = { .ticks = 2000, .late_ticks = 110, .kernel_dropped = 7 };
  g_autofree char *words = NULL;

  ck_assert_ptr_null (vgw_load_judge (&START, &now));
  now.late_ticks++;
  words = vgw_load_judge (&START, &now);
  ck_assert_str_eq (words, "11 of 1000 frames were sent 20 ms late or more, and the kernel dropped 0 received packets");
}
END_TEST

START_TEST (a_late_frame_at_the_start_of_a_call_says_nothing)
{
  VgwLoadReading one_second = { .ticks = 1050, .late_ticks = 101, .kernel_dropped = 7 };
  VgwLoadReading bad_start = { .ticks = 1499, .late_ticks = 150, .kernel_dropped = 7 };
  VgwLoadReading ten_seconds = { .ticks = 1500, .late_ticks = 105, .kernel_dropped = 7 };
  VgwLoadReading still_bad = { .ticks = 1500, .late_ticks = 150, .kernel_dropped = 7 };
  g_autofree char *words = NULL;

  ck_assert_ptr_null (vgw_load_judge (&START, &one_second));
  ck_assert (!vgw_load_is_enough (&START, &one_second));
  ck_assert_ptr_null (vgw_load_judge (&START, &bad_start));
  ck_assert (!vgw_load_is_enough (&START, &bad_start));

  ck_assert (vgw_load_is_enough (&START, &ten_seconds));
  ck_assert_ptr_null (vgw_load_judge (&START, &ten_seconds));
  words = vgw_load_judge (&START, &still_bad); /* what was not judged then is judged now */
  ck_assert_ptr_nonnull (words);
}
END_TEST

START_TEST (a_packet_that_the_kernel_dropped_is_too_many)
{
  VgwLoadReading now = { .ticks = 2000, .late_ticks = 100, .kernel_dropped = 8 };
  g_autofree char *words = vgw_load_judge (&START, &now);

  ck_assert (vgw_load_is_enough (&START, &now));
  ck_assert_str_eq (words, "0 of 1000 frames were sent 20 ms late or more, and the kernel dropped 1 received packets");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-load-watch");
  TCase *tcase = tcase_create ("judge");

  tcase_add_test (tcase, what_came_before_does_not_count);
  tcase_add_test (tcase, one_late_frame_in_a_hundred_is_let_pass);
  tcase_add_test (tcase, a_late_frame_at_the_start_of_a_call_says_nothing);
  tcase_add_test (tcase, a_packet_that_the_kernel_dropped_is_too_many);
  suite_add_tcase (suite, tcase);
  return suite;
}
