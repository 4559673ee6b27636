/* What /start keeps, and for how long. */
#include "doors/vgw-pipecat-starts.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define NOW_US G_TIME_SPAN_HOUR
#define ADDRESS "192.0.2.1"

static char *
add (VgwPipecatStarts *self, const char *address, const char *parameters)
{
  return g_strdup (vgw_pipecat_starts_add (self, address, g_strdup (parameters), NOW_US));
}

START_TEST (a_start_is_found_until_its_time_is_over)
{
  g_autoptr (VgwPipecatStarts) self = vgw_pipecat_starts_new (NULL);
  g_autofree char *name = add (self, ADDRESS, "&a=1");
  g_autofree char *other = add (self, ADDRESS, "");

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
  g_autoptr (VgwPipecatStarts) self = vgw_pipecat_starts_new (NULL);
  g_autofree char *first = add (self, ADDRESS, "first");
  g_autofree char *second = add (self, ADDRESS, "second");

  for (int i = 2; i < VGW_PIPECAT_MAX_STARTS; i++)
    {
      g_autofree char *address = g_strdup_printf ("198.51.%d.%d", i / 256, i % 256);

      vgw_pipecat_starts_add (self, address, g_strdup (""), NOW_US);
    }
  ck_assert_str_eq (vgw_pipecat_starts_find (self, first, NOW_US), "first");
  vgw_pipecat_starts_add (self, "192.0.2.2", g_strdup (""), NOW_US);
  ck_assert_ptr_null (vgw_pipecat_starts_find (self, first, NOW_US));
  ck_assert_str_eq (vgw_pipecat_starts_find (self, second, NOW_US), "second");
}
END_TEST

/* Addresses of one /64 are one client. */
START_TEST (a_client_with_many_starts_makes_room_for_itself)
{
  g_autoptr (VgwPipecatStarts) self = vgw_pipecat_starts_new (NULL);
  g_autofree char *first = add (self, "2001:db8::1", "first");
  g_autofree char *second = add (self, "2001:db8::2", "second");
  g_autofree char *other = add (self, ADDRESS, "other");
  g_autofree char *local = add (self, "127.0.0.1", "local");

  for (int i = 2; i < VGW_PIPECAT_MAX_STARTS_PER_ADDRESS; i++)
    vgw_pipecat_starts_add (self, "2001:db8::3", g_strdup (""), NOW_US);
  ck_assert_str_eq (vgw_pipecat_starts_find (self, first, NOW_US), "first");
  vgw_pipecat_starts_add (self, "2001:db8::4", g_strdup (""), NOW_US);
  ck_assert_ptr_null (vgw_pipecat_starts_find (self, first, NOW_US));
  ck_assert_str_eq (vgw_pipecat_starts_find (self, second, NOW_US), "second");
  /* a proxy on this machine brings all callers */
  for (int i = 0; i < VGW_PIPECAT_MAX_STARTS / 2; i++)
    vgw_pipecat_starts_add (self, "127.0.0.1", g_strdup (""), NOW_US);
  ck_assert_str_eq (vgw_pipecat_starts_find (self, local, NOW_US), "local");
  for (int i = 0; i < VGW_PIPECAT_MAX_STARTS; i++)
    vgw_pipecat_starts_add (self, "2001:db8::1", g_strdup (""), NOW_US);
  ck_assert_str_eq (vgw_pipecat_starts_find (self, other, NOW_US), "other");
  ck_assert_str_eq (vgw_pipecat_starts_find (self, local, NOW_US), "local");
}
END_TEST

static Suite *
starts_suite (void)
{
  Suite *suite = suite_create ("vgw-pipecat-starts");
  TCase *all = tcase_create ("all");

  tcase_add_test (all, a_start_is_found_until_its_time_is_over);
  tcase_add_test (all, the_oldest_makes_room);
  tcase_add_test (all, a_client_with_many_starts_makes_room_for_itself);
  suite_add_tcase (suite, all);
  return suite;
}

int
main (void)
{
  return run_suite (starts_suite ());
}
