#include "signaling/vgw-message.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

/* In a heap block of exactly its size, so that ASan sees a read past its end. */
static VgwMessage *
parse_bytes (const char *text, gsize length, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return vgw_message_parse (copy, length, error);
}

static VgwMessage *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VgwMessage *message = parse_bytes (text, strlen (text), &error);

  ck_assert_msg (message != NULL, "%s refused: %s", text, error != NULL ? error->message : "without an error");
  ck_assert_ptr_null (error);
  return message;
}

static void
assert_refused_as (const char *text, gsize length, VgwErrorCode code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwMessage) message = parse_bytes (text, length, &error);

  ck_assert_msg (message == NULL, "accepted: %.*s", (int) MIN (length, 100), text);
  ck_assert_msg (g_error_matches (error, VGW_ERROR, code), "%.*s: %s", (int) MIN (length, 100), text, error->message);
}

static void
assert_bad (const char *text)
{
  assert_refused_as (text, strlen (text), VGW_ERROR_BAD_MESSAGE);
}

static VgwMessage *
round_trip (VgwMessage *message)
{
  g_autofree char *text = vgw_message_to_text (message);

  vgw_message_free (message);
  return parse (text);
}

START_TEST (an_offer_keeps_its_sdp)
{
  g_autoptr (VgwMessage) message =
      round_trip (vgw_message_new_sdp (VGW_MESSAGE_OFFER, "v=0\r\no=- \"quoted\\\" äöü\r\n"));

  ck_assert_int_eq (message->type, VGW_MESSAGE_OFFER);
  ck_assert_str_eq (message->sdp, "v=0\r\no=- \"quoted\\\" äöü\r\n");
}
END_TEST

START_TEST (the_wire_has_lower_case_keys_and_a_payload_in_a_string)
{
  g_autoptr (VgwMessage) message = vgw_message_new_sdp (VGW_MESSAGE_ANSWER, "v=0\r\n");
  g_autofree char *text = vgw_message_to_text (message);

  ck_assert_str_eq (text, "{\"type\":\"answer\",\"payload\":"
                          "\"{\\\"type\\\":\\\"answer\\\",\\\"sdp\\\":\\\"v=0\\\\r\\\\n\\\"}\"}");
}
END_TEST

START_TEST (a_payload_may_be_an_object_and_keys_any_case)
{
  g_autoptr (VgwMessage) object = parse ("{\"Type\":\"offer\",\"Payload\":{\"TYPE\":\"offer\",\"Sdp\":\"v=0\"}}");
  g_autoptr (VgwMessage) string =
      parse ("{\"TYPE\":\"offer\",\"PAYLOAD\":\"{\\\"Type\\\":\\\"offer\\\",\\\"SDP\\\":\\\"v=0\\\"}\"}");

  g_autoptr (VgwMessage) android = parse ("{\"type\":\"offer\",\"payload\":{\"type\":\"OFFER\",\"sdp\":\"v=0\"}}");
  g_autoptr (VgwMessage) unity = parse ("{\"type\":\"offer\",\"payload\":{\"type\":0,\"sdp\":\"v=0\"}}");

  ck_assert_str_eq (object->sdp, "v=0");
  ck_assert_str_eq (string->sdp, "v=0");
  ck_assert_str_eq (android->sdp, "v=0");
  ck_assert_str_eq (unity->sdp, "v=0");
}
END_TEST

START_TEST (a_candidate_keeps_its_four_fields)
{
  g_autoptr (VgwMessage) message = vgw_message_new_candidate ("candidate:1 1 UDP 1 192.0.2.1 9 typ host", "0", 0);

  message->username_fragment = g_strdup ("abcd");
  message = round_trip (g_steal_pointer (&message));
  ck_assert_str_eq (message->candidate, "candidate:1 1 UDP 1 192.0.2.1 9 typ host");
  ck_assert_str_eq (message->sdp_mid, "0");
  ck_assert_int_eq (message->sdp_mline_index, 0);
  ck_assert_str_eq (message->username_fragment, "abcd");
}
END_TEST

START_TEST (a_candidate_without_mid_and_index_says_so)
{
  g_autoptr (VgwMessage) message = round_trip (vgw_message_new_candidate ("candidate:1", NULL, -1));

  ck_assert_ptr_null (message->sdp_mid);
  ck_assert_int_eq (message->sdp_mline_index, -1);
  ck_assert_ptr_null (message->username_fragment);
}
END_TEST

