/* What /start keeps, and for how long. */
#include "doors/vgw-pipecat-starts.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define NOW_US G_TIME_SPAN_HOUR

START_TEST (a_start_is_found_until_its_time_is_over)
{
  g_autoptr (VgwPipecatStarts) self = vgw_pipecat_starts_new ();
  g_autofree char *name = g_strdup (vgw_pipecat_starts_add (self, g_strdup ("&a=1"), NOW_US));
  g_autofree char *other = g_strdup (vgw_pipecat_starts_add (self, g_strdup (""), NOW_US));

  ck_assert_str_ne (name, other);
  ck_assert_uint_eq (strlen (name), 22);
  for (int i = 0; i < 2; i++)
    ck_assert_str_eq (vgw_pipecat_starts_find (self, name, NOW_US + VGW_PIPECAT_START_LIFETIME_US - 1), "&a=1");
  ck_assert_str_eq (vgw_pipecat_starts_find (self, other, NOW_US), "");
  ck_assert_ptr_null (vgw_pipecat_starts_find (self, name, NOW_US + VGW_PIPECAT_START_LIFETIME_US));
  ck_assert_ptr_null (vgw_pipecat_starts_find (self, "unknown", NOW_US));
}
END_TEST

START_TEST (the_oldest_makes_room)
{
  g_autoptr (VgwPipecatStarts) self = vgw_pipecat_starts_new ();
  g_autofree char *first = g_strdup (vgw_pipecat_starts_add (self, g_strdup ("first"), NOW_US));
  g_autofree char *second = g_strdup (vgw_pipecat_starts_add (self, g_strdup ("second"), NOW_US));

  for (int i = 2; i < VGW_PIPECAT_MAX_STARTS; i++)
    vgw_pipecat_starts_add (self, g_strdup (""), NOW_US);
  ck_assert_str_eq (vgw_pipecat_starts_find (self, first, NOW_US), "first");
  vgw_pipecat_starts_add (self, g_strdup (""), NOW_US);
  ck_assert_ptr_null (vgw_pipecat_starts_find (self, first, NOW_US));
  ck_assert_str_eq (vgw_pipecat_starts_find (self, second, NOW_US), "second");
}
END_TEST

static Suite *
starts_suite (void)
{
  Suite *suite = suite_create ("vgw-pipecat-starts");
  TCase *all = tcase_create ("all");

  tcase_add_test (all, a_start_is_found_until_its_time_is_over);
  tcase_add_test (all, the_oldest_makes_room);
  suite_add_tcase (suite, all);
  return suite;
}

int
main (void)
{
  return run_suite (starts_suite ());
}
