/* The messages of OpenAI's Live protocol. */
#include "doors/vgw-live-events.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "run-suite.h"

static VgwLiveLimits limits;
static VgwLiveTranscripts transcripts;

static void
set_up (void)
{
  limits = (VgwLiveLimits){ NULL, NULL };
  transcripts = (VgwLiveTranscripts){ 0 };
}

static void
tear_down (void)
{
  vgw_live_limits_clear (&limits);
  vgw_live_transcripts_clear (&transcripts);
}

static gboolean
read_limits (const char *json, GError **error)
{
  g_autoptr (JsonObject) client = vgw_json_parse_object (json, strlen (json), NULL);

  ck_assert_ptr_nonnull (client);
  return vgw_live_limits_read (&limits, client, error);
}

/* What follows from @type of @json at @now_ms is @expected, or nothing. */
static void
expect_event (VgwMomentType type, const char *json, gboolean is_lost, guint64 now_ms, const char *expected)
{
  const VgwMoment moment = { .type = type, .json = json, .is_lost = is_lost };
  const char *event_type = NULL;
  g_autofree char *event = vgw_live_handle_moment (&transcripts, &moment, now_ms, &event_type);

  ck_assert_pstr_eq (event, expected);
  ck_assert (event == NULL || strstr (event, event_type) != NULL);
}

#define TRANSCRIPT(role, text, final)                                                                                  \
  "{\"type\":\"transcript\",\"role\":\"" role "\",\"text\":\"" text "\",\"final\":" final "}"
#define INPUT(delta, start, end)                                                                                       \
  "{\"type\":\"session.input_transcript.delta\",\"delta\":\"" delta "\",\"start_ms\":" start ",\"end_ms\":" end "}"
#define OUTPUT(delta, start, end)                                                                                      \
  "{\"type\":\"session.output_transcript.delta\",\"delta\":\"" delta "\",\"start_ms\":" start ",\"end_ms\":" end "}"

START_TEST (the_bots_words_come_when_they_were_heard)
{
  expect_event (VGW_MOMENT_BOT_STARTED, NULL, FALSE, 100, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("bot", "one", "true"), FALSE, 110, NULL);
  expect_event (VGW_MOMENT_ENGINE_HEARD, TRANSCRIPT ("bot", "one", "true"), FALSE, 600, OUTPUT ("one", "100", "600"));
  expect_event (VGW_MOMENT_ENGINE_HEARD, TRANSCRIPT ("bot", "tw", "false"), FALSE, 650, NULL);
  expect_event (VGW_MOMENT_ENGINE_HEARD, TRANSCRIPT ("bot", "two", "true"), FALSE, 700, OUTPUT ("two", "600", "700"));
  expect_event (VGW_MOMENT_ENGINE_HEARD, TRANSCRIPT ("bot", "cut", "true"), TRUE, 800, NULL);
}
END_TEST

START_TEST (the_callers_words_come_as_they_grow)
{
  expect_event (VGW_MOMENT_CALLER_STARTED, NULL, FALSE, 100, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "what", "false"), FALSE, 200,
                INPUT ("what", "100", "200"));
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "what time", "false"), FALSE, 300,
                INPUT (" time", "100", "300"));
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "what", "false"), FALSE, 310, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "what time", "true"), FALSE, 400, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "other", "true"), FALSE, 500,
                INPUT ("other", "100", "500"));
  expect_event (VGW_MOMENT_ENGINE_HEARD, TRANSCRIPT ("user", "other", "true"), FALSE, 510, NULL);
}
END_TEST

START_TEST (a_transcript_that_was_changed_comes_again_when_it_is_final)
{
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "to", "false"), FALSE, 10, INPUT ("to", "0", "10"));
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "two", "true"), FALSE, 20, INPUT ("two", "0", "20"));
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "for", "false"), FALSE, 30, INPUT ("for", "0", "30"));
  expect_event (VGW_MOMENT_ENGINE_EVENT, TRANSCRIPT ("user", "four", "true"), FALSE, 40, INPUT ("four", "0", "40"));
}
END_TEST

START_TEST (what_is_no_transcript_gives_no_event)
{
  expect_event (VGW_MOMENT_ENGINE_EVENT, "{\"type\":\"text\",\"text\":\"a\",\"role\":\"bot\"}", FALSE, 1, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, "{\"type\":\"transcript\",\"text\":5,\"role\":\"user\"}", FALSE, 1, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, "{\"type\":\"transcript\",\"text\":\"a\"}", FALSE, 1, NULL);
  expect_event (VGW_MOMENT_ENGINE_EVENT, "no JSON", FALSE, 1, NULL);
  expect_event (VGW_MOMENT_NOTICE, "{\"type\":\"engine-lost\"}", FALSE, 1, NULL);
}
END_TEST

static const struct
{
  const char *text;
  VgwLiveActionType type;
  const char *detail; /* the event for the engine, or the code of the refusal */
} messages[] = {
  { "{\"type\":\"session.close\"}", VGW_LIVE_CLOSE, NULL },
  { "{\"type\":\"session.commentary.append\",\"content\":\"say\"}", VGW_LIVE_PASS,
    "{\"type\":\"text\",\"text\":\"say\"}" },
  { "{\"type\":\"session.thinking.append\",\"content\":\"x\"}", VGW_LIVE_PASS,
    "{\"type\":\"session.thinking.append\",\"content\":\"x\"}" },
  { "{\"type\":\"response.create\"}", VGW_LIVE_PASS, "{\"type\":\"response.create\"}" },
  { "{\"type\":\"response.create\",\"Type\":\"session.update\",\"TYPE\":1}", VGW_LIVE_PASS,
    "{\"type\":\"response.create\"}" },
  { "{\"Type\":\"response.create\"}", VGW_LIVE_PASS, "{\"type\":\"response.create\"}" },
  { "{\"type\":\"session.commentary.append\",\"content\":1}", VGW_LIVE_REFUSE, "invalid_value" },
  { "{\"type\":\"session.input_audio.append\",\"audio\":\"\"}", VGW_LIVE_REFUSE, "unsupported_event" },
  { "{\"type\":\"session.start\"}", VGW_LIVE_REFUSE, "unsupported_event" },
  { "{\"type\":null}", VGW_LIVE_REFUSE, "invalid_value" },
  { "[]", VGW_LIVE_REFUSE, "invalid_json" },
  { "", VGW_LIVE_REFUSE, "invalid_json" },
};