START_TEST (every_way_to_say_end_of_candidates_is_one)
{
  static const char *const texts[] = {
    "{\"type\":\"candidate\"}",
    "{\"type\":\"candidate\",\"payload\":null}",
    "{\"type\":\"candidate\",\"payload\":\"\"}",
    "{\"type\":\"candidate\",\"payload\":\"null\"}",
    "{\"type\":\"candidate\",\"payload\":{}}",
    "{\"type\":\"candidate\",\"payload\":\"{}\"}",
    "{\"type\":\"candidate\",\"payload\":{\"candidate\":null}}",
    "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (VgwMessage) message = parse (texts[i]);

      ck_assert_int_eq (message->type, VGW_MESSAGE_CANDIDATE);
      ck_assert_msg (message->candidate == NULL || message->candidate[0] == '\0', "%s", texts[i]);
    }
}
END_TEST

START_TEST (a_ping_needs_no_payload)
{
  g_autoptr (VgwMessage) bare = parse ("{\"type\":\"ping\"}");
  g_autoptr (VgwMessage) full = round_trip (vgw_message_new (VGW_MESSAGE_PONG));

  ck_assert_int_eq (bare->type, VGW_MESSAGE_PING);
  ck_assert_int_eq (full->type, VGW_MESSAGE_PONG);
}
END_TEST

START_TEST (a_bye_needs_no_payload)
{
  g_autoptr (VgwMessage) bare = parse ("{\"type\":\"bye\"}");
  g_autoptr (VgwMessage) full = round_trip (vgw_message_new (VGW_MESSAGE_BYE));

  ck_assert_int_eq (bare->type, VGW_MESSAGE_BYE);
  ck_assert_int_eq (full->type, VGW_MESSAGE_BYE);
}
END_TEST

START_TEST (a_session_keeps_servers_and_limits)
{
  g_autoptr (VgwMessage) message = vgw_message_new (VGW_MESSAGE_SESSION);
  const VgwIceServer *server;

  message->session_id = g_strdup ("id-1");
  message->resume_token = g_strdup ("token");
  message->ice_servers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);
  g_ptr_array_add (message->ice_servers, vgw_ice_server_new ("stun:192.0.2.1:3478", NULL, NULL));
  g_ptr_array_add (message->ice_servers, vgw_ice_server_new ("turn:192.0.2.1:3478", "user", "secret"));
  message->limits = (VgwSessionLimits){ 65536, 64, 4, 14400 };
  message = round_trip (g_steal_pointer (&message));

  ck_assert_str_eq (message->session_id, "id-1");
  ck_assert_str_eq (message->resume_token, "token");
  ck_assert_uint_eq (message->ice_servers->len, 2);
  server = g_ptr_array_index (message->ice_servers, 0);
  ck_assert_str_eq (server->url, "stun:192.0.2.1:3478");
  ck_assert_ptr_null (server->username);
  server = g_ptr_array_index (message->ice_servers, 1);
  ck_assert_str_eq (server->username, "user");
  ck_assert_str_eq (server->credential, "secret");
  ck_assert_uint_eq (message->limits.max_message_bytes, 65536);
  ck_assert_uint_eq (message->limits.max_candidates, 64);
  ck_assert_uint_eq (message->limits.max_data_channels, 4);
  ck_assert_uint_eq (message->limits.max_duration_s, 14400);
}
END_TEST

START_TEST (urls_may_be_a_string_or_a_list)
{
  g_autoptr (VgwMessage) message =
      parse ("{\"type\":\"session\",\"payload\":{\"id\":\"x\",\"iceServers\":[{\"urls\":\"stun:a\"},"
             "{\"urls\":[\"turn:b\",\"turns:c\"],\"username\":\"u\",\"credential\":\"p\"}]}}");

  ck_assert_uint_eq (message->ice_servers->len, 3);
  ck_assert_str_eq (((VgwIceServer *) g_ptr_array_index (message->ice_servers, 2))->url, "turns:c");
  ck_assert_str_eq (((VgwIceServer *) g_ptr_array_index (message->ice_servers, 2))->username, "u");
}
END_TEST

