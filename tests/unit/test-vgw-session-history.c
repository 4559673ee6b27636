/* The bounded history of a session. */
#include "session/vgw-session-history.h"

#include "base/vgw-log.h"
#include "run-suite.h"

#define N_MANY (10 * VGW_SESSION_HISTORY_MAX)

START_TEST (a_phase_is_added_once)
{
  VgwSessionHistory history = { 0 };

  ck_assert_int_eq (vgw_session_history_get_duration_ms (&history), 0);
  ck_assert_ptr_null (vgw_session_history_get (&history, 0));
  vgw_session_history_begin (&history);
  ck_assert (!vgw_session_history_enter (&history, "test", VGW_PHASE_NEW));
  ck_assert (vgw_session_history_enter (&history, "test", VGW_PHASE_NEGOTIATING));
  ck_assert (!vgw_session_history_enter (&history, "test", VGW_PHASE_NEGOTIATING));
  ck_assert_str_eq (vgw_session_history_get (&history, 0)->value, "new");
  ck_assert_str_eq (vgw_session_history_get (&history, 1)->type, "state");
  ck_assert_str_eq (vgw_session_history_get (&history, 1)->value, "negotiating");
  ck_assert_ptr_null (vgw_session_history_get (&history, 2));
  ck_assert_int_eq (history.phase, VGW_PHASE_NEGOTIATING);
}
END_TEST

START_TEST (the_first_and_the_last_changes_are_kept_in_order)
{
  VgwSessionHistory history = { 0 };
  guint n_left_out = N_MANY + 1 - VGW_SESSION_HISTORY_MAX;
  gint64 before_us = 0;

  vgw_session_history_begin (&history);
  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *value = g_strdup_printf ("%u", i + 1);

      vgw_session_history_add (&history, "engine", g_intern_string (value));
    }
  ck_assert_uint_eq (vgw_session_history_count_left_out (&history), n_left_out);
  for (guint i = 0; i < VGW_SESSION_HISTORY_MAX; i++)
    {
      const VgwSessionChange *change = vgw_session_history_get (&history, i);
      guint64 n = i < VGW_SESSION_HISTORY_FIRST ? i : i + n_left_out;

      ck_assert_ptr_nonnull (change);
      if (i > 0)
        ck_assert_uint_eq (g_ascii_strtoull (change->value, NULL, 10), n);
      ck_assert_int_ge (change->after_us, before_us);
      before_us = change->after_us;
    }
  ck_assert_ptr_null (vgw_session_history_get (&history, VGW_SESSION_HISTORY_MAX));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-history");
  TCase *tcase = tcase_create ("history");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_test (tcase, a_phase_is_added_once);
  tcase_add_test (tcase, the_first_and_the_last_changes_are_kept_in_order);
  suite_add_tcase (suite, tcase);

  return suite;
}
