/* The assistant's side of the native protocol: what begins and ends a conversation, and who may have one. */
#include "assistant-peer.h"

#include <check.h>
#include <string.h>

#include "assistant/vgw-assistant-dialogue.h"
#include "run-suite.h"

/* Sends @text first of all. Returns: how the WebSocket is closed */
static gushort
get_close_code (const char *text)
{
  g_autoptr (VgwAssistantServer) server = assistant_server (assistant_models, 1);
  AssistantPeer *peer = assistant_peer_connect (server, NULL);
  gushort close_code;

  assistant_peer_send (peer, text);
  WAIT_UNTIL_WITHIN (ANSWER_US, peer->close_code != 0);
  close_code = peer->close_code;
  assistant_peer_free (peer);
  return close_code;
}

START_TEST (a_start_that_it_cannot_use_ends_the_connection)
{
  ck_assert_uint_eq (get_close_code ("{\"type\":\"start\"}"), 1002);
  ck_assert_uint_eq (get_close_code ("{\"type\":\"start\",\"version\":2,\"audio\":{\"sample_rate\":16000}}"), 1002);
  ck_assert_uint_eq (get_close_code ("{\"type\":\"start\",\"version\":1,\"audio\":{\"sample_rate\":4000}}"), 1002);
  ck_assert_uint_eq (get_close_code ("{\"type\":\"start\",\"version\":1,\"audio\":[]}"), 1002);
}
END_TEST

START_TEST (what_it_does_not_know_is_ignored)
{
  g_autoptr (VgwAssistantServer) server = assistant_server (assistant_models, 1);
  AssistantPeer *peer = assistant_peer_connect (server, NULL);
  const gint16 sample = 1;
  g_autofree char *greeting = NULL;

  assistant_peer_send (peer, "{\"type\":\"mark\",\"name\":\"speech-1\"}");
  assistant_peer_send (peer, "no JSON");
  soup_websocket_connection_send_binary (peer->socket, &sample, sizeof sample);
  assistant_peer_start (peer, RATE_HZ, FALSE);
  assistant_peer_start (peer, RATE_HZ, FALSE);
  assistant_peer_send (peer, "{\"type\":\"dtmf\",\"digit\":\"5\",\"duration_ms\":120}");
  assistant_peer_send (peer, "{\"type\":\"cleared\",\"marks\":[1,{},\"speech-7\"]}");
  assistant_peer_send (peer, "{\"type\":\"cleared\",\"marks\":\"speech-1\"}");
  assistant_peer_send (peer, "{\"type\":[]}");
  soup_websocket_connection_send_binary (peer->socket, &sample, 1);
  greeting = assistant_peer_wait_for_speech (peer);
  ck_assert_str_eq (greeting, vgw_assistant_dialogue_greet ());
  assistant_peer_free (peer);
}
END_TEST

START_TEST (a_caller_who_speaks_over_its_greeting_stops_it)
{
  AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);
  g_autofree char *greeting = assistant_peer_wait_for_speech (peer);

  ck_assert_uint_eq (peer->n_clears, 0);
  assistant_peer_send (peer, "{\"type\":\"speech-started\"}");
  WAIT_UNTIL_WITHIN (ANSWER_US, peer->n_clears > 0);
  assistant_peer_clear (peer);
  let_pass (0);
  assistant_peer_send (peer, "{\"type\":\"speech-started\"}");
  g_free (assistant_peer_ask (peer, "spell dog"));
  ck_assert_uint_eq (peer->n_clears, 1); /* while it listens there is nothing to clear */
  assistant_peer_free (peer);
}
END_TEST

