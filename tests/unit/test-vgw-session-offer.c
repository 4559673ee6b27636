/* Offers to a session with its real media: of browsers, and such as are no use. */
#include "base/vgw-log.h"
#include "run-suite.h"
#include "session-media.h"

#define N_MOMENTS 25
#define MOMENT_US 6000 /* 25 of them are longer than a negotiation takes */
#define SHORT_MS 400   /* a bound that is to be reached */

START_TEST (an_offer_of_a_browser_is_answered_first_and_announced_then)
{
  Client *client = client_new_started ();
  const VgwMessage *answer;
  guint answer_at, connecting_at;

  client_offer_browser (client);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEGOTIATING);
  client_wait_for (client, VGW_PHASE_CONNECTING);

  answer = client_find (client, VGW_MESSAGE_ANSWER, NULL, &answer_at);
  ck_assert_ptr_nonnull (answer);
  ck_assert_ptr_nonnull (strstr (answer->sdp, "a=candidate:"));
  ck_assert_ptr_nonnull (client_find (client, VGW_MESSAGE_STATE, "connecting", &connecting_at));
  ck_assert_uint_lt (answer_at, connecting_at);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  assert_ended (client, VGW_END_CLIENT_BYE);
  ck_assert_str_eq (books->codec, "OPUS");
  client_free (client);
}
END_TEST

START_TEST (who_never_connects_is_given_up)
{
  Client *client;

  test_context.limits.connect_timeout_ms = SHORT_MS;
  client = client_new_started ();
  client_offer_browser (client);
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_CONNECT_TIMEOUT);
  assert_error (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_TIMEOUT, TRUE);
  ck_assert_uint_eq (books->n_updated, 0);
  client_free (client);
}
END_TEST

static guint
count_messages (Client *client, VgwMessageType type)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    n += ((const VgwMessage *) client->messages->pdata[i])->type == type;
  return n;
}

START_TEST (of_early_offers_those_of_the_same_connection_are_answered)
{
  g_autofree char *other = browser_offer ("sha-256 41:1D", "sha-256 42:1D");
  Client *client = client_new_started ();

  client_offer_browser (client);
  client_offer_browser (client);
  assert_error (client_last (client), VGW_ERROR_BAD_STATE, FALSE);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  client_offer_browser (client);
  ck_assert_uint_eq (count_messages (client, VGW_MESSAGE_ANSWER), 2);
  ck_assert_uint_eq (count_messages (client, VGW_MESSAGE_STATE), 1);
  client_offer (client, other);
  assert_error (client_last (client), VGW_ERROR_BAD_STATE, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

START_TEST (an_offer_of_no_use_may_be_followed_by_a_better_one)
{
  g_autofree char *bad = browser_offer (bad_offers[_i].from, bad_offers[_i].to);
  Client *client = client_new_started ();

  client_offer (client, bad);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_last (client), bad_offers[_i].code, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);

  client_offer_browser (client);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ANSWER, NULL));
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

START_TEST (a_codec_that_no_pipeline_serves_is_refused)
{
  static const char *const only_pcmu[] = { "pcmu", NULL };
  g_autofree char *opus_only = browser_offer ("UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "UDP/TLS/RTP/SAVPF 111");
  Client *client;

  vgw_media_shutdown (test_context.media);
  g_object_unref (test_context.media);
  test_context.media = media_new (VGW_ICE_AGENT_MUX, only_pcmu, MAX_MLINES);
  client = client_new_started ();
  client_offer (client, opus_only);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_last (client), VGW_ERROR_UNSUPPORTED, FALSE);
  ck_assert_ptr_nonnull (strstr (client_last (client)->error_message, "PCMU"));
  client_free (client);
}
END_TEST

