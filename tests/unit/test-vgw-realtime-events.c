/* OpenAI's Realtime protocol: what clients get of the moments of a call, and what becomes of their requests. */
#include "doors/vgw-realtime-events.h"

#include <check.h>
#include <string.h>

#include "base/vgw-json.h"
#include "run-suite.h"

#define SAID(role, text, final)                                                                                        \
  "{\"type\":\"transcript\",\"role\":\"" role "\",\"text\":\"" text "\",\"final\":" final "}"
#define SECOND_US G_USEC_PER_SEC

static VgwRealtimeEvents *events;
static GPtrArray *sent; /* JsonObject */
static guint n_taken;   /* of them, by take_types () */
static guint n_replies;

static void
on_sent (const char *json, gboolean is_reply, gpointer user_data)
{
  JsonObject *event = vgw_json_parse_object (json, strlen (json), NULL);

  ck_assert_ptr_nonnull (event);
  ck_assert_ptr_nonnull (vgw_json_get_string (event, "event_id"));
  g_ptr_array_add (sent, event);
  n_replies += is_reply;
}

static void
set_up (void)
{
  sent = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  n_replies = n_taken = 0;
  events = vgw_realtime_events_new ("0123456789abcdef", "my-bot", NULL, on_sent, NULL);
  vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_STARTED }, SECOND_US);
}

static void
tear_down (void)
{
  g_clear_pointer (&events, vgw_realtime_events_free);
  g_clear_pointer (&sent, g_ptr_array_unref);
}

/* The types of what was sent since the last call of it, one behind the other (transfer full). */
static char *
take_types (void)
{
  g_autoptr (GString) types = g_string_new (NULL);

  for (; n_taken < sent->len; n_taken++)
    g_string_append_printf (types, "%s%s", types->len > 0 ? " " : "",
                            vgw_json_get_string (g_ptr_array_index (sent, n_taken), "type"));
  return g_string_free (g_steal_pointer (&types), FALSE);
}

static void
assert_types (const char *expected)
{
  g_autofree char *types = take_types ();

  ck_assert_str_eq (types, expected);
}

/* The last event of @type. */
static JsonObject *
last (const char *type)
{
  for (guint i = sent->len; i > 0; i--)
    if (g_strcmp0 (vgw_json_get_string (g_ptr_array_index (sent, i - 1), "type"), type) == 0)
      return g_ptr_array_index (sent, i - 1);
  ck_abort_msg ("no %s", type);
  return NULL;
}

static JsonObject *
member (JsonObject *object, const char *name)
{
  ck_assert_msg (json_object_has_member (object, name), "no %s", name);
  return json_object_get_object_member (object, name);
}

/* The transcript of an item with one content. */
static const char *
transcript_of (JsonObject *item)
{
  JsonArray *content = json_object_get_array_member (item, "content");

  ck_assert_uint_eq (json_array_get_length (content), 1);
  return vgw_json_get_string (json_array_get_object_element (content, 0), "transcript");
}

static void
moment (VgwMomentType type, const char *text)
{
  vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = type, .json = text }, 3 * SECOND_US);
}

/* The event for the engine, or NULL. (transfer full) */
static char *
ask_at (const char *text, gboolean is_metered, gint64 now_us, gboolean interrupts)
{
  g_autoptr (VgwRealtimeRequest) request = vgw_realtime_request_parse (text, strlen (text));
  VgwRealtimeAction action;

  request->is_metered = is_metered;
  vgw_realtime_events_handle_request (events, request, now_us, &action);
  ck_assert_int_eq (action.interrupts, interrupts);
  return action.event;
}

static char *
ask (const char *text, gboolean interrupts)
{
  return ask_at (text, FALSE, 3 * SECOND_US, interrupts);
}

#define RESPONSE_BEGINS                                                                                                \
  "response.created response.output_item.added conversation.item.added response.content_part.added"
#define RESPONSE_ENDS "response.content_part.done response.output_item.done conversation.item.done response.done"

/* --- the session --- */

