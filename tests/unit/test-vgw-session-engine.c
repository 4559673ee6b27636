/* Which engine a session has, what an engine's failure means for it, and the bounds of events. The engines are real: a
 * networked one whose bot is not there, echo, and one of the test's own that keeps what it is told. */
#include "session-test.h"

#include <stdlib.h>

#include "base/vgw-log.h"
#include "run-suite.h"
#include "session/vgw-session-private.h"
#include "session/vgw-session-table.h"

#define N_EVENTS 100
#define EVENTS_PER_SECOND 10

static GPtrArray *
engines (void)
{
  return test_context.engine_shared.engines;
}

static VgwEngineConfig *
add_engine (const char *name, const char *type)
{
  VgwEngineConfig *config = vgw_engine_config_new (name, type);

  g_ptr_array_add (engines (), config);
  return config;
}

/* A bot that is not there: nobody listens on this port, and nobody is waited for. */
static VgwEngineConfig *
add_dead_engine (const char *name)
{
  VgwEngineConfig *config = add_engine (name, "websocket");

  set_text (&config->url, "ws://127.0.0.1:1/");
  config->grace_ms = 0;
  return config;
}

static void
set_up (void)
{
  g_autofree char *dir = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", NULL);
  const char *const pipelines[] = { "opus", NULL };
  const VgwMediaSettings settings = { .ice_agent = VGW_ICE_AGENT_MUX, .pipelines = pipelines, .pipeline_dir = dir };
  g_autoptr (GError) error = NULL;

  set_up_context ();
  test_context.engine_shared.io = vgw_engine_io_new ();
  test_context.media = vgw_media_new (&settings, &error);
  ck_assert_msg (test_context.media != NULL, "%s", error != NULL ? error->message : "no error");
}

static void
tear_down (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  g_clear_object (&test_context.media);
  g_clear_pointer (&test_context.engine_shared.io, vgw_engine_io_unref);
  tear_down_context ();
}

/* A session that talks to the engine @name, as if its peer were connected. */
static Client *
client_new_talking (const char *name)
{
  g_autoptr (VgwSession) session
      = vgw_session_new (&test_context, "192.0.2.1", vgw_engine_config_find (engines (), name));
  Client *client = client_watch (session);

  vgw_session_start (session);
  ck_assert (vgw_session_make_speech (session, NULL));
  ck_assert (vgw_session_advance (session, VGW_EVENT_OFFER, NULL));
  ck_assert (vgw_session_advance (session, VGW_EVENT_ANSWERED, NULL));
  ck_assert (vgw_session_advance (session, VGW_EVENT_CONNECTED, NULL));
  return client;
}

/* How many events for the client have @text in them. */
static guint
count_events (Client *client, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];
      n += message->type == VGW_MESSAGE_EVENT && strstr (message->event_json, text) != NULL;
    }
  return n;
}

static guint
count_errors (Client *client, int code)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];
      n += message->type == VGW_MESSAGE_ERROR && message->error_code == code && !message->is_fatal;
    }
  return n;
}

/* --- selection --- */

START_TEST (a_client_chooses_among_those_that_are_selectable)
{
  g_autoptr (VgwSessionTable) table = vgw_session_table_new (&test_context, 0, 0);
  VgwSession *session;
  Client *client;

  add_engine ("hidden", "echo");
  add_engine ("open", "echo")->is_selectable = TRUE;
  session = vgw_session_table_create (table, NULL, "open", NULL);
  ck_assert_ptr_nonnull (session);
  client = client_watch (session);
  vgw_session_start (session);
  ck_assert_str_eq (client_last (client)->engine, "open");
  ck_assert_uint_eq (g_strv_length (client_last (client)->engines), 2);
  ck_assert_str_eq (client_last (client)->engines[0], "echo"); /* the default is always there to ask for */
  ck_assert_str_eq (client_last (client)->engines[1], "open");
  ck_assert_ptr_nonnull (vgw_session_table_create (table, NULL, "echo", NULL));
  vgw_session_table_shutdown (table);
  client_free (client);
}
END_TEST

