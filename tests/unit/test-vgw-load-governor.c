#include "app/vgw-load-governor.h"

#include <check.h>

#include "run-suite.h"

#define CALM 30u
#define BUSY 75u
#define TOO_MUCH 95u

/* Returns in how many of @n_seconds the ceiling changed. */
static guint
pass (VgwLoadGovernor *governor, guint n_seconds, guint waited_percent)
{
  guint n_changes = 0;

  for (guint i = 0; i < n_seconds; i++)
    n_changes += vgw_load_governor_step (governor, waited_percent, FALSE);
  return n_changes;
}

START_TEST (a_machine_with_room_is_left_alone)
{
  VgwLoadGovernor governor;

  vgw_load_governor_init (&governor);
  ck_assert_uint_eq (pass (&governor, 100, CALM) + pass (&governor, 100, BUSY), 0);
  ck_assert_uint_eq (governor.ceiling, VGW_LOAD_NO_CEILING);
}
END_TEST

START_TEST (it_falls_at_once_and_then_each_three_seconds_down_to_the_least)
{
  VgwLoadGovernor governor;
  guint last = VGW_LOAD_NO_CEILING;

  vgw_load_governor_init (&governor);
  while (vgw_load_governor_step (&governor, TOO_MUCH, FALSE))
    {
      ck_assert_uint_lt (governor.ceiling, last);
      last = governor.ceiling;
      ck_assert_uint_eq (pass (&governor, 2, TOO_MUCH), 0);
    }
  ck_assert_uint_eq (governor.ceiling, 0);
  ck_assert_uint_eq (pass (&governor, 100, TOO_MUCH), 0);
}
END_TEST

/* A caller who floods is dropped for and ended; the encoders of the others have nothing to do with it. */
START_TEST (a_flood_is_no_reason_and_what_remains_is_one)
{
  VgwLoadGovernor governor;

  vgw_load_governor_init (&governor);
  for (guint i = 0; i < 10; i++)
    ck_assert (!vgw_load_governor_step (&governor, TOO_MUCH, TRUE));
  ck_assert_uint_eq (governor.ceiling, VGW_LOAD_NO_CEILING);
  ck_assert (vgw_load_governor_step (&governor, TOO_MUCH, FALSE));
}
END_TEST

START_TEST (it_rises_after_ten_calm_seconds_on_end)
{
  VgwLoadGovernor governor;

  vgw_load_governor_init (&governor);
  ck_assert_uint_eq (pass (&governor, 3, TOO_MUCH), 1);
  ck_assert_uint_eq (pass (&governor, 9, CALM), 0);
  ck_assert_uint_eq (pass (&governor, 1, BUSY), 0);
  ck_assert_uint_eq (pass (&governor, 9, CALM), 0);
  ck_assert_uint_eq (pass (&governor, 1, CALM), 1);
  ck_assert_uint_eq (governor.ceiling, VGW_LOAD_NO_CEILING);
}
END_TEST

START_TEST (a_rise_that_was_too_much_is_waited_for_twice_as_long)
{
  VgwLoadGovernor governor;

  vgw_load_governor_init (&governor);
  pass (&governor, 3, TOO_MUCH);
  pass (&governor, 10, CALM);
  ck_assert_uint_eq (governor.ceiling, VGW_LOAD_NO_CEILING);
  ck_assert_uint_eq (pass (&governor, 3, TOO_MUCH), 1);
  ck_assert_uint_eq (pass (&governor, 19, CALM), 0);
  ck_assert_uint_eq (pass (&governor, 1, CALM), 1);
  /* this one lasts */
  pass (&governor, 60, CALM);
  pass (&governor, 3, TOO_MUCH);
  ck_assert_uint_eq (pass (&governor, 9, CALM), 0);
  ck_assert_uint_eq (pass (&governor, 1, CALM), 1);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-load-governor");
  TCase *tcase = tcase_create ("governor");

  tcase_add_test (tcase, a_machine_with_room_is_left_alone);
  tcase_add_test (tcase, it_falls_at_once_and_then_each_three_seconds_down_to_the_least);
  tcase_add_test (tcase, a_flood_is_no_reason_and_what_remains_is_one);
  tcase_add_test (tcase, it_rises_after_ten_calm_seconds_on_end);
  tcase_add_test (tcase, a_rise_that_was_too_much_is_waited_for_twice_as_long);
  suite_add_tcase (suite, tcase);
  return suite;
}