START_TEST (a_session_without_servers_offers_an_empty_list)
{
  g_autoptr (VgwMessage) message = vgw_message_new (VGW_MESSAGE_SESSION);
  g_autofree char *text = NULL;

  message->session_id = g_strdup ("x");
  text = vgw_message_to_text (message);
  ck_assert_ptr_nonnull (strstr (text, "iceServers\\\":[]"));
}
END_TEST

START_TEST (a_state_keeps_name_and_reason)
{
  g_autoptr (VgwMessage) ended = round_trip (vgw_message_new_state ("ended", "client-bye"));
  g_autoptr (VgwMessage) active = round_trip (vgw_message_new_state ("active", NULL));

  ck_assert_str_eq (ended->name, "ended");
  ck_assert_str_eq (ended->reason, "client-bye");
  ck_assert_ptr_null (active->reason);
}
END_TEST

START_TEST (a_track_keeps_the_largest_ssrc)
{
  g_autoptr (VgwMessage) message = round_trip (vgw_message_new_track ("audio", "opus", 48000, G_MAXUINT32, "audio0"));

  ck_assert_str_eq (message->kind, "audio");
  ck_assert_str_eq (message->codec, "opus");
  ck_assert_uint_eq (message->clock_rate_hz, 48000);
  ck_assert_uint_eq (message->ssrc, G_MAXUINT32);
  ck_assert_str_eq (message->sdp_mid, "audio0");
}
END_TEST

START_TEST (every_error_code_crosses_the_wire)
{
  for (int code = VGW_ERROR_BAD_MESSAGE; code <= VGW_ERROR_INTERNAL; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, code, "why it failed");
      g_autoptr (VgwMessage) message = round_trip (vgw_message_new_error (error, code % 2 == 0));

      ck_assert_int_eq (message->error_code, code);
      /* why an engine or the gateway itself failed names hosts, files and elements: it is for the log */
      ck_assert_str_eq (message->error_message, code == VGW_ERROR_ENGINE     ? "the speech engine failed"
                                                : code == VGW_ERROR_INTERNAL ? "internal error"
                                                                             : "why it failed");
      ck_assert_int_eq (message->is_fatal, code % 2 == 0);
    }
}
END_TEST

START_TEST (errors_of_others_are_not_told_to_a_client)
{
  g_autoptr (GError) file_error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "/etc/secret: no such file");
  g_autoptr (GError) config_error = g_error_new_literal (VGW_ERROR, VGW_ERROR_CONFIG, "/etc/secret: bad key");
  g_autoptr (VgwMessage) from_file = round_trip (vgw_message_new_error (file_error, TRUE));
  g_autoptr (VgwMessage) from_config = round_trip (vgw_message_new_error (config_error, TRUE));

  ck_assert_int_eq (from_file->error_code, VGW_ERROR_INTERNAL);
  ck_assert_str_eq (from_file->error_message, "internal error");
  ck_assert_int_eq (from_config->error_code, VGW_ERROR_INTERNAL);
  ck_assert_str_eq (from_config->error_message, "internal error");
}
END_TEST

START_TEST (an_event_is_passed_on_as_it_was_sent)
{
  g_autoptr (VgwMessage) string = parse ("{\"type\":\"event\",\"payload\":\"{ \\\"n\\\" : 1.50 }\"}");
  g_autoptr (VgwMessage) object = parse ("{\"type\":\"event\",\"payload\":{\"a\":[1,{\"b\":null}]}}");
  g_autoptr (VgwMessage) again = round_trip (vgw_message_new_event ("{\"x\":\"\\u00e4\"}"));

  ck_assert_str_eq (string->event_json, "{ \"n\" : 1.50 }");
  ck_assert_str_eq (object->event_json, "{\"a\":[1,{\"b\":null}]}");
  ck_assert_str_eq (again->event_json, "{\"x\":\"\\u00e4\"}");
}
END_TEST

START_TEST (an_unknown_type_is_told_by_name_and_bounded)
{
  g_autoptr (VgwMessage) message = parse ("{\"type\":\"hello\\nworld\",\"payload\":[[[1]]]}");
  g_autofree char *name = g_strnfill (1000, 'x');
  g_autofree char *long_text = g_strdup_printf ("{\"type\":\"ä%s\"}", name);
  g_autoptr (VgwMessage) long_message = parse (long_text);

  ck_assert_int_eq (message->type, VGW_MESSAGE_UNKNOWN);
  ck_assert_str_eq (message->name, "hello\nworld");
  ck_assert_int_eq (g_utf8_strlen (long_message->name, -1), 64);
  ck_assert (g_utf8_validate (long_message->name, -1, NULL));
}
END_TEST