/* The gateway has cleared the queue by itself, and answers the `clear` that crossed it while the next speech is played. */
START_TEST (an_answer_to_an_old_clear_is_not_taken_for_that_of_a_new_one)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);

  assistant_peer_say (peer, "spell dog");
  g_free (assistant_peer_wait_for_speech (peer));
  assistant_peer_send (peer, "{\"type\":\"cleared\",\"marks\":[]}");
  assistant_peer_send (peer, "{\"type\":\"mark\",\"name\":\"speech-1\"}");
  assistant_peer_say (peer, "goodbye"); /* its echo */
  assistant_peer_let_it_play (peer);
  g_free (assistant_peer_ask (peer, "spell cat"));
  g_free (g_queue_pop_head (&peer->heard));
  ck_assert_str_eq (g_queue_peek_head (&peer->heard), "spell cat");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (a_call_that_is_taken_up_again_is_not_greeted)
{
  g_autoptr (VgwAssistantServer) server = assistant_server (assistant_models, 1);
  AssistantPeer *peer = assistant_peer_connect (server, NULL);
  g_autofree char *answer = NULL;

  assistant_peer_start (peer, RATE_HZ, TRUE);
  answer = assistant_peer_ask (peer, "spell dog");
  ck_assert_str_eq (answer, "dog: D, O, G.");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (a_decoder_that_cannot_be_loaded_ends_the_call)
{
  g_autoptr (VgwAssistantModels) bad_models = vgw_assistant_models_new ("/nonexistent-models", NULL);
  AssistantPeer *peer = assistant_peer_greeted (bad_models, RATE_HZ);

  assistant_peer_say (peer, "spell dog");
  WAIT_UNTIL_WITHIN (ANSWER_US, peer->close_code != 0);
  ck_assert_uint_eq (peer->close_code, 1011);
  assistant_peer_free (peer);
}
END_TEST

START_TEST (there_is_a_bound_of_calls)
{
  g_autoptr (VgwAssistantServer) server = assistant_server (assistant_models, 2);
  AssistantPeer *peers[3];

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = assistant_peer_connect (server, NULL);
  ck_assert_uint_eq (peers[1]->status, SOUP_STATUS_SWITCHING_PROTOCOLS);
  ck_assert_uint_eq (peers[2]->status, SOUP_STATUS_SERVICE_UNAVAILABLE);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    assistant_peer_free (peers[i]);
  WAIT_UNTIL_WITHIN (ANSWER_US, vgw_assistant_server_count_calls (server) == 0);

  AssistantPeer *later = assistant_peer_connect (server, NULL);
  ck_assert_uint_eq (later->status, SOUP_STATUS_SWITCHING_PROTOCOLS);
  assistant_peer_free (later);
}
END_TEST

START_TEST (a_web_page_is_refused)
{
  g_autoptr (VgwAssistantServer) server = assistant_server (assistant_models, 1);
  AssistantPeer *peer = assistant_peer_connect (server, "https://shop.example");

  ck_assert_uint_eq (peer->status, SOUP_STATUS_FORBIDDEN);
  assistant_peer_free (peer);
}
END_TEST

START_TEST (a_server_that_stops_closes_with_1001)
{
  AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);

  g_free (assistant_peer_wait_for_speech (peer));
  vgw_assistant_server_stop (peer->server);
  WAIT_UNTIL_WITHIN (ANSWER_US, peer->close_code != 0);
  ck_assert_uint_eq (peer->close_code, 1001);
  WAIT_UNTIL_WITHIN (ANSWER_US, vgw_assistant_server_count_calls (peer->server) == 0);
  assistant_peer_free (peer);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant-server");
  TCase *tcase = tcase_create ("server");

  tcase_set_timeout (tcase, 120);
  tcase_add_unchecked_fixture (tcase, assistant_models_load, assistant_models_unload);
  tcase_add_test (tcase, a_start_that_it_cannot_use_ends_the_connection);
  tcase_add_test (tcase, what_it_does_not_know_is_ignored);
  tcase_add_test (tcase, a_caller_who_speaks_over_its_greeting_stops_it);
  tcase_add_test (tcase, an_answer_to_an_old_clear_is_not_taken_for_that_of_a_new_one);
  tcase_add_test (tcase, a_call_that_is_taken_up_again_is_not_greeted);
  tcase_add_test (tcase, a_decoder_that_cannot_be_loaded_ends_the_call);
  tcase_add_test (tcase, there_is_a_bound_of_calls);
  tcase_add_test (tcase, a_web_page_is_refused);
  tcase_add_test (tcase, a_server_that_stops_closes_with_1001);
  suite_add_tcase (suite, tcase);
  return suite;
}