START_TEST (no_other_name_is_an_engine)
{
  static const char *const names[] = { "hidden", "absent", "", "ws://evil.example/", "ECHO", "echo " };
  g_autoptr (VgwSessionTable) table = vgw_session_table_new (&test_context, 0, 0);

  add_engine ("hidden", "echo");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vgw_session_table_create (table, NULL, names[i], &error));
      ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST));
      ck_assert_str_eq (vgw_error_to_wire (error), "bad-request");
      ck_assert_str_eq (error->message, "there is no such engine to choose"); /* the same whether it is there or not */
    }
  ck_assert_uint_eq (vgw_session_table_count (table), 0);
}
END_TEST

START_TEST (the_voice_has_the_rate_of_the_engine)
{
  Client *client;

  add_engine ("wide", "echo")->sample_rate_hz = 48000;
  client = client_new_talking ("wide");
  ck_assert_uint_eq (vgw_bridge_get_format (client->session->bridge)->rate_hz, 48000);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

/* --- failure --- */

START_TEST (a_failed_engine_ends_the_call)
{
  Client *client;

  add_dead_engine ("bot");
  client = client_new_talking ("bot");
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ENGINE);
  ck_assert_uint_eq (count_events (client, "engine-connecting"), 1);
  assert_error (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_ENGINE, TRUE);
  ck_assert_str_eq (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL)->error_message, "the speech engine failed");
  client_free (client);
}
END_TEST

START_TEST (a_call_can_go_on_without_its_engine)
{
  Client *client;
  gint16 frame[320] = { 0 };

  set_text (&add_dead_engine ("bot")->on_failure, "hold");
  client = client_new_talking ("bot");
  WAIT_UNTIL (count_events (client, "engine-failed") > 0);
  settle ();
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_STATE_ACTIVE);
  ck_assert_ptr_null (client->session->engine);
  ck_assert_uint_eq (count_events (client, "engine-failed"), 1);
  /* what is for the engine is for nobody */
  client_say (client, "{\"type\":\"event\",\"payload\":{\"a\":1}}");
  vgw_playout_push (vgw_bridge_get_playout (client->session->bridge), frame, G_N_ELEMENTS (frame));
  settle ();
  ck_assert (!client_got (client, VGW_MESSAGE_ERROR, NULL));
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  assert_ended (client, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (another_engine_takes_over)
{
  VgwEngine *echo;
  Client *client;
  gint16 frame[320] = { 7 };
  VgwPlayoutStats stats;

  set_text (&add_dead_engine ("bot")->on_failure, "fallback:echo");
  client = client_new_talking ("bot");
  WAIT_UNTIL (count_events (client, "engine-fallback") > 0);
  settle ();
  ck_assert_uint_eq (count_events (client, "\"engine\":\"echo\""), 1);
  ck_assert_str_eq (client->session->engine_config->name, "echo");
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_STATE_ACTIVE);
  ck_assert_uint_ge (books->n_updated, 2); /* active, and the other engine */
  echo = client->session->engine;
  ck_assert_ptr_nonnull (echo);
  vgw_engine_push_audio (echo, frame, G_N_ELEMENTS (frame)); /* into the same queue */
  vgw_playout_get_stats (vgw_bridge_get_playout (client->session->bridge), &stats);
  ck_assert_uint_eq (stats.queued_ms, 20);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (the_fallbacks_own_policy_applies)
{
  Client *client;

  set_text (&add_dead_engine ("one")->on_failure, "fallback:two");
  set_text (&add_dead_engine ("two")->on_failure, "fallback:three");
  set_text (&add_dead_engine ("three")->on_failure, "hold");
  client = client_new_talking ("one");
  WAIT_UNTIL (count_events (client, "engine-failed") > 0);
  ck_assert_uint_eq (count_events (client, "engine-fallback"), 2);
  ck_assert_uint_eq (count_events (client, "engine-connecting"), 3);
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_STATE_ACTIVE);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (an_engine_that_cannot_start_has_failed)
{
  VgwEngineConfig *recorder = add_engine ("rec", "record");
  Client *client;

  set_text (&recorder->record_directory, "/proc/self/exe/nowhere");
  set_text (&recorder->on_failure, "fallback:echo");
  client = client_new_talking ("rec");
  ck_assert_uint_eq (count_events (client, "engine-fallback"), 1);
  ck_assert (client_got (client, VGW_MESSAGE_STATE, "active"));
  ck_assert_str_eq (client->session->engine_config->name, "echo");
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

static const struct
{
  const char *policy;
  const char *told;
} endings[] = { { "end", "\"fatal\":true" }, { "hold", "engine-failed" }, { "fallback:echo", "engine-fallback" } };

static void
quit_when_told (VgwSession *session, const VgwMessage *message, Client *client)
{
  g_autofree char *text = vgw_message_to_text (message);
  g_auto (GStrv) parts = g_strsplit (text, "\\", -1);
  g_autofree char *plain = g_strjoinv ("", parts);

  if (strstr (plain, endings[0].told) == NULL && strstr (plain, endings[1].told) == NULL &&
      strstr (plain, endings[2].told) == NULL)
    return;
  vgw_session_end (session, VGW_END_WEBSOCKET_CLOSED);
  client_let_go (client);
}

START_TEST (who_hears_of_a_failure_may_end_and_drop_the_session)
{
  Client *client;

  set_text (&add_dead_engine ("bot")->on_failure, endings[_i].policy);
  client = client_new_talking ("bot");
  g_signal_connect (client->session, "outgoing", G_CALLBACK (quit_when_told), client);
  WAIT_UNTIL (client->session == NULL);
  settle ();
  ck_assert_uint_eq (books->n_deregistered, 1);
  client_free (client);
}
END_TEST

/* --- events --- */

/* An engine that keeps the events it is sent. */
#define TEST_TYPE_KEEPER (test_keeper_get_type ())
G_DECLARE_FINAL_TYPE (TestKeeper, test_keeper, TEST, KEEPER, VgwEngine)

struct _TestKeeper
{
  VgwEngine parent_instance;
  guint n_events;
};

G_DEFINE_FINAL_TYPE (TestKeeper, test_keeper, VGW_TYPE_ENGINE)

static gboolean
test_keeper_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  return TRUE;
}

static void
test_keeper_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
}

