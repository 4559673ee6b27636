#include "base/vgw-token-bucket.h"

#include <check.h>

#include "run-suite.h"

#define PER_SECOND 50u
#define BURST 250u

static guint
take_all (VgwTokenBucket *bucket, gint64 now_us)
{
  guint n = 0;

  while (n < 10000 && vgw_token_bucket_take (bucket, 1, PER_SECOND, BURST, now_us))
    n++;
  return n;
}

START_TEST (a_burst_and_then_the_rate)
{
  VgwTokenBucket bucket = { 0 };

  ck_assert_uint_eq (take_all (&bucket, 5), BURST);
  ck_assert_uint_eq (take_all (&bucket, 5), 0);
  ck_assert_uint_eq (take_all (&bucket, 5 + G_USEC_PER_SEC), PER_SECOND);
  ck_assert_uint_eq (take_all (&bucket, 5 + 11 * (gint64) G_USEC_PER_SEC), BURST);
  ck_assert_uint_eq (take_all (&bucket, G_MAXINT64), BURST);
  ck_assert_uint_eq (take_all (&bucket, 5), 0); /* a clock that goes back */
}
END_TEST

START_TEST (fractions_add_up)
{
  VgwTokenBucket bucket = { 0 };
  guint n = take_all (&bucket, 1) - BURST;

  for (gint64 now_us = 1; now_us <= G_USEC_PER_SEC; now_us += 1000)
    n += take_all (&bucket, now_us);
  ck_assert_uint_ge (n, PER_SECOND - 1);
  ck_assert_uint_le (n, PER_SECOND);
}
END_TEST

START_TEST (what_is_more_than_there_is_takes_nothing)
{
  VgwTokenBucket bucket = { 0 };

  ck_assert (!vgw_token_bucket_take (&bucket, BURST + 1, PER_SECOND, BURST, 5));
  ck_assert (vgw_token_bucket_take (&bucket, BURST, PER_SECOND, BURST, 5));
  ck_assert (vgw_token_bucket_take (&bucket, 0, PER_SECOND, BURST, 5));
}
END_TEST

#define WORK_PER_SECOND 50000u /* µs, 5 % */
#define WORK_BURST_US 100000u
#define START_US G_GINT64_CONSTANT (1000000000)

START_TEST (a_burst_of_work_is_free_and_more_waits)
{
  VgwTokenBucket bucket = { 0 };

  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (vgw_token_bucket_charge (&bucket, WORK_BURST_US / 10, WORK_PER_SECOND, WORK_BURST_US, START_US),
                      0);
  ck_assert_int_eq (vgw_token_bucket_charge (&bucket, 1000, WORK_PER_SECOND, WORK_BURST_US, START_US), 20000);
  ck_assert (!vgw_token_bucket_take (&bucket, 1, WORK_PER_SECOND, WORK_BURST_US, START_US + 20000));
  ck_assert_int_eq (vgw_token_bucket_charge (&bucket, 0, WORK_PER_SECOND, WORK_BURST_US, START_US + 20000), 0);
}
END_TEST

/* Whoever works whenever it is allowed gets its share, however long. */
START_TEST (work_without_end_gets_its_share)
{
  VgwTokenBucket bucket = { 0 };
  gint64 now_us = START_US, worked_us = 0;

  while (now_us < START_US + 100 * G_USEC_PER_SEC)
    {
      now_us += 8000;
      now_us += vgw_token_bucket_charge (&bucket, 8000, WORK_PER_SECOND, WORK_BURST_US, now_us);
      worked_us += 8000;
    }
  ck_assert_int_ge (worked_us, 5 * G_USEC_PER_SEC);
  ck_assert_int_le (worked_us, 5 * G_USEC_PER_SEC + WORK_BURST_US + 16000);
}
END_TEST

/* Many that share one bucket are served one after the other, not all at the same moment. */
START_TEST (those_who_share_a_bucket_wait_for_each_other)
{
  VgwTokenBucket bucket = { 0 };
  gint64 last_us = 0;

  vgw_token_bucket_charge (&bucket, WORK_BURST_US, 400000, WORK_BURST_US, START_US);
  for (int i = 0; i < 48; i++)
    {
      gint64 wait_us = vgw_token_bucket_charge (&bucket, 8000, 400000, WORK_BURST_US, START_US);

      ck_assert_int_ge (wait_us, last_us + 20000);
      last_us = wait_us;
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-token-bucket");
  TCase *tcase = tcase_create ("bucket");

  tcase_add_test (tcase, a_burst_and_then_the_rate);
  tcase_add_test (tcase, fractions_add_up);
  tcase_add_test (tcase, what_is_more_than_there_is_takes_nothing);
  tcase_add_test (tcase, a_burst_of_work_is_free_and_more_waits);
  tcase_add_test (tcase, work_without_end_gets_its_share);
  tcase_add_test (tcase, those_who_share_a_bucket_wait_for_each_other);
  suite_add_tcase (suite, tcase);
  return suite;
}