START_TEST (the_session_is_what_was_wanted_but_for_the_facts)
{
  static const char *const text = "{\"model\":\"gpt\",\"instructions\":\"Be kind.\",\"id\":\"mine\"}";
  g_autoptr (JsonObject) wanted = vgw_json_parse_object (text, strlen (text), NULL);
  g_autoptr (VgwRealtimeEvents) other = vgw_realtime_events_new ("abc", "my-bot", wanted, on_sent, NULL);
  JsonObject *session;

  vgw_realtime_events_greet (other, NULL, FALSE);
  session = member (last ("session.created"), "session");
  ck_assert_str_eq (vgw_json_get_string (session, "instructions"), "Be kind.");
  ck_assert_str_eq (vgw_json_get_string (session, "model"), "my-bot");
  ck_assert_str_eq (vgw_json_get_string (session, "id"), "sess_abc");
  ck_assert_uint_eq (n_replies, 0);
}
END_TEST

START_TEST (an_update_is_passed_on_and_confirmed)
{
  g_autofree char *event =
      ask ("{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"tracing\":\"auto\"}}", FALSE);
  g_autofree char *more = ask ("{\"type\":\"session.update\",\"session\":{\"tools\":[]}}", FALSE);
  JsonObject *session = member (last ("session.updated"), "session");

  ck_assert_str_eq (event, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"tracing\":\"auto\"}}");
  ck_assert_str_eq (vgw_json_get_string (session, "tracing"), "auto");
  ck_assert (json_object_has_member (session, "tools"));
  ck_assert_str_eq (vgw_json_get_string (session, "model"), "my-bot");
  assert_types ("session.updated session.updated");
}
END_TEST

START_TEST (a_session_does_not_grow_without_end)
{
  g_autofree char *part = g_strnfill (50000, 'x');
  g_autofree char *first = g_strdup_printf ("{\"type\":\"session.update\",\"session\":{\"a\":\"%s\"}}", part);
  g_autofree char *second =
      g_strdup_printf ("{\"type\":\"session.update\",\"event_id\":\"e1\",\"session\":{\"b\":\"%s\"}}", part);
  g_autofree char *event = ask (first, FALSE);
  g_autofree char *refused = ask (second, FALSE);
  JsonObject *error = member (last ("error"), "error");

  ck_assert_ptr_nonnull (event);
  ck_assert_ptr_null (refused);
  ck_assert_str_eq (vgw_json_get_string (error, "code"), "too_large");
  ck_assert_str_eq (vgw_json_get_string (error, "event_id"), "e1");
  assert_types ("session.updated error");
}
END_TEST

START_TEST (the_session_can_be_repeated_once_something_was_wanted_of_it)
{
  g_autofree char *first = NULL, *second = NULL, *text = NULL;
  g_autoptr (JsonObject) event = NULL;
  JsonObject *session;

  ck_assert_ptr_null (vgw_realtime_events_repeat_session (events));
  first = ask ("{\"type\":\"session.update\",\"session\":{\"instructions\":\"Be kind.\",\"a\":1}}", FALSE);
  second = ask ("{\"type\":\"session.update\",\"session\":{\"a\":2}}", FALSE);
  text = vgw_realtime_events_repeat_session (events);
  event = vgw_json_parse_object (text, strlen (text), NULL);
  ck_assert_str_eq (vgw_json_get_string (event, "type"), "session.update");
  session = member (event, "session");
  ck_assert_str_eq (vgw_json_get_string (session, "instructions"), "Be kind.");
  ck_assert_int_eq (vgw_json_get_int (session, "a", 0, 9, -1), 2);
}
END_TEST

START_TEST (a_page_cannot_have_the_session_sent_without_end)
{
  static const char *const text = "{\"type\":\"session.update\",\"event_id\":\"e1\",\"session\":{\"a\":1}}";
  guint n_passed = 0;
  char *event;

  while ((event = ask (text, FALSE)) != NULL && ++n_passed < 100)
    g_free (event);
  ck_assert_uint_eq (n_passed, 8);
  ck_assert_str_eq (vgw_json_get_string (member (last ("error"), "error"), "code"), "rate_limit_exceeded");
  ck_assert_str_eq (vgw_json_get_string (member (last ("error"), "error"), "event_id"), "e1");
  g_free (take_types ());
  g_free (ask_at (text, TRUE, 3 * SECOND_US, FALSE)); /* a server's WebSocket has its own limits */
  assert_types ("session.updated");
  g_free (ask_at (text, FALSE, 4 * SECOND_US, FALSE));
  g_free (ask_at (text, FALSE, 4 * SECOND_US, FALSE));
  assert_types ("session.updated error");
}
END_TEST

/* --- the caller --- */

