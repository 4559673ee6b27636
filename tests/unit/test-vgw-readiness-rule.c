#include "app/vgw-readiness-rule.h"

#include <check.h>

#include "run-suite.h"

#define LAG_US (300 * G_TIME_SPAN_MILLISECOND)

static const VgwReadinessSecond calm = { .loop_lag_us = 10 * G_TIME_SPAN_MILLISECOND, .n_frames = 1000, .n_late = 10 };
static const VgwReadinessSecond blocked = { .loop_lag_us = LAG_US };
static const VgwReadinessSecond choppy = { .n_frames = 1000, .n_late = 80 };
static const VgwReadinessSecond one_late_frame = { .n_frames = 10, .n_late = 1 };

static void
step (VgwReadinessRule *rule, const VgwReadinessSecond *second, guint n)
{
  while (n-- > 0)
    vgw_readiness_rule_step (rule, second);
}

START_TEST (it_is_late_after_three_seconds_and_again_ready_after_ten)
{
  const VgwReadinessSecond *const lags[] = { &blocked, &choppy };

  for (guint i = 0; i < G_N_ELEMENTS (lags); i++)
    {
      VgwReadinessRule rule = { 0 };

      step (&rule, &calm, 5);
      step (&rule, lags[i], 2);
      ck_assert (!rule.is_late);
      step (&rule, &calm, 1);
      step (&rule, lags[i], 2);
      ck_assert (!rule.is_late);
      step (&rule, lags[i], 1);
      ck_assert (rule.is_late);
      step (&rule, &calm, 9);
      ck_assert (rule.is_late);
      step (&rule, lags[i], 1);
      step (&rule, &calm, 9);
      ck_assert (rule.is_late);
      step (&rule, &calm, 1);
      ck_assert (!rule.is_late);
    }
}
END_TEST

START_TEST (a_late_frame_among_few_is_none)
{
  VgwReadinessRule rule = { 0 };

  step (&rule, &one_late_frame, 20);
  ck_assert (!rule.is_late);
}
END_TEST

static gboolean
is_full (VgwReadinessRule *rule, guint n_sessions, guint max_sessions)
{
  vgw_readiness_rule_count (rule, n_sessions, max_sessions);
  return rule->is_full;
}

START_TEST (it_is_full_until_a_twentieth_is_free_again)
{
  VgwReadinessRule rule = { 0 };

  ck_assert (!is_full (&rule, 99, 100));
  ck_assert (is_full (&rule, 100, 100));
  ck_assert (is_full (&rule, 96, 100));
  ck_assert (!is_full (&rule, 95, 100));
  ck_assert (!is_full (&rule, 99, 100));
  ck_assert (is_full (&rule, 1, 1));
  ck_assert (!is_full (&rule, 0, 1));
  ck_assert (is_full (&rule, 120, 100)); /* after a reload with less */
  ck_assert (!is_full (&rule, 120, 0));
}
END_TEST

START_TEST (a_refusal_for_lack_of_descriptors_counts_for_ten_seconds)
{
  const VgwReadinessSecond refusing = { .n_refused = 1 };
  VgwReadinessRule rule = { 0 };

  step (&rule, &calm, 5);
  ck_assert_uint_eq (rule.n_refusing_s, 0);
  step (&rule, &refusing, 1);
  step (&rule, &calm, 9);
  ck_assert_uint_gt (rule.n_refusing_s, 0);
  step (&rule, &refusing, 1);
  step (&rule, &calm, 9);
  ck_assert_uint_gt (rule.n_refusing_s, 0);
  step (&rule, &calm, 1);
  ck_assert_uint_eq (rule.n_refusing_s, 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-readiness-rule");
  TCase *tests = tcase_create ("all");

  tcase_add_test (tests, it_is_late_after_three_seconds_and_again_ready_after_ten);
  tcase_add_test (tests, a_late_frame_among_few_is_none);
  tcase_add_test (tests, it_is_full_until_a_twentieth_is_free_again);
  tcase_add_test (tests, a_refusal_for_lack_of_descriptors_counts_for_ten_seconds);
  suite_add_tcase (suite, tests);
  return suite;
}
