#include "base/vgw-address-buckets.h"

#include <check.h>

#include "run-suite.h"

#define NOW_US G_GINT64_CONSTANT (1000000000)
#define SECOND_US G_USEC_PER_SEC
#define MAX_ADDRESSES 10000

static guint
count_taken (VgwAddressBuckets *buckets, const char *group, guint n, gint64 now_us)
{
  guint n_taken = 0;

  for (guint i = 0; i < n; i++)
    n_taken += vgw_address_buckets_take (buckets, group, 30, now_us);
  return n_taken;
}

START_TEST (an_address_has_a_burst_and_a_rate)
{
  g_autoptr (VgwAddressBuckets) buckets = vgw_address_buckets_new ();

  ck_assert_uint_eq (count_taken (buckets, "192.0.2.1", 40, NOW_US), 30);
  ck_assert_uint_eq (count_taken (buckets, "192.0.2.2", 40, NOW_US), 30); /* another one's */
  ck_assert_uint_eq (count_taken (buckets, "192.0.2.1", 10, NOW_US + SECOND_US), 0);
  ck_assert_uint_eq (count_taken (buckets, "192.0.2.1", 10, NOW_US + 2 * SECOND_US), 1);
  ck_assert_uint_eq (count_taken (buckets, "192.0.2.1", 40, NOW_US + 62 * SECOND_US), 30);
}
END_TEST

START_TEST (so_many_addresses_are_known_and_no_more)
{
  g_autoptr (VgwAddressBuckets) buckets = vgw_address_buckets_new ();
  const guint n = MAX_ADDRESSES + 500;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *group = g_strdup_printf ("10.0.%u.%u", i / 256, i % 256);

      ck_assert (vgw_address_buckets_take (buckets, group, 30, NOW_US));
    }
  ck_assert_uint_eq (vgw_address_buckets_count (buckets), MAX_ADDRESSES);
  ck_assert (vgw_address_buckets_take (buckets, "192.0.2.1", 30, NOW_US + 61 * SECOND_US));
  ck_assert_uint_eq (vgw_address_buckets_count (buckets), 1); /* those that are full again are forgotten */
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-address-buckets");
  TCase *tcase = tcase_create ("buckets");

  tcase_add_test (tcase, an_address_has_a_burst_and_a_rate);
  tcase_add_test (tcase, so_many_addresses_are_known_and_no_more);
  suite_add_tcase (suite, tcase);
  return suite;
}
