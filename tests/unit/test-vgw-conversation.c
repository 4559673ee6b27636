/* The engine of a conversation, and what an engine's failure means for it. The engines are real: a networked one whose
 * bot is not there, and echo. */
#include "conversation-test.h"

START_TEST (the_voice_has_the_rate_of_the_engine)
{
  Talk *talk;

  add_engine ("wide", "echo")->sample_rate_hz = 48000;
  talk = talk_new ("wide");
  ck_assert_uint_eq (vgw_bridge_get_format (vgw_conversation_get_bridge (talk->conversation))->rate_hz, 48000);
  talk_free (talk);
}
END_TEST

/* --- failure --- */

START_TEST (a_failed_engine_ends_the_call)
{
  Talk *talk;

  add_dead_engine ("bot");
  talk = talk_new ("bot");
  WAIT_UNTIL (talk->n_failed > 0);
  ck_assert_uint_eq (count_events (talk, "engine-connecting"), 1);
  ck_assert (g_error_matches (talk->failure, VGW_ERROR, VGW_ERROR_ENGINE));
  settle ();
  ck_assert_uint_eq (talk->n_failed, 1);
  talk_free (talk);
}
END_TEST

START_TEST (a_call_can_go_on_without_its_engine)
{
  Talk *talk;
  gint16 frame[320] = { 0 };

  set_text (&add_dead_engine ("bot")->on_failure, "hold");
  talk = talk_new ("bot");
  WAIT_UNTIL (count_events (talk, "engine-failed") > 0);
  settle ();
  ck_assert (talk_goes_on (talk));
  ck_assert_ptr_null (vgw_conversation_get_engine (talk->conversation));
  ck_assert_uint_eq (count_events (talk, "engine-failed"), 1);
  /* what is for the engine is for nobody */
  vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
  vgw_playout_push (talk_get_playout (talk), frame, G_N_ELEMENTS (frame));
  settle ();
  ck_assert_uint_eq (talk->errors->len, 0);
  talk_free (talk);
}
END_TEST

START_TEST (another_engine_takes_over)
{
  VgwEngine *echo;
  Talk *talk;
  gint16 frame[320] = { 7 };
  VgwPlayoutStats stats;

  set_text (&add_dead_engine ("bot")->on_failure, "fallback:echo");
  talk = talk_new ("bot");
  WAIT_UNTIL (count_events (talk, "engine-fallback") > 0);
  settle ();
  ck_assert_uint_eq (count_events (talk, "\"engine\":\"echo\""), 1);
  ck_assert_str_eq (vgw_conversation_get_config (talk->conversation)->name, "echo");
  ck_assert (talk_goes_on (talk));
  ck_assert_uint_eq (talk->n_changed, 1);
  echo = vgw_conversation_get_engine (talk->conversation);
  ck_assert_ptr_nonnull (echo);
  vgw_engine_push_audio (echo, frame, G_N_ELEMENTS (frame)); /* into the same queue */
  vgw_playout_get_stats (talk_get_playout (talk), &stats);
  ck_assert_uint_eq (stats.queued_ms, 20);
  talk_free (talk);
}
END_TEST

START_TEST (what_is_sent_at_a_fallback_reaches_the_engine_that_takes_over)
{
  Talk *talk;

  set_text (&add_dead_engine ("bot")->on_failure, "fallback:echo");
  talk = talk_new_prepared ("bot", NULL);
  talk->sends_at = "engine-fallback";
  vgw_conversation_start (talk->conversation);
  WAIT_UNTIL (talk->n_changed > 0);
  WAIT_UNTIL (count_events (talk, "{\"a\":1}") == 1); /* from echo */
  talk_free (talk);
}
END_TEST

START_TEST (the_fallbacks_own_policy_applies)
{
  Talk *talk;

  set_text (&add_dead_engine ("one")->on_failure, "fallback:two");
  set_text (&add_dead_engine ("two")->on_failure, "fallback:three");
  set_text (&add_dead_engine ("three")->on_failure, "hold");
  talk = talk_new ("one");
  WAIT_UNTIL (count_events (talk, "engine-failed") > 0);
  ck_assert_uint_eq (count_events (talk, "engine-fallback"), 2);
  ck_assert_uint_eq (count_events (talk, "engine-connecting"), 3);
  ck_assert (talk_goes_on (talk));
  talk_free (talk);
}
END_TEST

START_TEST (an_engine_that_cannot_start_has_failed)
{
  VgwEngineConfig *recorder = add_engine ("rec", "record");
  Talk *talk;

  set_text (&recorder->record_directory, "/proc/self/exe/nowhere");
  set_text (&recorder->on_failure, "fallback:echo");
  talk = talk_new ("rec");
  ck_assert_uint_eq (count_events (talk, "engine-fallback"), 1);
  ck_assert (talk_goes_on (talk));
  ck_assert_uint_ge (talk->n_events_at_start, 1); /* the client is notified of the fallback before it is active */
  ck_assert_str_eq (vgw_conversation_get_config (talk->conversation)->name, "echo");
  talk_free (talk);
}
END_TEST

static const struct
{
  const char *policy;
  const char *event;
} endings[] = { { "hold", "engine-failed" }, { "fallback:echo", "engine-fallback" }, { "end", "engine-connecting" } };

START_TEST (a_conversation_may_be_stopped_by_any_report)
{
  Talk *talk;

  set_text (&add_dead_engine ("bot")->on_failure, endings[_i].policy);
  talk = talk_new_prepared ("bot", NULL);
  talk->stops_at = endings[_i].event;
  vgw_conversation_start (talk->conversation);
  WAIT_UNTIL (vgw_conversation_get_bridge (talk->conversation) == NULL);
  settle ();
  ck_assert_uint_eq (count_events (talk, endings[_i].event), 1);
  ck_assert_ptr_null (vgw_conversation_get_engine (talk->conversation));
  ck_assert_uint_eq (talk->n_changed + talk->n_failed, 0);
  talk_free (talk);
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
  tcase_add_test (failure, what_is_sent_at_a_fallback_reaches_the_engine_that_takes_over);
  tcase_add_test (failure, the_fallbacks_own_policy_applies);
  tcase_add_test (failure, an_engine_that_cannot_start_has_failed);
  tcase_add_loop_test (failure, a_conversation_may_be_stopped_by_any_report, 0, G_N_ELEMENTS (endings));
  suite_add_tcase (suite, selection);
  suite_add_tcase (suite, failure);
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-conversation");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_WARNING);
  g_assert_true (vgw_media_prepare_process (NULL));
  add_tests (suite);
  return suite;
}
