/* Events of a conversation within their bounds, and its end when the engine hangs up. */
#include "conversation-test.h"

#define N_EVENTS 100
#define EVENTS_PER_SECOND 10

START_TEST (events_of_a_client_are_bounded_in_number)
{
  TestKeeper *keeper;
  Talk *talk;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  talk = talk_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
  ck_assert_uint_ge (keeper->n_events, 2 * EVENTS_PER_SECOND);
  ck_assert_uint_lt (keeper->n_events, N_EVENTS);
  ck_assert_uint_ge (count_errors (talk, VGW_ERROR_TOO_LARGE), 1);
  ck_assert_uint_lt (count_errors (talk, VGW_ERROR_TOO_LARGE), 10); /* one in a second, however slow this machine */
  ck_assert (talk_goes_on (talk));
  talk_free (talk);
}
END_TEST

START_TEST (after_a_while_events_pass_again)
{
  TestKeeper *keeper;
  Talk *talk;
  guint n_before;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  talk = talk_new_kept (&keeper);
  while (count_errors (talk, VGW_ERROR_TOO_LARGE) == 0)
    vgw_conversation_handle_event (talk->conversation, "{}");
  n_before = keeper->n_events;
  WAIT_UNTIL ((vgw_conversation_handle_event (talk->conversation, "{}"), keeper->n_events > n_before));
  talk_free (talk);
}
END_TEST

START_TEST (no_bound_is_no_bound)
{
  TestKeeper *keeper;
  Talk *talk;

  test_context.limits.max_events_per_second = 0;
  talk = talk_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
  ck_assert_uint_eq (keeper->n_events, N_EVENTS);
  talk_free (talk);
}
END_TEST

START_TEST (events_are_bounded_in_size_on_both_ways)
{
  g_autofree char *filling = g_strnfill (5000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"a\":\"%s\"}", filling);
  TestKeeper *keeper;
  Talk *talk;

  test_context.limits.max_message_bytes = 4096;
  talk = talk_new_kept (&keeper);
  vgw_conversation_handle_event (talk->conversation, large);
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (talk, VGW_ERROR_TOO_LARGE), 1);
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = large });
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = large });
  ck_assert_uint_eq (count_events (talk, "xxx"), 0);
  ck_assert_uint_eq (keeper->n_events, 1); /* it is notified of the first one */
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":\"b\"}" });
  ck_assert_uint_eq (count_events (talk, "\"b\""), 1);
  talk_free (talk);
}
END_TEST

START_TEST (events_of_an_engine_are_bounded_in_number)
{
  TestKeeper *keeper;
  Talk *talk;

  test_context.limits.max_events_per_second = EVENTS_PER_SECOND;
  talk = talk_new_kept (&keeper);
  for (guint i = 0; i < N_EVENTS; i++)
    vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":1}" });
  ck_assert_uint_ge (count_events (talk, "\"a\""), 2 * EVENTS_PER_SECOND);
  ck_assert_uint_lt (count_events (talk, "\"a\""), N_EVENTS);
  ck_assert_uint_eq (talk->errors->len, 0); /* not the client's fault */
  ck_assert_uint_eq (keeper->n_events, 1);  /* the engine hears of it, once */
  talk_free (talk);
}
END_TEST

START_TEST (an_event_that_is_no_json_is_refused)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_kept (&keeper);

  vgw_conversation_handle_event (talk->conversation, "no json");
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (talk, VGW_ERROR_BAD_MESSAGE), 1);
  talk_free (talk);
}
END_TEST

START_TEST (events_that_find_no_room_are_dropped_and_the_engine_is_notified)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_kept (&keeper);

  talk->is_full = TRUE;
  for (guint i = 0; i < N_EVENTS; i++)
    vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":1}" });
  ck_assert_uint_eq (talk->events->len, 0);
  ck_assert_uint_eq (keeper->n_events, 1);
  talk->is_full = FALSE;
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":1}" });
  ck_assert_uint_eq (talk->events->len, 1);
  ck_assert (talk_goes_on (talk));
  talk_free (talk);
}
END_TEST