START_TEST (speech_becomes_an_item_and_has_its_transcript)
{
  JsonObject *completed;
  g_autofree char *id = NULL;

  moment (VGW_MOMENT_CALLER_STARTED, NULL);
  assert_types ("input_audio_buffer.speech_started");
  id = g_strdup (vgw_json_get_string (last ("input_audio_buffer.speech_started"), "item_id"));
  ck_assert_int_eq (vgw_json_get_int (last ("input_audio_buffer.speech_started"), "audio_start_ms", 0, 9999, -1), 2000);
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "what", "false"));
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "what time", "false"));
  ck_assert_str_eq (vgw_json_get_string (last ("conversation.item.input_audio_transcription.delta"), "delta"), " time");
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "but time", "false")); /* it cannot be taken back */
  assert_types ("conversation.item.input_audio_transcription.delta conversation.item.input_audio_transcription.delta");
  moment (VGW_MOMENT_CALLER_STOPPED, NULL);
  assert_types ("input_audio_buffer.speech_stopped input_audio_buffer.committed conversation.item.added "
                "conversation.item.done");
  ck_assert_ptr_null (transcript_of (member (last ("conversation.item.done"), "item")));
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "What time is it?", "true"));
  assert_types ("conversation.item.input_audio_transcription.completed");
  completed = last ("conversation.item.input_audio_transcription.completed");
  ck_assert_str_eq (vgw_json_get_string (completed, "item_id"), id);
  ck_assert_str_eq (vgw_json_get_string (completed, "transcript"), "What time is it?");
  g_free (ask ("{\"type\":\"conversation.item.retrieve\",\"item_id\":\"nobody\"}", FALSE));
  assert_types ("error");
}
END_TEST

START_TEST (a_transcript_that_is_early_or_has_no_speech_has_an_item)
{
  g_autofree char *id = NULL;

  moment (VGW_MOMENT_CALLER_STARTED, NULL);
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "Yes.", "true"));
  moment (VGW_MOMENT_CALLER_STOPPED, NULL);
  assert_types ("input_audio_buffer.speech_started input_audio_buffer.committed conversation.item.added "
                "conversation.item.done conversation.item.input_audio_transcription.completed "
                "input_audio_buffer.speech_stopped");
  id = g_strdup (vgw_json_get_string (last ("input_audio_buffer.speech_stopped"), "item_id"));
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("user", "No.", "true"));
  assert_types ("input_audio_buffer.committed conversation.item.added conversation.item.done "
                "conversation.item.input_audio_transcription.completed");
  ck_assert_str_ne (vgw_json_get_string (last ("input_audio_buffer.committed"), "item_id"), id);
  ck_assert_str_eq (vgw_json_get_string (last ("input_audio_buffer.committed"), "previous_item_id"), id);
}
END_TEST

/* --- the bot --- */

START_TEST (a_response_lasts_from_its_first_word_to_the_end_of_its_audio)
{
  JsonObject *response;

  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "It is ten.", "true"));
  assert_types (RESPONSE_BEGINS " response.output_audio_transcript.delta");
  moment (VGW_MOMENT_BOT_STARTED, NULL);
  assert_types ("output_audio_buffer.started");
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Any", "false"));
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Anything else?", "true"));
  ck_assert_str_eq (vgw_json_get_string (last ("response.output_audio_transcript.delta"), "delta"), "thing else?");
  assert_types ("response.output_audio_transcript.delta response.output_audio_transcript.delta");
  moment (VGW_MOMENT_BOT_STOPPED, NULL);
  assert_types ("response.output_audio.done response.output_audio_transcript.done " RESPONSE_ENDS
                " output_audio_buffer.stopped");
  ck_assert_str_eq (vgw_json_get_string (last ("response.output_audio_transcript.done"), "transcript"),
                    "It is ten. Anything else?");
  ck_assert_str_eq (transcript_of (member (last ("conversation.item.done"), "item")), "It is ten. Anything else?");
  response = member (last ("response.done"), "response");
  ck_assert_str_eq (vgw_json_get_string (response, "status"), "completed");
  ck_assert_str_eq (vgw_json_get_string (response, "id"),
                    vgw_json_get_string (last ("output_audio_buffer.stopped"), "response_id"));
}
END_TEST

