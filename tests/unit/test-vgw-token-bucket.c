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

int
main (void)
{
  Suite *suite = suite_create ("vgw-token-bucket");
  TCase *tcase = tcase_create ("bucket");

  tcase_add_test (tcase, a_burst_and_then_the_rate);
  tcase_add_test (tcase, fractions_add_up);
  tcase_add_test (tcase, what_is_more_than_there_is_takes_nothing);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