START_TEST (a_message_is_an_action_or_refused)
{
  g_auto (VgwLiveAction) action = { 0 };

  vgw_live_read_message (messages[_i].text, strlen (messages[_i].text), &action);
  ck_assert_int_eq (action.type, messages[_i].type);
  if (action.type == VGW_LIVE_REFUSE)
    {
      ck_assert_str_eq (action.code, messages[_i].detail);
      ck_assert_ptr_nonnull (action.message);
    }
  else
    ck_assert_pstr_eq (action.for_engine, messages[_i].detail);
}
END_TEST

START_TEST (without_lists_everything_is_allowed)
{
  ck_assert (vgw_live_limits_read (&limits, NULL, NULL));
  ck_assert (read_limits ("{}", NULL));
  ck_assert (read_limits ("{\"data_channel\":{\"allowed_client_events\":\"all\"}}", NULL));
  ck_assert (vgw_live_limits_allow_client (&limits, "session.close"));
  ck_assert (vgw_live_limits_allow_server (&limits, "session.input_transcript.delta"));
}
END_TEST

START_TEST (lists_allow_what_is_in_them)
{
  ck_assert (read_limits ("{\"data_channel\":{\"allowed_client_events\":[\"a\"],\"allowed_server_events\":[]}}", NULL));
  ck_assert (vgw_live_limits_allow_client (&limits, "a"));
  ck_assert (!vgw_live_limits_allow_client (&limits, "b"));
  ck_assert (vgw_live_limits_allow_server (&limits, "session.started"));
  ck_assert (vgw_live_limits_allow_server (&limits, "error"));
  ck_assert (!vgw_live_limits_allow_server (&limits, "a"));
}
END_TEST

static const char *const bad_limits[] = {
  "{\"data_channel\":[]}",
  "{\"data_channel\":{\"allowed_client_events\":\"some\"}}",
  "{\"data_channel\":{\"allowed_client_events\":[\"a\",1]}}",
  "{\"data_channel\":{\"allowed_client_events\":[\"a\"],\"allowed_server_events\":{}}}",
};

START_TEST (other_limits_are_refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!read_limits (bad_limits[_i], &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
}
END_TEST

START_TEST (events_of_the_gateway)
{
  g_autoptr (GByteArray) pcm = g_byte_array_append (g_byte_array_new (), (const guint8 *) "\1\0\2\0", 4);
  g_autofree char *started = vgw_live_make_started ("live_1", "echo");
  g_autofree char *closed = vgw_live_make_closed ("max-duration", FALSE, 12);
  g_autofree char *requested = vgw_live_make_closed ("client-bye", TRUE, 0);
  g_autofree char *error = vgw_live_make_error ("code", "text", "e1");
  g_autofree char *input = vgw_live_make_input_audio (pcm);
  g_autofree char *output = vgw_live_make_output_audio (pcm, 1, 2);

  ck_assert_str_eq (started, "{\"type\":\"session.started\",\"session\":{\"id\":\"live_1\",\"model\":\"echo\","
                             "\"status\":\"active\"}}");
  ck_assert_str_eq (closed, "{\"type\":\"session.closed\",\"reason\":\"expired\",\"usage\":{\"seconds\":12}}");
  ck_assert_str_eq (requested,
                    "{\"type\":\"session.closed\",\"reason\":\"close_requested\",\"usage\":{\"seconds\":0}}");
  ck_assert_str_eq (error, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":\"code\","
                           "\"message\":\"text\",\"client_event_id\":\"e1\"}}");
  ck_assert_str_eq (input, "{\"type\":\"session.input_audio.append\",\"audio\":\"AQACAA==\"}");
  ck_assert_str_eq (output, "{\"type\":\"session.output_audio.delta\",\"delta\":\"AQACAA==\",\"start_ms\":1,"
                            "\"end_ms\":2}");
}
END_TEST

static Suite *
live_suite (void)
{
  Suite *suite = suite_create ("vgw-live-events");
  TCase *tcase = tcase_create ("events");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, the_bots_words_come_when_they_were_heard);
  tcase_add_test (tcase, the_callers_words_come_as_they_grow);
  tcase_add_test (tcase, a_transcript_that_was_changed_comes_again_when_it_is_final);
  tcase_add_test (tcase, what_is_no_transcript_gives_no_event);
  tcase_add_loop_test (tcase, a_message_is_an_action_or_refused, 0, G_N_ELEMENTS (messages));
  tcase_add_test (tcase, without_lists_everything_is_allowed);
  tcase_add_test (tcase, lists_allow_what_is_in_them);
  tcase_add_loop_test (tcase, other_limits_are_refused, 0, G_N_ELEMENTS (bad_limits));
  tcase_add_test (tcase, events_of_the_gateway);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  return run_suite (live_suite ());
}
