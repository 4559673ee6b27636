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

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-conversation-events");
  TCase *events = tcase_create ("events");
  TCase *hangup = tcase_create ("hangup");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_add_checked_fixture (hangup, set_up, tear_down);
  tcase_add_test (hangup, what_was_said_before_a_hangup_is_heard);
  tcase_add_test (hangup, a_hangup_can_be_at_once);
  tcase_add_test (hangup, a_hangup_before_a_word_is_at_once);
  tcase_add_test (hangup, a_hangup_waits_for_nothing_that_is_cleared);
  tcase_add_test (hangup, a_hangup_does_not_wait_for_ever);
  tcase_add_test (hangup, a_client_may_end_the_call_during_a_hangup);
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
  return suite;
}