START_TEST (what_is_cut_off_keeps_what_was_heard)
{
  const VgwMoment cleared = { .type = VGW_MOMENT_BOT_CLEARED, .utterance_ms = 1200, .cleared_ms = 800 };
  JsonObject *response, *item;
  g_autofree char *text = NULL;

  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "One.", "true"));
  moment (VGW_MOMENT_ENGINE_HEARD, SAID ("bot", "One.", "true"));
  moment (VGW_MOMENT_BOT_STARTED, NULL);
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Two.", "true"));
  moment (VGW_MOMENT_CALLER_STARTED, NULL);
  g_free (take_types ());
  vgw_realtime_events_handle_moment (events, &cleared, SECOND_US);
  assert_types ("response.output_audio.done response.output_audio_transcript.done " RESPONSE_ENDS
                " output_audio_buffer.cleared conversation.item.truncated");
  vgw_realtime_events_handle_moment (
      events, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_HEARD, .json = SAID ("bot", "Two.", "true"), .is_lost = TRUE },
      SECOND_US);
  response = member (last ("response.done"), "response");
  ck_assert_str_eq (vgw_json_get_string (response, "status"), "cancelled");
  ck_assert_str_eq (vgw_json_get_string (member (response, "status_details"), "reason"), "turn_detected");
  ck_assert_int_eq (vgw_json_get_int (last ("conversation.item.truncated"), "audio_end_ms", 0, 9999, -1), 1200);
  text = g_strdup_printf ("{\"type\":\"conversation.item.retrieve\",\"item_id\":\"%s\"}",
                          vgw_json_get_string (last ("conversation.item.truncated"), "item_id"));
  g_free (ask (text, FALSE));
  item = member (last ("conversation.item.retrieved"), "item");
  ck_assert_str_eq (transcript_of (item), "One.");
  ck_assert_str_eq (vgw_json_get_string (item, "status"), "incomplete");
  ck_assert_uint_eq (n_replies, 1);
}
END_TEST

static const char *const silencing[] = {
  "{\"type\":\"output_audio_buffer.clear\"}",
  "{\"type\":\"response.cancel\"}",
};

START_TEST (a_client_silences_the_bot)
{
  const VgwMoment cleared = { .type = VGW_MOMENT_BOT_CLEARED, .utterance_ms = 300, .cleared_ms = 800 };
  JsonObject *response;

  moment (VGW_MOMENT_BOT_STARTED, NULL);
  assert_types (RESPONSE_BEGINS " output_audio_buffer.started");
  ck_assert_ptr_null (ask (silencing[_i], TRUE));
  assert_types ("");
  vgw_realtime_events_handle_moment (events, &cleared, SECOND_US);
  response = member (last ("response.done"), "response");
  ck_assert_str_eq (vgw_json_get_string (member (response, "status_details"), "reason"), "client_cancelled");
  last ("output_audio_buffer.cleared");
  ck_assert_uint_eq (n_replies, 0);
}
END_TEST

START_TEST (a_response_without_audio_ends_with_the_next_turn)
{
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Hello.", "true"));
  g_free (take_types ());
  moment (VGW_MOMENT_CALLER_STARTED, NULL);
  assert_types ("response.output_audio.done response.output_audio_transcript.done " RESPONSE_ENDS
                " input_audio_buffer.speech_started");
  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Well?", "true"));
  g_free (take_types ());
  ck_assert_ptr_null (ask ("{\"type\":\"response.cancel\"}", TRUE));
  assert_types ("response.output_audio.done response.output_audio_transcript.done " RESPONSE_ENDS);
}
END_TEST

START_TEST (other_events_are_passed_on_both_ways)
{
  g_autofree char *event = ask ("{\"type\":\"gateway.event\",\"event\":{\"page\":7}}", FALSE);

  ck_assert_str_eq (event, "{\"page\":7}");
  moment (VGW_MOMENT_ENGINE_EVENT, "{\"type\":\"weather\",\"is\":\"fine\"}");
  moment (VGW_MOMENT_ENGINE_HEARD, "{\"type\":\"weather\",\"is\":\"fine\"}");
  moment (VGW_MOMENT_NOTICE, "{\"type\":\"engine-lost\"}");
  assert_types ("gateway.event gateway.event");
  ck_assert_str_eq (vgw_json_get_string (member (last ("gateway.event"), "event"), "type"), "engine-lost");
}
END_TEST

/* --- requests --- */

