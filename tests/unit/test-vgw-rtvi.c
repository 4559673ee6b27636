/* RTVI: the client's texts, the engine's events, and what is sent. */
#include "doors/vgw-rtvi.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define MESSAGE(type, data) "{\"label\":\"rtvi-ai\",\"type\":\"" type "\",\"id\":\"a1\",\"data\":" data "}"

static VgwRtviMessage *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VgwRtviMessage *message = vgw_rtvi_parse (text, &error);

  ck_assert_msg (message != NULL, "%s: %s", text, error != NULL ? error->message : "no error");
  return message;
}

/* --- the client --- */

static const struct
{
  const char *text;
  VgwRtviType type;
  const char *id;
  const char *event_json, *keys, *problem; /* each (nullable) */
} messages[] = {
  { .text = "ping: 1764348077000", .type = VGW_RTVI_PING, .id = "" },
  { .text = "ping", .type = VGW_RTVI_PING, .id = "" },
  { .text = "{\"type\":\"signalling\",\"message\":{\"type\":\"trackStatus\",\"receiver_index\":0,\"enabled\":true}}",
    .type = VGW_RTVI_SIGNALLING,
    .id = "" },
  { .text = MESSAGE ("disconnect-bot", "{}"), .type = VGW_RTVI_DISCONNECT_BOT, .id = "a1" },
  { MESSAGE ("client-message", "{\"t\":\"weather\",\"d\":{\"city\":[\"K\"]}}"), VGW_RTVI_CLIENT_MESSAGE, "a1",
    .event_json = "{\"type\":\"client-message\",\"id\":\"a1\",\"t\":\"weather\",\"d\":{\"city\":[\"K\"]}}" },
  { MESSAGE ("client-message", "{\"t\":\"x\"}"), VGW_RTVI_CLIENT_MESSAGE, "a1",
    .event_json = "{\"type\":\"client-message\",\"id\":\"a1\",\"t\":\"x\"}" },
  { MESSAGE ("client-message", "{\"d\":1}"), VGW_RTVI_REFUSED, "a1",
    .problem = "client-message: data.t must be a string" },
  { MESSAGE ("client-message", "null"), VGW_RTVI_REFUSED, "a1", .problem = "client-message: data.t must be a string" },
  { MESSAGE ("send-text", "{\"content\":\"hi\"}"), VGW_RTVI_SEND_TEXT, "a1",
    .event_json = "{\"type\":\"text\",\"text\":\"hi\"}" },
  { MESSAGE ("send-text", "{\"content\":\"hi\",\"options\":{\"run_immediately\":true,\"audio_response\":false}}"),
    VGW_RTVI_SEND_TEXT, "a1",
    .event_json = "{\"type\":\"text\",\"text\":\"hi\",\"run_immediately\":true,\"audio_response\":false}" },
  { MESSAGE ("send-text", "{\"content\":7}"), VGW_RTVI_REFUSED, "a1",
    .problem = "send-text: data.content must be a string" },
  { MESSAGE ("dtmf", "{\"buttons\":[\"1\",\"#\",\"*\"]}"), VGW_RTVI_DTMF, "a1", .keys = "1#*" },
  { MESSAGE ("dtmf", "{\"button\":\"0\"}"), VGW_RTVI_DTMF, "a1", .keys = "0" },
  { MESSAGE ("dtmf", "{\"buttons\":[]}"), VGW_RTVI_REFUSED, "a1",
    .problem = "dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\"" },
  { MESSAGE ("dtmf", "{\"buttons\":[\"1\",\"A\"]}"), VGW_RTVI_REFUSED, "a1",
    .problem = "dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\"" },
  { MESSAGE ("dtmf", "{\"buttons\":[\"12\"]}"), VGW_RTVI_REFUSED, "a1",
    .problem = "dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\"" },
  { MESSAGE ("dtmf", "{\"buttons\":[1]}"), VGW_RTVI_REFUSED, "a1",
    .problem = "dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\"" },
  { MESSAGE ("dtmf", "{}"), VGW_RTVI_REFUSED, "a1",
    .problem = "dtmf: data.buttons must be a list of \"0\" to \"9\", \"*\" and \"#\"" },
  { MESSAGE ("raw-audio", "{}"), VGW_RTVI_REFUSED, "a1", .problem = "unsupported type \"raw-audio\"" },
  { "{\"label\":\"rtvi-ai\",\"type\":\"x\",\"id\":7}", VGW_RTVI_REFUSED, "", .problem = "unsupported type \"x\"" },
};

START_TEST (a_text_of_the_client_is_read)
{
  g_autoptr (VgwRtviMessage) message = parse (messages[_i].text);

  ck_assert_int_eq (message->type, messages[_i].type);
  ck_assert_str_eq (message->id, messages[_i].id);
  ck_assert_pstr_eq (message->event_json, messages[_i].event_json);
  ck_assert_pstr_eq (message->keys, messages[_i].keys);
  ck_assert_pstr_eq (message->problem, messages[_i].problem);
}
END_TEST