START_TEST (events_before_the_start_wait_for_it)
{
  g_autofree char *filling = g_strnfill (40000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"a\":\"%s\"}", filling);
  TestKeeper *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  Talk *talk = talk_new_prepared ("echo", VGW_ENGINE (keeper));

  vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
  vgw_conversation_handle_event (talk->conversation, large);
  vgw_conversation_handle_event (talk->conversation, large); /* more than may wait */
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (talk, VGW_ERROR_TOO_LARGE), 1);
  vgw_conversation_start (talk->conversation);
  ck_assert_uint_eq (talk->n_started, 1);
  ck_assert_uint_eq (keeper->n_events, 2);
  talk_free (talk);
}
END_TEST

/* --- hang-up --- */

/* A keeper that has said 200 ms and hung up. */
static Talk *
talk_new_hung_up (TestKeeper **keeper, VgwPlayout **playout)
{
  Talk *talk = talk_new_kept (keeper);
  gint16 voice[10 * 320] = { 0 };

  vgw_engine_play (VGW_ENGINE (*keeper), voice, G_N_ELEMENTS (voice));
  *playout = talk_get_playout (talk);
  vgw_engine_emit (VGW_ENGINE (*keeper), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
  return talk;
}

START_TEST (what_was_said_before_a_hangup_is_heard)
{
  gint16 frame[320];
  TestKeeper *keeper;
  VgwPlayout *playout;
  Talk *talk = talk_new_hung_up (&keeper, &playout);

  for (guint i = 0; i < 10; i++)
    {
      vgw_engine_emit (VGW_ENGINE (keeper),
                       &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }); /* again, which is no news */
      settle ();
      ck_assert (talk_goes_on (talk));
      ck_assert_uint_eq (vgw_playout_pop (playout, frame, G_N_ELEMENTS (frame)), G_N_ELEMENTS (frame));
    }
  WAIT_UNTIL (talk->n_hung_up > 0);
  talk_free (talk);
}
END_TEST

START_TEST (a_hangup_can_be_at_once)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Talk *talk;

  get_engine_config ()->hangup = VGW_HANGUP_NOW;
  talk = talk_new_hung_up (&keeper, &playout);
  ck_assert_uint_eq (talk->n_hung_up, 1);
  talk_free (talk);
}
END_TEST

START_TEST (a_hangup_before_a_word_is_at_once)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_kept (&keeper);

  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
  ck_assert_uint_eq (talk->n_hung_up, 1);
  talk_free (talk);
}
END_TEST

/* By the caller, who interrupts, or by the engine. */
START_TEST (a_hangup_waits_for_nothing_that_is_cleared)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Talk *talk = talk_new_hung_up (&keeper, &playout);

  vgw_playout_clear (playout);
  WAIT_UNTIL (talk->n_hung_up > 0);
  talk_free (talk);
}
END_TEST

START_TEST (a_hangup_does_not_wait_for_ever)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Talk *talk = talk_new_hung_up (&keeper, &playout);

  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
  WAIT_UNTIL (talk->n_hung_up > 0);
  talk_free (talk);
}
END_TEST

START_TEST (a_client_may_end_the_call_during_a_hangup)
{
  TestKeeper *keeper;
  VgwPlayout *playout;
  Talk *talk = talk_new_hung_up (&keeper, &playout);

  vgw_conversation_stop (talk->conversation, "client-bye");
  settle ();
  ck_assert_uint_eq (talk->n_hung_up, 0);
  talk_free (talk);
}
END_TEST

/* A door that ends calls stops the conversation later. */
START_TEST (an_end_is_reported_once_and_nothing_is_started_after_it)
{
  const GError error = { VGW_ERROR, VGW_ERROR_ENGINE, (char *) "broken" };
  const VgwEngineOutput outputs[] = {
    { .type = VGW_ENGINE_OUTPUT_HANGUP },
    { VGW_ENGINE_OUTPUT_FAILED, .error = &error },
  };
  TestKeeper *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  Talk *talk = talk_new_prepared ("echo", VGW_ENGINE (keeper));

  talk->stops_later = TRUE;
  keeper->output_at_start = &outputs[_i];
  vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
  vgw_conversation_start (talk->conversation);
  ck_assert_uint_eq (talk->n_hung_up + talk->n_failed, 1);
  ck_assert_uint_eq (_i == 0 ? talk->n_hung_up : talk->n_failed, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (outputs); i++)
    vgw_engine_emit (VGW_ENGINE (keeper), &outputs[i]);
  settle ();
  ck_assert_uint_eq (talk->n_started, 0);
  ck_assert_uint_eq (talk->n_hung_up + talk->n_failed, 1);
  ck_assert_uint_eq (keeper->n_events, 0);
  talk_free (talk);
}
END_TEST