START_TEST (a_text_is_an_item_and_goes_to_the_engine)
{
  static const char text[] =
      "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"mine\",\"type\":\"message\",\"role\":\"user\","
      "\"content\":[{\"type\":\"input_text\",\"text\":\"Hello\"},{\"type\":\"input_text\",\"text\":\"bot\"}]}}";
  g_autofree char *event = ask (text, FALSE), *again = NULL, *respond = NULL;

  ck_assert_str_eq (event, "{\"type\":\"text\",\"text\":\"Hello\\nbot\"}");
  assert_types ("conversation.item.added conversation.item.done");
  ck_assert_str_eq (vgw_json_get_string (member (last ("conversation.item.done"), "item"), "id"), "mine");
  again = ask (text, FALSE);
  ck_assert_ptr_null (again);
  assert_types ("error");
  respond = ask ("{\"type\":\"response.create\",\"response\":{\"instructions\":\"Greet.\"}}", FALSE);
  ck_assert_str_eq (respond, "{\"type\":\"response.create\",\"response\":{\"instructions\":\"Greet.\"}}");
}
END_TEST

START_TEST (a_truncation_is_answered_with_what_was_played)
{
  g_autofree char *text = NULL;

  moment (VGW_MOMENT_BOT_STARTED, NULL);
  vgw_realtime_events_handle_moment (events, &(VgwMoment){ .type = VGW_MOMENT_BOT_STOPPED, .utterance_ms = 900 },
                                     SECOND_US);
  text = g_strdup_printf ("{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\",\"content_index\":0,"
                          "\"audio_end_ms\":400}",
                          vgw_json_get_string (member (last ("conversation.item.done"), "item"), "id"));
  g_free (take_types ());
  g_free (ask (text, FALSE));
  assert_types ("conversation.item.truncated");
  ck_assert_int_eq (vgw_json_get_int (last ("conversation.item.truncated"), "audio_end_ms", 0, 9999, -1), 900);
  /* what is still playing is silenced */
  moment (VGW_MOMENT_BOT_STARTED, NULL);
  g_free (text);
  text = g_strdup_printf ("{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\"}",
                          vgw_json_get_string (member (last ("conversation.item.added"), "item"), "id"));
  g_free (ask (text, TRUE));
}
END_TEST

START_TEST (a_truncation_of_what_was_not_played_is_answered_at_once)
{
  g_autofree char *text = NULL;

  moment (VGW_MOMENT_ENGINE_EVENT, SAID ("bot", "Hello.", "true"));
  text = g_strdup_printf ("{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\"}",
                          vgw_json_get_string (member (last ("conversation.item.added"), "item"), "id"));
  g_free (take_types ());
  g_free (ask (text, TRUE));
  assert_types ("response.output_audio.done response.output_audio_transcript.done " RESPONSE_ENDS
                " conversation.item.truncated");
  ck_assert_int_eq (vgw_json_get_int (last ("conversation.item.truncated"), "audio_end_ms", 0, 9999, -1), 0);
}
END_TEST

#define ITEM(item) "{\"type\":\"conversation.item.create\",\"event_id\":\"e7\",\"item\":" item "}"

static const struct
{
  const char *text, *code, *param; /* param (nullable) */
  gboolean has_event_id;
} refused[] = {
  { "", "invalid_json", NULL, FALSE },
  { "[]", "invalid_json", NULL, FALSE },
  { "{\"event_id\":\"e7\"}", "missing_required_parameter", "type", TRUE },
  { "{\"type\":7,\"event_id\":\"e7\"}", "missing_required_parameter", "type", TRUE },
  { "{\"type\":\"dance\",\"event_id\":\"e7\"}", "invalid_value", "type", TRUE },
  { "{\"type\":\"dance\",\"event_id\":7}", "invalid_value", "type", FALSE },
  { "{\"type\":\"session.update\",\"session\":[]}", "missing_required_parameter", "session", FALSE },
  { "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}", "unsupported_event", "type", FALSE },
  { "{\"type\":\"input_audio_buffer.commit\"}", "unsupported_event", "type", FALSE },
  { "{\"type\":\"input_audio_buffer.clear\"}", "unsupported_event", "type", FALSE },
  { "{\"type\":\"conversation.item.delete\",\"item_id\":\"x\"}", "unsupported_event", "type", FALSE },
  { "{\"type\":\"conversation.item.retrieve\"}", "missing_required_parameter", "item_id", FALSE },
  { "{\"type\":\"conversation.item.retrieve\",\"item_id\":\"x\"}", "item_not_found", "item_id", FALSE },
  { "{\"type\":\"conversation.item.truncate\",\"item_id\":\"x\"}", "item_not_found", "item_id", FALSE },
  { "{\"type\":\"response.cancel\",\"event_id\":\"e7\"}", "response_cancel_not_active", NULL, TRUE },
  { "{\"type\":\"gateway.event\",\"event\":1}", "missing_required_parameter", "event", FALSE },
  { ITEM ("7"), "missing_required_parameter", "item", TRUE },
  { ITEM ("{\"type\":\"function_call_output\"}"), "unsupported_value", "item.type", TRUE },
  { ITEM ("{\"type\":\"message\",\"role\":\"system\"}"), "unsupported_value", "item.role", TRUE },
  { ITEM ("{\"type\":\"message\",\"role\":\"user\"}"), "missing_required_parameter", "item.content", TRUE },
  { ITEM ("{\"type\":\"message\",\"role\":\"user\",\"content\":[7]}"), "unsupported_value", "item.content", TRUE },
  { ITEM ("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}"), "unsupported_value",
    "item.content", TRUE },
};