START_TEST (the_name_unknown_is_no_type)
{
  g_autoptr (VgwMessage) message = parse ("{\"type\":\"unknown\"}");

  ck_assert_int_eq (message->type, VGW_MESSAGE_UNKNOWN);
  ck_assert_str_eq (message->name, "unknown");
}
END_TEST

START_TEST (of_duplicate_keys_one_wins_and_nothing_leaks)
{
  g_autoptr (VgwMessage) message =
      parse ("{\"type\":\"bye\",\"type\":\"offer\",\"payload\":1,\"payload\":{\"sdp\":\"a\",\"sdp\":\"b\"}}");

  ck_assert_int_eq (message->type, VGW_MESSAGE_OFFER);
  ck_assert_str_eq (message->sdp, "b");
}
END_TEST

START_TEST (what_is_no_message_is_refused)
{
  assert_bad ("");
  assert_bad ("hello");
  assert_bad ("[]");
  assert_bad ("null");
  assert_bad ("\"offer\"");
  assert_bad ("{}");
  assert_bad ("{\"type\":null}");
  assert_bad ("{\"type\":\"\"}");
  assert_bad ("{\"type\":1}");
  assert_bad ("{\"type\":[\"offer\"]}");
  assert_bad ("{\"type\":\"bye\"}{\"type\":\"bye\"}");
  assert_bad ("{\"type\":\"bye\",}");
  assert_refused_as ("{\"type\":\"bye\"}\0", 15, VGW_ERROR_BAD_MESSAGE);
  assert_refused_as ("{\"type\":\"\xff\xfe\"}", 13, VGW_ERROR_BAD_MESSAGE);
}
END_TEST

START_TEST (a_payload_of_another_kind_is_refused)
{
  static const char *const types[] = { "offer", "answer", "session", "state", "track", "error", "event" };
  static const char *const payloads[] = { "null", "\"\"", "1", "true", "[]", "\"[]\"", "\"1\"", "\"{\"", "\"null\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *without = g_strdup_printf ("{\"type\":\"%s\"}", types[i]);

      assert_bad (without);
      for (gsize j = 0; j < G_N_ELEMENTS (payloads); j++)
        {
          g_autofree char *text = g_strdup_printf ("{\"type\":\"%s\",\"payload\":%s}", types[i], payloads[j]);

          assert_bad (text);
        }
    }
  assert_bad ("{\"type\":\"candidate\",\"payload\":1}");
  assert_bad ("{\"type\":\"bye\",\"payload\":[]}");
}
END_TEST

START_TEST (a_candidate_may_be_a_line_of_sdp)
{
  static const char *const payloads[] = {
    "{\"candidate\":\"candidate:1 1 UDP 1 192.0.2.1 9 typ host\"}",
    "{\"candidate\":\"candidate:1 1 UDP 1 192.0.2.1 9 typ host\\r\\n\"}",
    "{\"candidate\":\"a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\"}",
    "{\"candidate\":\" a=candidate:1 1 UDP 1 192.0.2.1 9 typ host \\n\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"type\":\"candidate\",\"payload\":%s}", payloads[i]);
      g_autoptr (VgwMessage) message = vgw_message_parse (text, strlen (text), NULL);

      ck_assert_ptr_nonnull (message);
      ck_assert_str_eq (message->candidate, "candidate:1 1 UDP 1 192.0.2.1 9 typ host");
    }
}
END_TEST