/* --- moments --- */

static void
play_ms (TestKeeper *keeper, Talk *talk, guint ms)
{
  gsize n_samples = ms * vgw_bridge_get_format (vgw_conversation_get_bridge (talk->conversation))->rate_hz / 1000;
  g_autofree gint16 *samples = g_new0 (gint16, n_samples);

  vgw_engine_play (VGW_ENGINE (keeper), samples, n_samples);
}

/* What the pacer would take. */
static void
take_frames (Talk *talk, guint n_frames)
{
  gsize n_samples =
      vgw_audio_format_frame_samples (vgw_bridge_get_format (vgw_conversation_get_bridge (talk->conversation)));
  g_autofree gint16 *samples = g_new (gint16, n_samples);

  for (guint i = 0; i < n_frames; i++)
    vgw_playout_pop (talk_get_playout (talk), samples, n_samples);
  settle ();
}

static void
expect_moments (Talk *talk, guint n_moments, ...)
{
  va_list types;

  ck_assert_uint_eq (talk->moments->len, n_moments);
  va_start (types, n_moments);
  for (guint i = 0; i < n_moments; i++)
    ck_assert_int_eq (((VgwMoment *) talk->moments->pdata[i])->type, va_arg (types, int));
  va_end (types);
}

static const VgwMoment *
last_moment (Talk *talk)
{
  return talk->moments->pdata[talk->moments->len - 1];
}

static void
emit_event (TestKeeper *keeper, const char *json)
{
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = json });
}

START_TEST (an_event_comes_at_once_and_again_when_its_audio_was_heard)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_watched (&keeper);

  play_ms (keeper, talk, 40);
  emit_event (keeper, "{\"said\":1}");
  play_ms (keeper, talk, 20);
  settle ();
  ck_assert_uint_eq (count_events (talk, "said"), 1);
  expect_moments (talk, 0);
  take_frames (talk, 1);
  expect_moments (talk, 1, VGW_MOMENT_BOT_STARTED);
  take_frames (talk, 1);
  expect_moments (talk, 2, VGW_MOMENT_BOT_STARTED, VGW_MOMENT_ENGINE_HEARD);
  ck_assert_str_eq (last_moment (talk)->json, "{\"said\":1}");
  ck_assert (!last_moment (talk)->is_lost);
  take_frames (talk, 7);
  expect_moments (talk, 2, VGW_MOMENT_BOT_STARTED, VGW_MOMENT_ENGINE_HEARD);
  take_frames (talk, 1); /* 200 ms after the last audio: more might only have been late */
  expect_moments (talk, 3, VGW_MOMENT_BOT_STARTED, VGW_MOMENT_ENGINE_HEARD, VGW_MOMENT_BOT_STOPPED);
  ck_assert_uint_eq (last_moment (talk)->utterance_ms, 60);
  ck_assert_uint_eq (keeper->n_playout, 0); /* it takes none */
  talk_free (talk);
}
END_TEST

/* Other audio comes between the event and its handling on the main thread. */
START_TEST (an_event_of_a_bot_is_heard_where_it_was_received)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_watched (&keeper);
  guint64 place;

  play_ms (keeper, talk, 20);
  place = vgw_engine_add_place (VGW_ENGINE (keeper));
  ck_assert_uint_ne (place, 0);
  play_ms (keeper, talk, 1000);
  take_frames (talk, 1); /* the place is passed before its event is handled */
  vgw_engine_emit (VGW_ENGINE (keeper),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":1}", .place = place });
  expect_moments (talk, 2, VGW_MOMENT_BOT_STARTED, VGW_MOMENT_ENGINE_HEARD);
  ck_assert (!last_moment (talk)->is_lost);
  talk_free (talk);
}
END_TEST

