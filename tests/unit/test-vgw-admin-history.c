/* The samples of the last minutes, and the JSON that the dashboard polls. */
#include "admin/vgw-admin-history.h"

#include "admin/vgw-admin-overview.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "run-suite.h"
#include "session-table-test.h"

#define MAX_SESSIONS (VGW_ADMIN_MAX_ENDED + 10)

static VgwSessionTable *table;
static VgwAdminHistory *history;

static void
set_up (void)
{
  set_up_context ();
  test_context.limits.max_sessions = MAX_SESSIONS;
  test_context.limits.max_sessions_per_address = 0;
  test_context.limits.max_new_sessions_per_minute = 0;
  table = vgw_session_table_new (&test_context);
  history = vgw_admin_history_new (table);
}

static void
tear_down (void)
{
  g_clear_pointer (&history, vgw_admin_history_free);
  g_clear_object (&table);
  settle ();
  tear_down_context ();
}

static JsonObject *
parse (char *json)
{
  g_autofree char *text = json;
  g_autoptr (GError) error = NULL;
  JsonObject *object = vgw_json_parse_object (text, strlen (text), &error);

  ck_assert_msg (object != NULL, "%s: %s", error != NULL ? error->message : "", text);
  return object;
}

static JsonObject *
get_overview (guint64 since)
{
  return parse (vgw_admin_overview_to_json (&(VgwAdminOverview){ history, table, NULL, 0 }, since));
}

static gint64
get_length (JsonObject *object, const char *name)
{
  return json_array_get_length (json_object_get_array_member (object, name));
}

START_TEST (each_second_has_a_sample)
{
  const VgwAdminSample *sample;
  guint64 n;

  open_session (table, "192.0.2.1");
  open_session (table, "192.0.2.2");
  WAIT_UNTIL (vgw_admin_history_count (history) >= 2);
  n = vgw_admin_history_count (history);
  sample = vgw_admin_history_get (history, n - 1);
  ck_assert_uint_eq (sample->calls, 2);
  ck_assert_uint_eq (vgw_admin_history_get (history, 0)->started, 2);
  ck_assert_uint_eq (sample->setup_ms, VGW_ADMIN_UNKNOWN);
  ck_assert_ptr_null (vgw_admin_history_get (history, n));
  ck_assert_ptr_null (vgw_admin_history_get (history, G_MAXUINT64));
}
END_TEST

START_TEST (a_call_is_kept_after_its_end)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  g_autofree char *id = g_strdup (vgw_session_get_id (session));
  g_autoptr (GPtrArray) ended = NULL;
  const VgwAdminCall *call;

  WAIT_UNTIL (vgw_admin_history_find (history, id) != NULL);
  call = vgw_admin_history_find (history, id);
  ck_assert_str_eq (call->client_address, "192.0.2.1");
  ck_assert_str_eq (call->engine, "echo");
  ck_assert_int_eq (call->facts.phase, VGW_PHASE_NEW);
  ck_assert_int_eq (call->ended_at_us, 0);
  vgw_session_end (session, VGW_END_OFFER_TIMEOUT);
  WAIT_UNTIL (vgw_session_table_count (table) == 0);
  ck_assert_ptr_eq (vgw_admin_history_find (history, id), call);
  ck_assert_str_eq (call->facts.reason, "offer-timeout");
  ck_assert_int_gt (call->ended_at_us, 0);
  ended = vgw_admin_history_list_ended (history);
  ck_assert_uint_eq (ended->len, 1);
}
END_TEST

/* Before the first tick. */
START_TEST (a_call_that_ends_at_once_is_kept_with_its_diagnosis)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  g_autofree char *id = g_strdup (vgw_session_get_id (session));
  const VgwAdminCall *call = vgw_admin_history_find (history, id);

  ck_assert_ptr_nonnull (call);
  vgw_session_end (session, VGW_END_ERROR);
  WAIT_UNTIL (vgw_session_table_count (table) == 0);
  ck_assert_ptr_eq (vgw_admin_history_find (history, id), call);
  ck_assert_str_eq (call->engine, "echo");
  ck_assert_str_eq (call->facts.reason, "error");
  ck_assert_int_eq (call->facts.phase, VGW_PHASE_NEW); /* what the diagnosis is of */
  ck_assert_int_gt (call->started_at_us, 0);
}
END_TEST

START_TEST (the_calls_that_have_ended_are_bounded)
{
  g_autoptr (GPtrArray) present = NULL;
  g_autoptr (GPtrArray) ended = NULL;
  g_autofree char *last = NULL;

  for (guint i = 0; i < MAX_SESSIONS; i++)
    {
      g_free (last);
      last = g_strdup (vgw_session_get_id (open_session (table, "192.0.2.1")));
    }
  WAIT_UNTIL (vgw_admin_history_find (history, last) != NULL);
  present = vgw_admin_history_list (history);
  ck_assert_uint_eq (present->len, MAX_SESSIONS);
  vgw_session_table_shutdown (table);
  WAIT_UNTIL (vgw_session_table_count (table) == 0);
  ended = vgw_admin_history_list_ended (history);
  ck_assert_uint_eq (ended->len, VGW_ADMIN_MAX_ENDED);
}
END_TEST

START_TEST (a_history_may_end_before_its_calls)
{
  VgwSession *session = open_session (table, "192.0.2.1");

  WAIT_UNTIL (vgw_admin_history_find (history, vgw_session_get_id (session)) != NULL);
  g_clear_pointer (&history, vgw_admin_history_free);
  vgw_session_end (session, VGW_END_CLIENT_BYE);
  WAIT_UNTIL (vgw_session_table_count (table) == 0);
}
END_TEST