START_TEST (members_of_another_kind_are_refused)
{
  static const char *const payloads[] = {
    "offer\",\"payload\":{\"sdp\":1}",
    "offer\",\"payload\":{\"sdp\":\"\"}",
    "offer\",\"payload\":{\"sdp\":null}",
    "offer\",\"payload\":{\"sdp\":[\"v=0\"]}",
    "offer\",\"payload\":{\"type\":\"answer\",\"sdp\":\"v=0\"}",
    "candidate\",\"payload\":{\"candidate\":1}",
    "candidate\",\"payload\":{\"candidate\":{}}",
    "candidate\",\"payload\":{\"candidate\":\"candidate:1\\r\\na=x\"}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMid\":0}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMid\":\"0\\n\"}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMLineIndex\":\"0\"}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMLineIndex\":-1}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMLineIndex\":65536}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMLineIndex\":0.5}",
    "candidate\",\"payload\":{\"candidate\":\"c\",\"usernameFragment\":[]}",
    "session\",\"payload\":{\"id\":1}",
    "session\",\"payload\":{\"id\":\"x\",\"resumeToken\":1}",
    "session\",\"payload\":{\"id\":\"x\",\"iceServers\":{}}",
    "session\",\"payload\":{\"id\":\"x\",\"iceServers\":[1]}",
    "session\",\"payload\":{\"id\":\"x\",\"iceServers\":[{}]}",
    "session\",\"payload\":{\"id\":\"x\",\"iceServers\":[{\"urls\":[1]}]}",
    "session\",\"payload\":{\"id\":\"x\",\"iceServers\":[{\"urls\":\"stun:a\",\"username\":1}]}",
    "session\",\"payload\":{\"id\":\"x\",\"limits\":[]}",
    "session\",\"payload\":{\"id\":\"x\",\"limits\":{\"maxCandidates\":-1}}",
    "session\",\"payload\":{\"id\":\"x\",\"limits\":{\"maxCandidates\":4294967296}}",
    "state\",\"payload\":{\"state\":1}",
    "state\",\"payload\":{\"state\":\"ended\",\"reason\":{}}",
    "track\",\"payload\":{\"codec\":\"opus\"}",
    "track\",\"payload\":{\"kind\":\"audio\",\"ssrc\":-1}",
    "track\",\"payload\":{\"kind\":\"audio\",\"clockRate\":\"48000\"}",
    "error\",\"payload\":{\"code\":1}",
    "error\",\"payload\":{\"code\":\"busy\",\"fatal\":\"yes\"}",
    "error\",\"payload\":{\"code\":\"busy\",\"message\":false}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"type\":\"%s}", payloads[i]);

      assert_bad (text);
    }
}
END_TEST

START_TEST (an_error_of_a_later_version_reads_as_internal)
{
  g_autoptr (VgwMessage) message = parse ("{\"type\":\"error\",\"payload\":{\"code\":\"from-the-future\"}}");

  ck_assert_int_eq (message->error_code, VGW_ERROR_INTERNAL);
  ck_assert (!message->is_fatal);
}
END_TEST

/* @depth levels, the outermost being @open's own. */
static char *
nested (const char *open, const char *close, guint depth)
{
  g_autofree char *left = g_strnfill (depth, '[');
  g_autofree char *right = g_strnfill (depth, ']');

  return g_strconcat (open, left, right, close, NULL);
}

START_TEST (nesting_is_bounded_outside_and_inside)
{
  g_autofree char *outside = nested ("{\"type\":\"event\",\"payload\":{\"a\":", "}}", 60);
  g_autofree char *inside = nested ("{\"type\":\"event\",\"payload\":\"{\\\"a\\\":", "}\"}", 60);
  g_autofree char *flood = nested ("{\"type\":\"event\",\"payload\":\"{\\\"a\\\":", "}\"}", 30000);
  g_autofree char *fine = nested ("{\"type\":\"event\",\"payload\":\"{\\\"a\\\":", "}\"}", 20);
  g_autoptr (VgwMessage) message = parse (fine);

  ck_assert_ptr_nonnull (message->event_json);
  assert_refused_as (outside, strlen (outside), VGW_ERROR_TOO_LARGE);
  assert_refused_as (inside, strlen (inside), VGW_ERROR_TOO_LARGE);
  assert_refused_as (flood, strlen (flood), VGW_ERROR_TOO_LARGE);
}
END_TEST

START_TEST (size_is_bounded_to_the_byte)
{
  const char *start = "{\"type\":\"offer\",\"payload\":{\"sdp\":\"";
  const char *end = "\"}}";
  gsize n_fill = VGW_MESSAGE_MAX_BYTES - strlen (start) - strlen (end);
  g_autofree char *fill = g_strnfill (n_fill + 1, 'x');
  g_autofree char *too_long = g_strconcat (start, fill, end, NULL);
  g_autofree char *fits = g_strconcat (start, fill + 1, end, NULL);
  g_autoptr (VgwMessage) message = parse (fits);

  ck_assert_uint_eq (strlen (message->sdp), n_fill);
  assert_refused_as (too_long, strlen (too_long), VGW_ERROR_TOO_LARGE);
}
END_TEST

