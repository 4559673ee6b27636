/* Events of a session within their bounds and in their order, and the end of a call that its engine hangs up. */
#include "session-engine-test.h"

#define N_EVENTS 100
#define EVENTS_PER_SECOND 10

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
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
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
    vgw_conversation_handle_event (client->session->conversation, "{}");
  n_before = keeper->n_events;
  WAIT_UNTIL ((vgw_conversation_handle_event (client->session->conversation, "{}"), keeper->n_events > n_before));
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
  vgw_conversation_handle_event (client->session->conversation, large);
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (client, VGW_ERROR_TOO_LARGE), 1);
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = large });
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = large });
  ck_assert_uint_eq (count_events (client, "xxx"), 0);
  ck_assert_uint_eq (keeper->n_events, 1); /* it is notified of the first one */
  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":\"b\"}" });
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
    vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"a\":1}" });
  ck_assert_uint_ge (count_events (client, "\"a\""), 2 * EVENTS_PER_SECOND);
  ck_assert_uint_lt (count_events (client, "\"a\""), N_EVENTS);
  ck_assert (!client_got (client, VGW_MESSAGE_ERROR, NULL)); /* not the client's fault */
  ck_assert_uint_eq (keeper->n_events, 1);                   /* the engine hears of it, once */
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (an_event_that_is_no_json_is_refused)
{
  TestKeeper *keeper;
  Client *client = client_new_kept (&keeper);

  vgw_conversation_handle_event (client->session->conversation, "no json");
  ck_assert_uint_eq (keeper->n_events, 0);
  ck_assert_uint_eq (count_errors (client, VGW_ERROR_BAD_MESSAGE), 1);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

/* --- events that wait --- */

static gsize test_backlog;

static gsize
get_test_backlog (gpointer user_data)
{
  return test_backlog;
}

static void
emit_events (TestKeeper *keeper, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      g_autofree char *json = g_strdup_printf ("{\"i\":%u}", i);
      vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = json });
    }
}

static void
assert_events_in_order (Client *client, guint n_wanted)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];
      g_autofree char *wanted = g_strdup_printf ("{\"i\":%u}", n);

      if (message->type != VGW_MESSAGE_EVENT || !g_str_has_prefix (message->event_json, "{\"i\""))
        continue;
      ck_assert_str_eq (message->event_json, wanted);
      n++;
    }
  ck_assert_uint_eq (n, n_wanted);
}

START_TEST (events_wait_for_a_client_that_is_slow_and_keep_their_order)
{
  TestKeeper *keeper;
  Client *client = client_new_kept (&keeper);

  vgw_session_set_backlog_func (client->session, get_test_backlog, NULL);
  test_backlog = 1024 * 1024;
  emit_events (keeper, 0, 10);
  settle ();
  ck_assert_uint_eq (count_events (client, "\"i\""), 0);
  test_backlog = 0;
  WAIT_UNTIL (count_events (client, "\"i\"") > 0);
  emit_events (keeper, 10, 20);
  WAIT_UNTIL (count_events (client, "\"i\"") == 20);
  assert_events_in_order (client, 20);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (events_that_wait_at_the_end_are_sent_or_dropped)
{
  TestKeeper *keeper;
  Client *client = client_new_kept (&keeper);

  vgw_session_set_backlog_func (client->session, get_test_backlog, NULL);
  test_backlog = 1024 * 1024;
  emit_events (keeper, 0, 10);
  test_backlog = (gsize) _i * 1024 * 1024;
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  assert_events_in_order (client, _i == 0 ? 10 : 0);
  assert_ended (client, VGW_END_CLIENT_BYE);
  client_free (client);
}
END_TEST

START_TEST (events_that_wait_are_bounded_and_the_engine_hears_of_it)
{
  TestKeeper *keeper;
  Client *client;
  g_autofree char *filling = g_strnfill (60000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"a\":\"%s\"}", filling);

  test_context.limits.max_message_bytes = 65536;
  client = client_new_kept (&keeper); /* no bound of their number */
  vgw_session_set_backlog_func (client->session, get_test_backlog, NULL);
  test_backlog = 1024 * 1024;
  for (guint i = 0; i < 500; i++)
    vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = large });
  ck_assert_uint_le (client->session->outbox_bytes, 17 * 1024 * 1024);
  ck_assert_uint_eq (keeper->n_events, 1);
  ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
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
  *playout = vgw_bridge_get_playout (vgw_conversation_get_bridge (client->session->conversation));
  vgw_engine_emit (VGW_ENGINE (*keeper), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
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
      vgw_engine_emit (VGW_ENGINE (keeper),
                       &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }); /* again, which is no news */
      settle ();
      ck_assert_int_eq (vgw_session_get_state (client->session), VGW_SESSION_ACTIVE);
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

  vgw_engine_emit (VGW_ENGINE (keeper), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
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

  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
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

int
main (void)
{
  Suite *suite = suite_create ("vgw-session-events");
  TCase *events = tcase_create ("events");
  TCase *hangup = tcase_create ("hangup");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  if (!vgw_media_prepare_process (NULL))
    return EXIT_FAILURE;
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
  tcase_add_test (events, events_wait_for_a_client_that_is_slow_and_keep_their_order);
  tcase_add_loop_test (events, events_that_wait_at_the_end_are_sent_or_dropped, 0, 2);
  tcase_add_test (events, events_that_wait_are_bounded_and_the_engine_hears_of_it);
  tcase_add_test (events, events_are_bounded_in_size_on_both_ways);
  tcase_add_test (events, events_of_an_engine_are_bounded_in_number);
  tcase_add_test (events, an_event_that_is_no_json_is_refused);
  suite_add_tcase (suite, events);
  suite_add_tcase (suite, hangup);
  return run_suite (suite);
}