START_TEST (text_runs_immediately_unless_the_client_says_otherwise)
{
  g_autoptr (VgwRtviMessage) bare = parse (MESSAGE ("send-text", "{\"content\":\"\"}"));
  g_autoptr (VgwRtviMessage) waits =
      parse (MESSAGE ("send-text", "{\"content\":\"\",\"options\":{\"run_immediately\":false}}"));

  ck_assert (bare->run_immediately);
  ck_assert (!waits->run_immediately);
  ck_assert_str_eq (waits->event_json, "{\"type\":\"text\",\"text\":\"\",\"run_immediately\":false}");
}
END_TEST

static const struct
{
  const char *data;
  int major;
} versions[] = {
  { "{\"version\":\"2.1.0\",\"about\":{\"library\":\"x\"}}", 2 },
  { "{\"version\":\"1.2.0\"}", 1 },
  { "{\"version\":\"12.0.0\"}", 12 },
  { "{\"version\":\"2\"}", -1 },
  { "{\"version\":\"-2.0.0\"}", -1 },
  { "{\"version\":\"99999999999999999999.0\"}", -1 },
  { "{\"version\":2}", -1 },
  { "{}", -1 },
  { "null", -1 },
};

START_TEST (the_version_of_a_client_is_read)
{
  g_autofree char *text = g_strdup_printf (MESSAGE ("client-ready", "%s"), versions[_i].data);
  g_autoptr (VgwRtviMessage) message = parse (text);

  ck_assert_int_eq (message->type, VGW_RTVI_CLIENT_READY);
  ck_assert_str_eq (message->id, "a1");
  ck_assert_int_eq (message->version_major, versions[_i].major);
}
END_TEST

static const char *const no_messages[] = {
  "",
  "hello",
  "[]",
  "{}",
  "{\"type\":\"client-ready\"}",
  "{\"label\":\"rtvi-ai\"}",
  "{\"label\":\"rtvi-ai\",\"type\":7}",
  "{\"label\":\"other\",\"type\":\"client-ready\",\"id\":\"1\"}",
};

START_TEST (a_text_that_is_no_message_is_an_error)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_rtvi_parse (no_messages[_i], &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
}
END_TEST

START_TEST (names_are_bounded)
{
  g_autofree char *id = g_strnfill (VGW_RTVI_MAX_ID_BYTES + 1, 'i');
  g_autofree char *type = g_strnfill (10000, 't');
  g_autofree char *text = g_strdup_printf ("{\"label\":\"rtvi-ai\",\"type\":\"%s\",\"id\":\"%s\"}", type, id);
  g_autoptr (VgwRtviMessage) message = parse (text);
  g_autoptr (GString) keys = g_string_new ("\"1\"");
  g_autofree char *dtmf = NULL;
  g_autoptr (VgwRtviMessage) many = NULL;

  ck_assert_str_eq (message->id, "");
  ck_assert_uint_lt (strlen (message->problem), 100);
  for (int i = 0; i < VGW_RTVI_MAX_KEYS; i++)
    g_string_append (keys, ",\"1\"");
  dtmf = g_strdup_printf (MESSAGE ("dtmf", "{\"buttons\":[%s]}"), keys->str);
  many = parse (dtmf);
  ck_assert_int_eq (many->type, VGW_RTVI_REFUSED);
  ck_assert_str_eq (many->problem, "dtmf: more than 64 keys");
}
END_TEST

/* --- the engine --- */

static const struct
{
  const char *json;
  VgwRtviEventType type;
  const char *text;
  gboolean is_final;
  const char *reply;
} events[] = {
  { "{\"type\":\"transcript\",\"role\":\"user\",\"text\":\"a\",\"final\":false}", VGW_RTVI_EVENT_USER_TRANSCRIPT,
    .text = "a", .is_final = FALSE },
  { "{\"type\":\"transcript\",\"role\":\"bot\",\"text\":\"b\"}", VGW_RTVI_EVENT_BOT_TRANSCRIPT, .text = "b",
    .is_final = TRUE },
  { .json = "{\"type\":\"transcript\",\"role\":\"other\",\"text\":\"b\"}", .type = VGW_RTVI_EVENT_OTHER },
  { .json = "{\"type\":\"transcript\",\"role\":\"bot\"}", .type = VGW_RTVI_EVENT_OTHER },
  { "{\"type\":\"server-response\",\"id\":\"a1\",\"t\":\"weather\",\"d\":[1]}", VGW_RTVI_EVENT_RESPONSE,
    .reply = MESSAGE ("server-response", "{\"t\":\"weather\",\"d\":[1]}") },
  { "{\"type\":\"server-response\",\"id\":\"a1\"}", VGW_RTVI_EVENT_RESPONSE,
    .reply = MESSAGE ("server-response", "{\"t\":\"\"}") },
  { "{\"type\":\"error-response\",\"id\":\"a1\",\"error\":\"no\"}", VGW_RTVI_EVENT_RESPONSE,
    .reply = MESSAGE ("error-response", "{\"error\":\"no\"}") },
  { .json = "{\"type\":\"server-response\",\"d\":1}", .type = VGW_RTVI_EVENT_OTHER },
  { .json = "{\"type\":\"order\"}", .type = VGW_RTVI_EVENT_OTHER },
  { .json = "7", .type = VGW_RTVI_EVENT_OTHER },
};