START_TEST (the_number_of_ice_servers_is_bounded)
{
  g_autoptr (GString) text = g_string_new ("{\"type\":\"session\",\"payload\":"
                                           "{\"id\":\"x\",\"iceServers\":[{\"urls\":[\"a\"");

  for (int i = 0; i < 1000; i++)
    g_string_append (text, ",\"a\"");
  g_string_append (text, "]}]}}");
  assert_refused_as (text->str, text->len, VGW_ERROR_TOO_LARGE);
}
END_TEST

START_TEST (errors_name_the_message_and_the_member)
{
  g_autoptr (GError) error = NULL;
  const char *text = "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"c\",\"sdpMLineIndex\":\"0\"}}";

  ck_assert_ptr_null (parse_bytes (text, strlen (text), &error));
  ck_assert_ptr_nonnull (strstr (error->message, "candidate"));
  ck_assert_ptr_nonnull (strstr (error->message, "sdpMLineIndex"));
}
END_TEST

START_TEST (text_that_is_not_utf8_is_made_valid)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_ENGINE, "said \xff\xfe");
  g_autoptr (VgwMessage) message = vgw_message_new_error (error, FALSE);
  g_autofree char *text = vgw_message_to_text (message);

  ck_assert (g_utf8_validate (text, -1, NULL));
}
END_TEST

START_TEST (every_message_of_nothing_can_be_written)
{
  for (VgwMessageType type = VGW_MESSAGE_UNKNOWN; type <= VGW_MESSAGE_EVENT; type++)
    {
      g_autoptr (VgwMessage) message = vgw_message_new (type);
      g_autofree char *text = vgw_message_to_text (message);

      ck_assert (g_str_has_prefix (text, "{\"type\":"));
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-message");
  TCase *good = tcase_create ("round trips");
  TCase *bad = tcase_create ("hostile");

  tcase_add_test (good, an_offer_keeps_its_sdp);
  tcase_add_test (good, the_wire_has_lower_case_keys_and_a_payload_in_a_string);
  tcase_add_test (good, a_payload_may_be_an_object_and_keys_any_case);
  tcase_add_test (good, a_candidate_keeps_its_four_fields);
  tcase_add_test (good, a_candidate_without_mid_and_index_says_so);
  tcase_add_test (good, every_way_to_say_end_of_candidates_is_one);
  tcase_add_test (good, a_ping_needs_no_payload);
  tcase_add_test (good, a_bye_needs_no_payload);
  tcase_add_test (good, a_session_keeps_servers_and_limits);
  tcase_add_test (good, urls_may_be_a_string_or_a_list);
  tcase_add_test (good, a_session_without_servers_offers_an_empty_list);
  tcase_add_test (good, a_state_keeps_name_and_reason);
  tcase_add_test (good, a_track_keeps_the_largest_ssrc);
  tcase_add_test (good, every_error_code_crosses_the_wire);
  tcase_add_test (good, errors_of_others_are_not_told_to_a_client);
  tcase_add_test (good, an_event_is_passed_on_as_it_was_sent);
  tcase_add_test (good, an_unknown_type_is_told_by_name_and_bounded);
  tcase_add_test (good, the_name_unknown_is_no_type);
  tcase_add_test (good, of_duplicate_keys_one_wins_and_nothing_leaks);
  tcase_add_test (good, text_that_is_not_utf8_is_made_valid);
  tcase_add_test (good, every_message_of_nothing_can_be_written);
  suite_add_tcase (suite, good);
  tcase_add_test (bad, what_is_no_message_is_refused);
  tcase_add_test (bad, a_payload_of_another_kind_is_refused);
  tcase_add_test (bad, a_candidate_may_be_a_line_of_sdp);
  tcase_add_test (bad, members_of_another_kind_are_refused);
  tcase_add_test (bad, an_error_of_a_later_version_reads_as_internal);
  tcase_add_test (bad, nesting_is_bounded_outside_and_inside);
  tcase_add_test (bad, size_is_bounded_to_the_byte);
  tcase_add_test (bad, the_number_of_ice_servers_is_bounded);
  tcase_add_test (bad, errors_name_the_message_and_the_member);
  suite_add_tcase (suite, bad);
  return suite;
}
