/* The session without media: what it says and hears before an offer, its timers, and its end in all ways. */
#include "session-test.h"

#include <stdlib.h>

#include "base/vgw-log.h"
#include "run-suite.h"

#define ID_LENGTH 22 /* 128 bits in base64 without padding */
#define N_IDS 1000

START_TEST (the_first_word_is_session_with_id_servers_and_limits)
{
  Client *client;
  const VgwMessage *first;
  const VgwIceServer *server;

  test_context.client_ice_servers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);
  g_ptr_array_add (test_context.client_ice_servers, vgw_ice_server_new ("turn:turn.example:3478", "user", "secret"));
  test_context.limits.max_duration_s = 99;
  client = client_new_started ();

  ck_assert_uint_eq (client->messages->len, 1);
  first = client->messages->pdata[0];
  ck_assert_int_eq (first->type, VGW_MESSAGE_SESSION);
  ck_assert_str_eq (first->session_id, vgw_session_get_id (client->session));
  ck_assert_uint_eq (first->limits.max_candidates, test_context.limits.max_candidates);
  ck_assert_uint_eq (first->limits.max_duration_s, 99);
  ck_assert_uint_eq (first->limits.max_data_channels, test_context.limits.max_data_channels);
  ck_assert_uint_eq (first->limits.max_message_bytes, test_context.limits.max_message_bytes);
  ck_assert_uint_eq (first->ice_servers->len, 1);
  server = first->ice_servers->pdata[0];
  ck_assert_str_eq (server->url, "turn:turn.example:3478");
  ck_assert_str_eq (server->credential, "secret");
  ck_assert_uint_eq (books->n_registered, 1);
  ck_assert_str_eq (books->state, "new");
  client_free (client);
}
END_TEST

START_TEST (the_shorter_duration_counts)
{
  static const struct
  {
    guint configured_s, granted_s, told_s;
  } cases[] = { { 99, 0, 99 }, { 99, 10, 10 }, { 10, 99, 10 }, { 0, 10, 10 }, { 0, 0, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VgwGrant) grant = make_grant (NULL, "echo");
      g_autoptr (VgwSession) session = NULL;
      Client *client;

      test_context.limits.max_duration_s = cases[i].configured_s;
      grant->max_duration_s = cases[i].granted_s;
      session = vgw_session_new (&test_context, grant);
      client = client_watch (session);
      vgw_session_start (session);
      client_flush (client);
      ck_assert_uint_eq (client_last (client)->limits.max_duration_s, cases[i].told_s);
      vgw_session_end (session, VGW_END_CLIENT_BYE);
      client_free (client);
    }
}
END_TEST

START_TEST (ids_are_url_safe_and_never_the_same)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < N_IDS; i++)
    {
      g_autoptr (VgwGrant) grant = make_grant (NULL, "echo");
      g_autoptr (VgwSession) session = vgw_session_new (&test_context, grant);
      const char *id = vgw_session_get_id (session);

      ck_assert_uint_eq (strlen (id), ID_LENGTH);
      ck_assert_uint_eq (strspn (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"), ID_LENGTH);
      ck_assert (g_hash_table_add (seen, g_strdup (id)));
    }
}
END_TEST

START_TEST (bye_ends_the_session)
{
  Client *client = client_new_started ();

  client_say (client, "{\"type\":\"bye\",\"payload\":\"{}\"}");
  assert_ended (client, VGW_END_CLIENT_BYE);
  ck_assert_uint_eq (client->messages->len, 2);
  client_free (client);
}
END_TEST

START_TEST (every_reason_reaches_client_and_manager)
{
  Client *client = client_new_started ();

  vgw_session_end (client->session, (VgwEndReason) _i);
  assert_ended (client, (VgwEndReason) _i);
  client_free (client);
}
END_TEST

START_TEST (nothing_happens_after_the_end)
{
  Client *client = client_new_started ();
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE, "too large");
  guint n_messages;

  vgw_session_end (client->session, VGW_END_ENGINE);
  client_flush (client);
  n_messages = client->messages->len;
  vgw_session_end (client->session, VGW_END_SHUTDOWN);
  client_say (client, "{\"type\":\"bye\",\"payload\":\"{}\"}");
  client_say (client, "{\"type\":\"answer\",\"payload\":\"{\\\"type\\\":\\\"answer\\\",\\\"sdp\\\":\\\"x\\\"}\"}");
  client_say (client, "no JSON");
  vgw_session_handle_bad_message (client->session, error, TRUE);
  settle ();

  ck_assert_uint_eq (client->messages->len, n_messages);
  assert_ended (client, VGW_END_ENGINE);
  ck_assert_uint_eq (books->n_deregistered, 1);
  client_free (client);
}
END_TEST