static void
test_keeper_send_event (VgwEngine *engine, const char *json)
{
  TEST_KEEPER (engine)->n_events++;
}

static void
test_keeper_class_init (TestKeeperClass *klass)
{
  VGW_ENGINE_CLASS (klass)->start = test_keeper_start;
  VGW_ENGINE_CLASS (klass)->push_audio = test_keeper_push_audio;
  VGW_ENGINE_CLASS (klass)->send_event = test_keeper_send_event;
}

static void
test_keeper_init (TestKeeper *self)
{
}

/* A session whose engine is a keeper. */
static Client *
client_new_kept (TestKeeper **keeper)
{
  Client *client = client_new_talking ("echo");

  vgw_session_drop_engine (client->session, "test");
  *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  vgw_session_use_engine (client->session, VGW_ENGINE (*keeper), client->session->engine_config);
  ck_assert (vgw_session_start_engine (client->session, NULL));
  return client;
}

START_TEST (events_of_a_client_are_bounded_in_number)
{
  TestKeeper *keeper;
  Client *client;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  client = client_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    client_say (client, "{\"type\":\"event\",\"payload\":{\"a\":1}}");
  ck_assert_uint_ge (keeper->n_events, 2 * EVENTS_PER_SECOND);
  ck_assert_uint_lt (keeper->n_events, N_EVENTS);
  ck_assert_uint_ge (count_errors (client, VGW_ERROR_TOO_LARGE), 1);
  ck_assert_uint_lt (count_errors (client, VGW_ERROR_TOO_LARGE), 10); /* one in a second, however slow this machine */
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_STATE_ACTIVE);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (after_a_while_events_pass_again)
{
  TestKeeper *keeper;
  Client *client;
  guint n_before;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  client = client_new_kept (&keeper);
  while (count_errors (client, VGW_ERROR_TOO_LARGE) == 0)
    vgw_session_take_client_event (client->session, "{}");
  n_before = keeper->n_events;
  WAIT_UNTIL ((vgw_session_take_client_event (client->session, "{}"), keeper->n_events > n_before));
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (no_bound_is_no_bound)
{
  TestKeeper *keeper;
  Client *client;

  test_context.limits.max_events_per_second = 0;
  client = client_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    client_say (client, "{\"type\":\"event\",\"payload\":{\"a\":1}}");
  ck_assert_uint_eq (keeper->n_events, N_EVENTS);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (events_are_bounded_in_size_on_both_ways)
{
  g_autofree char *filling = g_strnfill (5000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"a\":\"%s\"}", filling);
  TestKeeper *keeper;
  Client *client;

  test_context.limits.max_message_bytes = 4096;
  client = client_new_kept (&keeper);
  vgw_session_take_client_event (client->session, large);
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (client, VGW_ERROR_TOO_LARGE), 1);
  g_signal_emit_by_name (keeper, "event", large);
  g_signal_emit_by_name (keeper, "event", large);
  ck_assert_uint_eq (count_events (client, "xxx"), 0);
  ck_assert_uint_eq (client->session->client_events.n_dropped, 1);
  ck_assert_uint_eq (client->session->engine_events.n_dropped, 2);
  g_signal_emit_by_name (keeper, "event", "{\"a\":\"b\"}");
  ck_assert_uint_eq (count_events (client, "\"b\""), 1);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (events_of_an_engine_are_bounded_in_number)
{
  TestKeeper *keeper;
  Client *client;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  client = client_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    g_signal_emit_by_name (keeper, "event", "{\"a\":1}");
  ck_assert_uint_ge (count_events (client, "\"a\""), 2 * EVENTS_PER_SECOND);
  ck_assert_uint_lt (count_events (client, "\"a\""), N_EVENTS);
  ck_assert (!client_got (client, VGW_MESSAGE_ERROR, NULL)); /* not the client's fault */
  ck_assert_uint_eq (keeper->n_events, 1); /* the engine hears of it, once */
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (an_event_that_is_no_json_is_refused)
{
  TestKeeper *keeper;
  Client *client = client_new_kept (&keeper);

  vgw_session_take_client_event (client->session, "no json");
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (client, VGW_ERROR_BAD_MESSAGE), 1);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

/* --- hang-up --- */

/* A keeper that has said 200 ms and hung up. */
static Client *
client_new_hung_up (TestKeeper **keeper, VgwPlayout **playout)
{
  Client *client = client_new_kept (keeper);
  gint16 voice[10 * 320] = { 0 };

  vgw_engine_play (VGW_ENGINE (*keeper), voice, G_N_ELEMENTS (voice));
  *playout = vgw_bridge_get_playout (client->session->bridge);
  g_signal_emit_by_name (*keeper, "hangup");
  return client;
}

START_TEST (what_was_said_before_a_hangup_is_heard)
{
  gint16 frame[320];
  TestKeeper *keeper;
  VgwPlayout *playout;
  Client *client = client_new_hung_up (&keeper, &playout);

  for (guint i = 0; i < 10; i++)
    {
      g_signal_emit_by_name (keeper, "hangup"); /* again, which is no news */
      settle ();
      ck_assert_int_eq (vgw_session_get_state (client->session), VGW_STATE_ACTIVE);
      ck_assert_uint_eq (vgw_playout_pop (playout, frame, G_N_ELEMENTS (frame)), G_N_ELEMENTS (frame));
    }
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ENGINE);
  client_free (client);
}
END_TEST

START_TEST (a_hangup_can_be_at_once)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Client *client;

  get_engine_config ()->hangup = VGW_HANGUP_NOW;
  client = client_new_hung_up (&keeper, &playout);
  assert_ended (client, VGW_END_ENGINE);
  client_free (client);
}
END_TEST

START_TEST (a_hangup_before_a_word_is_at_once)
{
  TestKeeper *keeper;
  Client *client = client_new_kept (&keeper);

  g_signal_emit_by_name (keeper, "hangup");
  assert_ended (client, VGW_END_ENGINE);
  client_free (client);
}
END_TEST

/* By the caller, who interrupts, or by the engine. */
START_TEST (a_hangup_waits_for_nothing_that_is_cleared)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Client *client = client_new_hung_up (&keeper, &playout);

  vgw_playout_clear (playout);
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ENGINE);
  client_free (client);
}
END_TEST