START_TEST (too_many_offers_of_no_use_end_the_session)
{
  Client *client = client_new_started ();

  for (guint i = 1; i < VGW_LEG_MAX_FAILED_OFFERS; i++)
    {
      client_offer (client, "v=0");
      client_wait_for (client, VGW_PHASE_NEW);
      assert_error (client_last (client), VGW_ERROR_BAD_MESSAGE, FALSE);
    }
  client_offer (client, "v=0");
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ERROR);
  assert_error (client->messages->pdata[client->messages->len - 2], VGW_ERROR_BAD_MESSAGE, TRUE);
  client_free (client);
}
END_TEST

START_TEST (time_for_an_offer_begins_anew_after_one_of_no_use)
{
  Client *client;

  test_context.limits.offer_timeout_ms = SHORT_MS;
  client = client_new_started ();
  client_offer (client, "v=0");
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_OFFER_TIMEOUT);
  client_free (client);
}
END_TEST

START_TEST (candidates_before_the_offer_are_judged_with_it)
{
  Client *client = client_new_started ();

  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"nonsense\",\"sdpMid\":\"0\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":"
                      "{\"candidate\":\"candidate:1 1 UDP 1 127.0.0.1 9 typ host\",\"sdpMid\":\"0\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":null}");
  ck_assert_uint_eq (client->messages->len, 1);

  client_offer_browser (client);
  ck_assert_uint_eq (client->messages->len, 2);
  assert_error (client_last (client), VGW_ERROR_BAD_MESSAGE, FALSE);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  guint n_messages = client->messages->len;
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"candidate:1 1 UDP 1 127.0.0.1 9 typ host\","
                      "\"sdpMid\":\"no such line\",\"sdpMLineIndex\":7}}"); /* ignored */
  ck_assert_uint_eq (client->messages->len, n_messages);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

static const VgwSessionPhase phases_before_active[] = { VGW_PHASE_NEGOTIATING, VGW_PHASE_CONNECTING };

START_TEST (an_end_before_the_connection_leaves_no_peer)
{
  Client *client = client_new_started ();
  guint n_messages;

  client_offer_browser (client);
  client_wait_for (client, phases_before_active[_i]);
  vgw_session_end (client->session, VGW_END_WEBSOCKET_CLOSED);
  assert_ended (client, VGW_END_WEBSOCKET_CLOSED);
  n_messages = client->messages->len;
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  settle ();
  ck_assert_uint_eq (client->messages->len, n_messages);
  client_free (client);
}
END_TEST

/* The steps of webrtcbin are spread over its own thread: the end falls between all of them. */
START_TEST (an_end_at_any_moment_of_the_negotiation_leaves_no_peer)
{
  for (guint n_turns = 0; n_turns < N_MOMENTS; n_turns++)
    {
      Client *client = client_new_started ();
      gint64 end_at_us = g_get_monotonic_time () + n_turns * MOMENT_US;

      client_offer_browser (client);
      while (g_get_monotonic_time () < end_at_us)
        g_main_context_iteration (NULL, FALSE);
      vgw_session_end (client->session, VGW_END_WEBSOCKET_CLOSED);
      client_free (client);
      WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
    }
  WAIT_UNTIL (G_OBJECT (test_context.media)->ref_count == 1);
}
END_TEST

START_TEST (a_drop_before_the_connection_leaves_no_peer)
{
  Client *client = client_new_started ();
  VgwSession *watched = client->session;

  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  client_offer_browser (client);
  client_wait_for (client, phases_before_active[_i]);
  client_let_go (client);
  ck_assert_ptr_null (watched);
  ck_assert_uint_eq (books->n_deregistered, 1);
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  client_free (client);
}
END_TEST

static const char *const quitting_types[] = { "answer", "state", "error" };

START_TEST (a_handler_may_end_and_drop_the_session_during_an_offer)
{
  Client *client = client_new_started ();

  client->quits_at = quitting_types[_i];
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"nonsense\",\"sdpMid\":\"0\"}}");
  client_offer_browser (client);
  WAIT_UNTIL (client->session == NULL);
  ck_assert_uint_eq (books->n_deregistered, 1);
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  client_free (client);
}
END_TEST