START_TEST (an_end_before_the_start_is_no_session_for_the_manager)
{
  Client *client = client_new ();

  vgw_session_end (client->session, VGW_END_SHUTDOWN);
  client_flush (client);
  ck_assert_uint_eq (client->n_ended, 1);
  ck_assert_str_eq (client->reason, "shutdown");
  vgw_session_start (client->session);
  ck_assert_uint_eq (client->messages->len, 1);
  ck_assert_uint_eq (books->n_registered, 0);
  ck_assert_uint_eq (books->n_deregistered, 0);
  client_free (client);
}
END_TEST

START_TEST (without_an_offer_it_ends_by_itself)
{
  Client *client;

  test_context.limits.offer_timeout_ms = 20;
  client = client_new_started ();
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_OFFER_TIMEOUT);
  assert_error (client->messages->pdata[1], VGW_ERROR_TIMEOUT, TRUE);
  client_free (client);
}
END_TEST

START_TEST (messages_do_not_put_the_offer_timeout_off)
{
  Client *client;

  test_context.limits.offer_timeout_ms = 50;
  client = client_new_started ();
  WAIT_UNTIL ((client_say (client, "{\"type\":\"hello\",\"payload\":\"{}\"}"), client->n_ended > 0));
  assert_ended (client, VGW_END_OFFER_TIMEOUT);
  client_free (client);
}
END_TEST

START_TEST (the_duration_is_bounded)
{
  Client *client;

  test_context.limits.max_duration_s = 1;
  client = client_new_started ();
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_MAX_DURATION);
  client_free (client);
}
END_TEST

START_TEST (an_unknown_type_is_ignored)
{
  Client *client = client_new_started ();

  client_say (client, "{\"type\":\"weather\",\"payload\":\"{}\"}");
  ck_assert_uint_eq (client->messages->len, 1);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);
  client_free (client);
}
END_TEST

static const struct
{
  const char *text;
  VgwErrorCode code;
} wrong_messages[] = {
  { "{\"type\":\"answer\",\"payload\":\"{\\\"type\\\":\\\"answer\\\",\\\"sdp\\\":\\\"v=0\\\"}\"}",
    VGW_ERROR_BAD_STATE },
  { "{\"type\":\"event\",\"payload\":\"{\\\"a\\\":1}\"}", VGW_ERROR_BAD_STATE },
  { "{\"type\":\"session\",\"payload\":{\"id\":\"x\",\"iceServers\":[],\"limits\":{}}}", VGW_ERROR_BAD_MESSAGE },
  { "{\"type\":\"state\",\"payload\":{\"state\":\"active\"}}", VGW_ERROR_BAD_MESSAGE },
  { "{\"type\":\"track\",\"payload\":{\"kind\":\"audio\",\"codec\":\"OPUS\",\"clockRate\":48000,\"ssrc\":1,\"mid\":"
    "\"0\"}}",
    VGW_ERROR_BAD_MESSAGE },
  { "{\"type\":\"error\",\"payload\":{\"code\":\"internal\",\"message\":\"x\",\"fatal\":true}}",
    VGW_ERROR_BAD_MESSAGE },
  { "not JSON at all", VGW_ERROR_BAD_MESSAGE },
  { "", VGW_ERROR_BAD_MESSAGE },
  { "[1,2,3]", VGW_ERROR_BAD_MESSAGE },
  { "{\"type\":\"offer\",\"payload\":\"{}\"}", VGW_ERROR_BAD_MESSAGE },
  { "{\"payload\":\"{}\"}", VGW_ERROR_BAD_MESSAGE },
};

START_TEST (a_wrong_message_is_told_and_survived)
{
  Client *client = client_new_started ();

  client_say (client, wrong_messages[_i].text);
  ck_assert_uint_eq (client->messages->len, 2);
  assert_error (client_last (client), wrong_messages[_i].code, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);
  client_free (client);
}
END_TEST

START_TEST (nesting_that_is_too_deep_is_told_and_survived)
{
  Client *client = client_new_started ();
  g_autofree char *brackets = g_strnfill (1000, '[');
  g_autofree char *text = g_strconcat ("{\"type\":\"event\",\"payload\":{\"a\":", brackets, NULL);

  client_say (client, text);
  assert_error (client_last (client), VGW_ERROR_TOO_LARGE, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);
  client_free (client);
}
END_TEST

START_TEST (a_bad_message_that_closes_the_channel_ends_the_session)
{
  Client *client = client_new_started ();
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE, "a message over 65536 bytes");

  vgw_session_handle_bad_message (client->session, error, TRUE);
  assert_error (client->messages->pdata[1], VGW_ERROR_TOO_LARGE, TRUE);
  assert_ended (client, VGW_END_ERROR);
  client_free (client);
}
END_TEST

#define CANDIDATE "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"%s\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}}"

START_TEST (early_candidates_are_kept_up_to_the_bound_and_the_excess_is_told_once)
{
  g_autofree char *text = g_strdup_printf (CANDIDATE, "candidate:1 1 UDP 1 192.0.2.9 9 typ host");
  Client *client;

  test_context.limits.max_candidates = 3;
  client = client_new_started ();
  for (int i = 0; i < 3; i++)
    client_say (client, text);
  ck_assert_uint_eq (client->messages->len, 1);
  client_say (client, text);
  ck_assert_uint_eq (client->messages->len, 2);
  assert_error (client_last (client), VGW_ERROR_TOO_LARGE, FALSE);
  for (int i = 0; i < 100; i++)
    client_say (client, text);
  ck_assert_uint_eq (client->messages->len, 2);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);
  client_free (client);
}
END_TEST