START_TEST (an_event_of_the_engine_is_read)
{
  g_auto (VgwRtviEvent) event = { 0 };

  vgw_rtvi_event_read (&event, events[_i].json);
  ck_assert_int_eq (event.type, events[_i].type);
  ck_assert_pstr_eq (event.text, events[_i].text);
  ck_assert_int_eq (event.is_final, events[_i].is_final);
  ck_assert_pstr_eq (event.reply, events[_i].reply);
}
END_TEST

/* --- what is sent --- */

/* @text (transfer full) */
static void
assert_text (char *text, const char *expected)
{
  ck_assert_pstr_eq (text, expected);
  g_free (text);
}

START_TEST (messages_to_the_client_have_their_form)
{
  assert_text (vgw_rtvi_signal ("bot-started-speaking"), "{\"label\":\"rtvi-ai\",\"type\":\"bot-started-speaking\"}");
  assert_text (vgw_rtvi_bot_ready ("a1", "3.0"),
               MESSAGE ("bot-ready", "{\"version\":\"2.1.0\",\"about\":{\"library\":\"voice-gateway\","
                                     "\"library_version\":\"3.0\"}}"));
  assert_text (vgw_rtvi_error ("e", TRUE), "{\"label\":\"rtvi-ai\",\"type\":\"error\",\"data\":{\"error\":\"e\","
                                           "\"message\":\"e\",\"fatal\":true}}");
  assert_text (vgw_rtvi_server_message ("{\"type\":\"order\"}"),
               "{\"label\":\"rtvi-ai\",\"type\":\"server-message\",\"data\":{\"type\":\"order\"}}");
  assert_text (vgw_rtvi_server_message ("7"), NULL);
  assert_text (vgw_rtvi_user_transcription ("hi", "me", "2026-11-28T16:00:00Z", TRUE),
               "{\"label\":\"rtvi-ai\",\"type\":\"user-transcription\",\"data\":{\"text\":\"hi\",\"user_id\":\"me\","
               "\"timestamp\":\"2026-11-28T16:00:00Z\",\"final\":true}}");
  assert_text (vgw_rtvi_level ("bot-audio-level", 0.25),
               "{\"label\":\"rtvi-ai\",\"type\":\"bot-audio-level\",\"data\":{\"value\":0.25}}");
  assert_text (vgw_rtvi_peer_left (), "{\"type\":\"signalling\",\"message\":{\"type\":\"peerLeft\"}}");
}
END_TEST

#define OUTPUT(status, spoken, rest)                                                                                   \
  "{\"label\":\"rtvi-ai\",\"type\":\"bot-output\",\"data\":{\"text\":\"One two.\",\"aggregated_by\":\"sentence\","     \
  "\"segment_id\":3,\"will_be_spoken\":true,\"spoken_status\":\"" status "\",\"spoken_progress\":"                     \
  "{\"accumulated_text\":\"" spoken "\",\"remaining_text\":\"" rest "\"}}}"

START_TEST (the_bot_s_words_have_their_progress)
{
  assert_text (vgw_rtvi_bot_output ("One two.", 3, VGW_RTVI_SPOKEN_NEW, 5), OUTPUT ("new", "", "One two."));
  assert_text (vgw_rtvi_bot_output ("One two.", 3, VGW_RTVI_SPOKEN_IN_PROGRESS, 4),
               OUTPUT ("in-progress", "One ", "two."));
  assert_text (vgw_rtvi_bot_output ("One two.", 3, VGW_RTVI_SPOKEN_COMPLETED, 0), OUTPUT ("completed", "One two.", ""));
  assert_text (vgw_rtvi_bot_output_v1 ("One."), "{\"label\":\"rtvi-ai\",\"type\":\"bot-output\",\"data\":{\"text\":"
                                                "\"One.\",\"spoken\":true,\"aggregated_by\":\"sentence\"}}");
}
END_TEST

static Suite *
rtvi_suite (void)
{
  Suite *suite = suite_create ("vgw-rtvi");
  TCase *all = tcase_create ("all");

  tcase_add_loop_test (all, a_text_of_the_client_is_read, 0, G_N_ELEMENTS (messages));
  tcase_add_test (all, text_runs_immediately_unless_the_client_says_otherwise);
  tcase_add_loop_test (all, the_version_of_a_client_is_read, 0, G_N_ELEMENTS (versions));
  tcase_add_loop_test (all, a_text_that_is_no_message_is_an_error, 0, G_N_ELEMENTS (no_messages));
  tcase_add_test (all, names_are_bounded);
  tcase_add_loop_test (all, an_event_of_the_engine_is_read, 0, G_N_ELEMENTS (events));
  tcase_add_test (all, messages_to_the_client_have_their_form);
  tcase_add_test (all, the_bot_s_words_have_their_progress);
  suite_add_tcase (suite, all);
  return suite;
}

int
main (void)
{
  return run_suite (rtvi_suite ());
}