START_TEST (an_offer_without_room_for_a_peer_is_told_busy)
{
  VgwCapacityCost peer = { .files = G_MAXINT };
  Client *client;

  test_context.capacity = vgw_capacity_new (&peer);
  client = client_new_started ();
  client_offer_browser (client);
  assert_error (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_BUSY, TRUE);
  assert_ended (client, VGW_END_ERROR);
  ck_assert_uint_eq (vgw_media_count_peers (test_context.media), 0);
  ck_assert_uint_eq (vgw_capacity_count_refused (test_context.capacity, VGW_CAPACITY_FILES), 1);
  client_free (client);
  g_clear_pointer (&test_context.capacity, vgw_capacity_free);
}
END_TEST

/* One peer that is being set up leaves no room for a second one; whatever becomes of it, there is room again. */
START_TEST (a_peer_gives_its_room_back_however_it_ends)
{
  VgwCapacityLimits limits;
  VgwCapacityCost peer = { 0 };
  g_autofree char *useless = browser_offer ("v=0", "no SDP");
  Client *client, *other;

  vgw_capacity_read_limits (&limits);
  peer.files = (guint) MIN ((limits.files - vgw_capacity_count_files ()) * 2 / 3, G_MAXINT / 2);
  test_context.capacity = vgw_capacity_new (&peer);

  client = client_new_started ();
  client_offer (client, useless); /* refused: the session goes on without a peer */
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  client_offer_browser (client);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  other = client_new_started ();
  client_offer_browser (other);
  assert_error (client_find (other, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_BUSY, TRUE);
  client_free (other);

  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
  client = client_new_started ();
  client_offer_browser (client);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEGOTIATING);
  client_free (client);
  g_clear_pointer (&test_context.capacity, vgw_capacity_free);
}
END_TEST

START_TEST (an_engine_that_cannot_be_made_ends_the_session)
{
  Client *client = client_new_started ();

  set_text (&get_engine_config ()->type, "parrot");
  client_offer_browser (client);
  assert_ended (client, VGW_END_ENGINE);
  assert_error (client->messages->pdata[1], VGW_ERROR_INTERNAL, TRUE);
  ck_assert_ptr_null (strstr (((VgwMessage *) client->messages->pdata[1])->error_message, "parrot"));
  client_free (client);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-offer");
  TCase *tcase = tcase_create ("offers");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_add_checked_fixture (tcase, set_up_media, tear_down_media);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, an_offer_of_a_browser_is_answered_first_and_announced_then);
  tcase_add_test (tcase, who_never_connects_is_given_up);
  tcase_add_test (tcase, of_early_offers_those_of_the_same_connection_are_answered);
  tcase_add_loop_test (tcase, an_offer_of_no_use_may_be_followed_by_a_better_one, 0, N_BAD_OFFERS);
  tcase_add_test (tcase, a_codec_that_no_pipeline_serves_is_refused);
  tcase_add_test (tcase, too_many_offers_of_no_use_end_the_session);
  tcase_add_test (tcase, time_for_an_offer_begins_anew_after_one_of_no_use);
  tcase_add_test (tcase, candidates_before_the_offer_are_judged_with_it);
  tcase_add_loop_test (tcase, an_end_before_the_connection_leaves_no_peer, 0, G_N_ELEMENTS (phases_before_active));
  tcase_add_test (tcase, an_end_at_any_moment_of_the_negotiation_leaves_no_peer);
  tcase_add_loop_test (tcase, a_drop_before_the_connection_leaves_no_peer, 0, G_N_ELEMENTS (phases_before_active));
  tcase_add_loop_test (tcase, a_handler_may_end_and_drop_the_session_during_an_offer, 0, G_N_ELEMENTS (quitting_types));
  tcase_add_test (tcase, an_offer_without_room_for_a_peer_is_told_busy);
  tcase_add_test (tcase, a_peer_gives_its_room_back_however_it_ends);
  tcase_add_test (tcase, an_engine_that_cannot_be_made_ends_the_session);
  suite_add_tcase (suite, tcase);
  return suite;
}