START_TEST (an_interrupt_clears_what_was_not_heard)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_watched (&keeper);

  VGW_ENGINE_GET_CLASS (keeper)->takes_playout = TRUE;
  vgw_conversation_interrupt (talk->conversation); /* nothing was said: the engine is notified all the same */
  settle ();
  ck_assert_uint_eq (keeper->n_cleared, 1);
  expect_moments (talk, 0);
  play_ms (keeper, talk, 100);
  emit_event (keeper, "{\"said\":1}");
  take_frames (talk, 2);
  vgw_conversation_interrupt (talk->conversation);
  settle ();
  expect_moments (talk, 3, VGW_MOMENT_BOT_STARTED, VGW_MOMENT_BOT_CLEARED, VGW_MOMENT_ENGINE_HEARD);
  ck_assert (last_moment (talk)->is_lost);
  ck_assert_uint_eq (((VgwMoment *) talk->moments->pdata[1])->utterance_ms, 40);
  ck_assert_uint_eq (((VgwMoment *) talk->moments->pdata[1])->cleared_ms, 60);
  ck_assert_uint_eq (keeper->n_cleared, 2);
  ck_assert_uint_eq (keeper->n_playout, 2); /* no start and no place */
  ck_assert_uint_eq (count_events (talk, "playout-cleared"), 0);
  VGW_ENGINE_GET_CLASS (keeper)->takes_playout = FALSE;
  talk_free (talk);
}
END_TEST

START_TEST (speech_is_detected_for_moments_whatever_the_engine)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_watched (&keeper);

  ck_assert (!VGW_ENGINE_GET_CLASS (keeper)->takes_speech);
  ck_assert (vgw_caller_speech_wants_voice (vgw_conversation_get_speech (talk->conversation)));
  talk_free (talk);
}
END_TEST

START_TEST (without_a_door_for_them_there_are_no_moments)
{
  TestKeeper *keeper;
  Talk *talk = talk_new_kept (&keeper);

  ck_assert (!vgw_caller_speech_wants_voice (vgw_conversation_get_speech (talk->conversation)));
  ck_assert_uint_eq (vgw_engine_add_place (VGW_ENGINE (keeper)), 0);
  play_ms (keeper, talk, 20);
  emit_event (keeper, "{\"said\":1}");
  take_frames (talk, 3);
  expect_moments (talk, 0);
  ck_assert_uint_eq (count_events (talk, "said"), 1);
  talk_free (talk);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-conversation-events");
  TCase *events = tcase_create ("events");
  TCase *hangup = tcase_create ("hangup");
  TCase *moments = tcase_create ("moments");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_add_checked_fixture (hangup, set_up, tear_down);
  tcase_add_test (hangup, what_was_said_before_a_hangup_is_heard);
  tcase_add_test (hangup, a_hangup_can_be_at_once);
  tcase_add_test (hangup, a_hangup_before_a_word_is_at_once);
  tcase_add_test (hangup, a_hangup_waits_for_nothing_that_is_cleared);
  tcase_add_test (hangup, a_hangup_does_not_wait_for_ever);
  tcase_add_test (hangup, a_client_may_end_the_call_during_a_hangup);
  tcase_add_loop_test (hangup, an_end_is_reported_once_and_nothing_is_started_after_it, 0, 2);
  tcase_add_checked_fixture (events, set_up, tear_down);
  tcase_add_test (events, events_of_a_client_are_bounded_in_number);
  tcase_add_test (events, after_a_while_events_pass_again);
  tcase_add_test (events, no_bound_is_no_bound);
  tcase_add_test (events, events_that_find_no_room_are_dropped_and_the_engine_is_notified);
  tcase_add_test (events, events_before_the_start_wait_for_it);
  tcase_add_test (events, events_are_bounded_in_size_on_both_ways);
  tcase_add_test (events, events_of_an_engine_are_bounded_in_number);
  tcase_add_test (events, an_event_that_is_no_json_is_refused);
  suite_add_tcase (suite, events);
  suite_add_tcase (suite, hangup);
  tcase_add_checked_fixture (moments, set_up, tear_down);
  tcase_add_test (moments, an_event_comes_at_once_and_again_when_its_audio_was_heard);
  tcase_add_test (moments, an_event_of_a_bot_is_heard_where_it_was_received);
  tcase_add_test (moments, an_interrupt_clears_what_was_not_heard);
  tcase_add_test (moments, speech_is_detected_for_moments_whatever_the_engine);
  tcase_add_test (moments, without_a_door_for_them_there_are_no_moments);
  suite_add_tcase (suite, moments);
  return suite;
}