START_TEST (a_bad_request_has_an_error_and_no_effect)
{
  g_autofree char *event = ask (refused[_i].text, FALSE);
  JsonObject *error = member (last ("error"), "error");

  ck_assert_ptr_null (event);
  assert_types ("error");
  ck_assert_uint_eq (n_replies, 1);
  ck_assert_str_eq (vgw_json_get_string (error, "type"), "invalid_request_error");
  ck_assert_str_eq (vgw_json_get_string (error, "code"), refused[_i].code);
  ck_assert_ptr_nonnull (vgw_json_get_string (error, "message"));
  ck_assert_int_eq (g_strcmp0 (vgw_json_get_string (error, "param"), refused[_i].param), 0);
  ck_assert_int_eq (g_strcmp0 (vgw_json_get_string (error, "event_id"), "e7") == 0, refused[_i].has_event_id);
}
END_TEST

START_TEST (what_is_kept_of_a_conversation_is_bounded)
{
  static const char text[] =
      "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"i%u\",\"type\":\"message\",\"role\":\"user\","
      "\"content\":[{\"type\":\"input_text\",\"text\":\"%s\"}]}}";
  g_autofree char *words = g_strnfill (40000, 'x');

  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *request = g_strdup_printf (text, i, words);

      g_free (ask (request, FALSE));
    }
  g_free (take_types ());
  g_free (ask ("{\"type\":\"conversation.item.retrieve\",\"item_id\":\"i0\"}", FALSE));
  g_free (ask ("{\"type\":\"conversation.item.retrieve\",\"item_id\":\"i39\"}", FALSE));
  assert_types ("error conversation.item.retrieved");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-realtime-events");
  TCase *tcase = tcase_create ("events");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, the_session_is_what_was_wanted_but_for_the_facts);
  tcase_add_test (tcase, an_update_is_passed_on_and_confirmed);
  tcase_add_test (tcase, the_session_can_be_repeated_once_something_was_wanted_of_it);
  tcase_add_test (tcase, a_page_cannot_have_the_session_sent_without_end);
  tcase_add_test (tcase, a_session_does_not_grow_without_end);
  tcase_add_test (tcase, speech_becomes_an_item_and_has_its_transcript);
  tcase_add_test (tcase, a_transcript_that_is_early_or_has_no_speech_has_an_item);
  tcase_add_test (tcase, a_response_lasts_from_its_first_word_to_the_end_of_its_audio);
  tcase_add_test (tcase, what_is_cut_off_keeps_what_was_heard);
  tcase_add_loop_test (tcase, a_client_silences_the_bot, 0, G_N_ELEMENTS (silencing));
  tcase_add_test (tcase, a_response_without_audio_ends_with_the_next_turn);
  tcase_add_test (tcase, other_events_are_passed_on_both_ways);
  tcase_add_test (tcase, a_text_is_an_item_and_goes_to_the_engine);
  tcase_add_test (tcase, a_truncation_is_answered_with_what_was_played);
  tcase_add_test (tcase, a_truncation_of_what_was_not_played_is_answered_at_once);
  tcase_add_loop_test (tcase, a_bad_request_has_an_error_and_no_effect, 0, G_N_ELEMENTS (refused));
  tcase_add_test (tcase, what_is_kept_of_a_conversation_is_bounded);
  suite_add_tcase (suite, tcase);
  return suite;
}
