/* The engine that a session has, and what an engine's failure means for it. The engines are real: a networked one whose
 * bot is not there, and echo. */
#include "session-engine-test.h"

START_TEST (the_voice_has_the_rate_of_the_engine)
{
  Client *client;

  add_engine ("wide", "echo")->sample_rate_hz = 48000;
  client = client_new_talking ("wide");
  ck_assert_uint_eq (vgw_bridge_get_format (vgw_conversation_get_bridge (client->session->conversation))->rate_hz,
                     48000);
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
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
  ck_assert_ptr_null (vgw_conversation_get_engine (client->session->conversation));
  ck_assert_uint_eq (count_events (client, "engine-failed"), 1);
  /* what is for the engine is for nobody */
  client_say (client, "{\"type\":\"event\",\"payload\":{\"a\":1}}");
  vgw_playout_push (vgw_bridge_get_playout (vgw_conversation_get_bridge (client->session->conversation)), frame,
                    G_N_ELEMENTS (frame));
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
  ck_assert_str_eq (vgw_conversation_get_config (client->session->conversation)->name, "echo");
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
  ck_assert_uint_ge (books->n_updated, 2); /* active, and the other engine */
  echo = vgw_conversation_get_engine (client->session->conversation);
  ck_assert_ptr_nonnull (echo);
  vgw_engine_push_audio (echo, frame, G_N_ELEMENTS (frame)); /* into the same queue */
  vgw_playout_get_stats (vgw_bridge_get_playout (vgw_conversation_get_bridge (client->session->conversation)), &stats);
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
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
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
  ck_assert_str_eq (vgw_conversation_get_config (client->session->conversation)->name, "echo");
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

  if (strstr (plain, endings[0].told) == NULL && strstr (plain, endings[1].told) == NULL
      && strstr (plain, endings[2].told) == NULL)
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

static void
add_tests (Suite *suite)
{
  TCase *selection = tcase_create ("selection");
  TCase *failure = tcase_create ("failure");

  tcase_add_checked_fixture (selection, set_up, tear_down);
  tcase_add_test (selection, the_voice_has_the_rate_of_the_engine);
  tcase_add_checked_fixture (failure, set_up, tear_down);
  tcase_add_test (failure, a_failed_engine_ends_the_call);
  tcase_add_test (failure, a_call_can_go_on_without_its_engine);
  tcase_add_test (failure, another_engine_takes_over);
  tcase_add_test (failure, the_fallbacks_own_policy_applies);
  tcase_add_test (failure, an_engine_that_cannot_start_has_failed);
  tcase_add_loop_test (failure, who_hears_of_a_failure_may_end_and_drop_the_session, 0, G_N_ELEMENTS (endings));
  suite_add_tcase (suite, selection);
  suite_add_tcase (suite, failure);
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