START_TEST (the_overview_has_calls_and_new_seconds_only)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  g_autoptr (JsonObject) all = NULL;
  g_autoptr (JsonObject) rest = NULL;
  JsonObject *samples, *call;
  gint64 next;

  WAIT_UNTIL (vgw_admin_history_count (history) >= 2);
  all = get_overview (0);
  samples = json_object_get_object_member (all, "samples");
  next = json_object_get_int_member (samples, "next");
  ck_assert_str_eq (vgw_json_get_string (all, "state"), "open");
  ck_assert_int_eq (json_object_get_int_member (all, "max_sessions"), MAX_SESSIONS);
  ck_assert_int_eq (json_object_get_int_member (samples, "first"), 0);
  ck_assert_int_eq (get_length (samples, "calls"), next);
  ck_assert_int_eq (get_length (samples, "setup_ms"), next);
  ck_assert_int_eq (get_length (all, "sessions"), 1);
  ck_assert_int_eq (get_length (all, "ended"), 0);
  call = json_array_get_object_element (json_object_get_array_member (all, "sessions"), 0);
  ck_assert_str_eq (vgw_json_get_string (call, "id"), vgw_session_get_id (session));
  ck_assert_str_eq (vgw_json_get_string (call, "state"), "new");
  ck_assert_int_eq (json_object_get_int_member (call, "caller_level"), -VGW_ADMIN_QUIET);
  ck_assert (json_object_get_null_member (call, "round_trip_ms"));
  ck_assert_str_eq (vgw_json_get_string (json_object_get_object_member (call, "finding"), "code"), "waiting-for-offer");

  rest = get_overview (G_MAXINT64);
  samples = json_object_get_object_member (rest, "samples");
  ck_assert_int_eq (get_length (samples, "calls"), 0);
  ck_assert_int_eq (json_object_get_int_member (samples, "first"), json_object_get_int_member (samples, "next"));
}
END_TEST

START_TEST (a_call_has_its_samples_and_its_diagnosis)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  const char *id = vgw_session_get_id (session);
  g_autoptr (JsonObject) call = NULL;
  JsonObject *samples;
  gint64 n;

  ck_assert_ptr_null (vgw_admin_call_to_json (&(VgwAdminOverview){ history, table, NULL, 0 }, "nobody", 0));
  WAIT_UNTIL (vgw_admin_history_find (history, id) != NULL && vgw_admin_history_find (history, id)->n_samples >= 2);
  call = parse (vgw_admin_call_to_json (&(VgwAdminOverview){ history, table, NULL, 0 }, id, 1));
  samples = json_object_get_object_member (call, "samples");
  n = json_object_get_int_member (samples, "next") - 1;
  ck_assert_int_eq (json_object_get_int_member (samples, "first"), 1);
  ck_assert_int_eq (get_length (samples, "caller_level"), n * VGW_ADMIN_LEVELS);
  ck_assert_int_eq (get_length (samples, "bot_level"), n * VGW_ADMIN_LEVELS);
  ck_assert_int_eq (get_length (samples, "received_loss"), n);
  ck_assert_int_eq (get_length (call, "diagnosis"), 1);
  ck_assert (json_object_has_member (json_object_get_object_member (call, "stats"), "received"));
}
END_TEST

START_TEST (the_last_turns_of_a_call_are_kept)
{
  VgwSession *session = open_session (table, "192.0.2.1");
  const char *id = vgw_session_get_id (session);
  g_autoptr (JsonObject) call = NULL;
  JsonArray *turns;

  WAIT_UNTIL (vgw_admin_history_find (history, id) != NULL);
  ck_assert_ptr_null (vgw_admin_call_get_turn (vgw_admin_history_find (history, id), 0));
  for (guint i = 1; i <= VGW_ADMIN_MAX_TURNS + 7; i++)
    {
      VgwTurn turn = { .number = i, .started_at_us = 1, .heard_ms = 500, .end = VGW_TURN_PLAYED };
      const VgwConversationReport report = { .type = VGW_CONVERSATION_TURN, .turn = &turn };

      g_signal_emit_by_name (session, "report", &report);
    }
  call = parse (vgw_admin_call_to_json (&(VgwAdminOverview){ history, table, NULL, 0 }, id, 0));
  turns = json_object_get_array_member (call, "turns");
  ck_assert_uint_eq (json_array_get_length (turns), VGW_ADMIN_MAX_TURNS);
  ck_assert_int_eq (json_object_get_int_member (json_array_get_object_element (turns, 0), "number"), 8);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-admin-history");
  TCase *tcase = tcase_create ("history");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, each_second_has_a_sample);
  tcase_add_test (tcase, a_call_is_kept_after_its_end);
  tcase_add_test (tcase, a_call_that_ends_at_once_is_kept_with_its_diagnosis);
  tcase_add_test (tcase, the_calls_that_have_ended_are_bounded);
  tcase_add_test (tcase, a_history_may_end_before_its_calls);
  tcase_add_test (tcase, the_overview_has_calls_and_new_seconds_only);
  tcase_add_test (tcase, a_call_has_its_samples_and_its_diagnosis);
  tcase_add_test (tcase, the_last_turns_of_a_call_are_kept);
  suite_add_tcase (suite, tcase);
  return suite;
}