START_TEST (a_hangup_does_not_wait_for_ever)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Client *client = client_new_hung_up (&keeper, &playout);

  ck_assert_int_gt (client->session->hangup_deadline_us, g_get_monotonic_time ());
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
  client->session->hangup_deadline_us = g_get_monotonic_time ();
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ENGINE);
  client_free (client);
}
END_TEST

START_TEST (a_client_may_end_the_call_during_a_hangup)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Client *client = client_new_hung_up (&keeper, &playout);

  client_say (client, "{\"type\":\"bye\",\"payload\":{}}");
  assert_ended (client, VGW_END_CLIENT_BYE);
  settle ();
  client_free (client);
}
END_TEST

static void
add_tests (Suite *suite)
{
  TCase *selection = tcase_create ("selection");
  TCase *failure = tcase_create ("failure");
  TCase *events = tcase_create ("events");
  TCase *hangup = tcase_create ("hangup");

  tcase_add_checked_fixture (selection, set_up, tear_down);
  tcase_add_test (selection, a_client_chooses_among_those_that_are_selectable);
  tcase_add_test (selection, no_other_name_is_an_engine);
  tcase_add_test (selection, the_voice_has_the_rate_of_the_engine);
  tcase_add_checked_fixture (failure, set_up, tear_down);
  tcase_add_test (failure, a_failed_engine_ends_the_call);
  tcase_add_test (failure, a_call_can_go_on_without_its_engine);
  tcase_add_test (failure, another_engine_takes_over);
  tcase_add_test (failure, the_fallbacks_own_policy_applies);
  tcase_add_test (failure, an_engine_that_cannot_start_has_failed);
  tcase_add_loop_test (failure, who_hears_of_a_failure_may_end_and_drop_the_session, 0, G_N_ELEMENTS (endings));
  tcase_add_checked_fixture (hangup, set_up, tear_down);
  tcase_add_test (hangup, what_was_said_before_a_hangup_is_heard);
  tcase_add_test (hangup, a_hangup_can_be_at_once);
  tcase_add_test (hangup, a_hangup_before_a_word_is_at_once);
  tcase_add_test (hangup, a_hangup_waits_for_nothing_that_is_cleared);
  tcase_add_test (hangup, a_hangup_does_not_wait_for_ever);
  tcase_add_test (hangup, a_client_may_end_the_call_during_a_hangup);
  suite_add_tcase (suite, hangup);
  tcase_add_checked_fixture (events, set_up, tear_down);
  tcase_add_test (events, events_of_a_client_are_bounded_in_number);
  tcase_add_test (events, after_a_while_events_pass_again);
  tcase_add_test (events, no_bound_is_no_bound);
  tcase_add_test (events, events_are_bounded_in_size_on_both_ways);
  tcase_add_test (events, events_of_an_engine_are_bounded_in_number);
  tcase_add_test (events, an_event_that_is_no_json_is_refused);
  suite_add_tcase (suite, selection);
  suite_add_tcase (suite, failure);
  suite_add_tcase (suite, events);
}

int
main (void)
{
  Suite *suite = suite_create ("vgw-session-engine");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_WARNING);
  if (!vgw_media_prepare_process (NULL))
    return EXIT_FAILURE;
  add_tests (suite);
  return run_suite (suite);
}