START_TEST (a_candidate_that_is_too_long_is_refused)
{
  g_autofree char *candidate = g_strnfill (VGW_LEG_MAX_CANDIDATE_BYTES + 1, 'c');
  g_autofree char *text = g_strdup_printf (CANDIDATE, candidate);
  Client *client = client_new_started ();

  client_say (client, text);
  assert_error (client_last (client), VGW_ERROR_TOO_LARGE, FALSE);
  client_free (client);
}
END_TEST

static const char *const quitting_types[] = { "session", "error", "state" };

START_TEST (a_handler_may_end_and_drop_the_session)
{
  Client *client = client_new ();
  VgwSession *watched = client->session;

  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  client->quits_at = quitting_types[_i];
  vgw_session_start (client->session);
  client_flush (client);
  if (client->session != NULL)
    client_say (client, "{\"type\":\"answer\",\"payload\":{\"type\":\"answer\",\"sdp\":\"v=0\"}}");
  if (client->session != NULL)
    client_say (client, "{\"type\":\"bye\",\"payload\":\"{}\"}");

  ck_assert_ptr_null (client->session);
  ck_assert_ptr_null (watched);
  ck_assert_uint_eq (books->n_deregistered, 1);
  client_free (client);
}
END_TEST

START_TEST (a_timer_whose_handler_drops_the_session_is_the_last_of_it)
{
  Client *client;
  VgwSession *watched;

  test_context.limits.offer_timeout_ms = 20;
  client = client_new_started ();
  watched = client->session;
  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  client->quits_at = "error";
  WAIT_UNTIL (watched == NULL);
  ck_assert_str_eq (books->reason, "offer-timeout");
  client_free (client);
}
END_TEST

START_TEST (a_session_that_is_only_dropped_leaves_the_books_in_order_and_says_nothing)
{
  Client *client = client_new_started ();
  VgwSession *session = client->session;

  test_context.limits.offer_timeout_ms = 20;
  client->session = NULL;
  g_object_unref (session);
  ck_assert_uint_eq (client->messages->len, 1);
  ck_assert_uint_eq (client->n_ended, 0);
  ck_assert_uint_eq (books->n_deregistered, 1);
  ck_assert_str_eq (books->reason, "error");
  settle ();
  client_free (client);
}
END_TEST

static void
add_tests_of_the_end (TCase *tcase)
{
  tcase_add_test (tcase, bye_ends_the_session);
  tcase_add_loop_test (tcase, every_reason_reaches_client_and_manager, 0, VGW_END_ERROR + 1);
  tcase_add_test (tcase, nothing_happens_after_the_end);
  tcase_add_test (tcase, an_end_before_the_start_is_no_session_for_the_manager);
  tcase_add_test (tcase, without_an_offer_it_ends_by_itself);
  tcase_add_test (tcase, messages_do_not_put_the_offer_timeout_off);
  tcase_add_test (tcase, the_duration_is_bounded);
  tcase_add_loop_test (tcase, a_handler_may_end_and_drop_the_session, 0, G_N_ELEMENTS (quitting_types));
  tcase_add_test (tcase, a_timer_whose_handler_drops_the_session_is_the_last_of_it);
  tcase_add_test (tcase, a_session_that_is_only_dropped_leaves_the_books_in_order_and_says_nothing);
}

static void
add_tests_of_messages (TCase *tcase)
{
  tcase_add_test (tcase, the_first_word_is_session_with_id_servers_and_limits);
  tcase_add_test (tcase, ids_are_url_safe_and_never_the_same);
  tcase_add_test (tcase, the_shorter_duration_counts);
  tcase_add_test (tcase, an_unknown_type_is_ignored);
  tcase_add_loop_test (tcase, a_wrong_message_is_told_and_survived, 0, G_N_ELEMENTS (wrong_messages));
  tcase_add_test (tcase, nesting_that_is_too_deep_is_told_and_survived);
  tcase_add_test (tcase, a_bad_message_that_closes_the_channel_ends_the_session);
  tcase_add_test (tcase, early_candidates_are_kept_up_to_the_bound_and_the_excess_is_told_once);
  tcase_add_test (tcase, a_candidate_that_is_too_long_is_refused);
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session");
  TCase *messages = tcase_create ("messages");
  TCase *end = tcase_create ("end");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (messages, set_up_context, tear_down_context);
  add_tests_of_messages (messages);
  suite_add_tcase (suite, messages);
  tcase_add_checked_fixture (end, set_up_context, tear_down_context);
  tcase_set_timeout (end, 60);
  add_tests_of_the_end (end);
  suite_add_tcase (suite, end);

  return suite;
}
