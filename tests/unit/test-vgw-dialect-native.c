#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

#include "base/vgw-json.h"

SCRIPT_TEST (call, "native")
SCRIPT_TEST (caller, "native")
SCRIPT_TEST (reconnect, "native")
SCRIPT_TEST (errors, "native")

static char *
receive_text (DialectPlayer *player, const char *text)
{
  dialect_player_receive (player, TRUE, (const guint8 *) text, strlen (text));
  return dialect_player_take (player);
}

START_TEST (an_event_that_is_no_json_is_not_sent)
{
  static const char *const bad[] = { "", "{", "hello", "1,\"type\":\"stop\"" };
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *lines = NULL;
      dialect_player_dialect (player)->handle (dialect_player_state (player),
                                               &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = bad[i] });
      lines = dialect_player_take (player);
      ck_assert_msg (*lines == '\0', "%s", lines);
    }
}
END_TEST

START_TEST (a_pause_has_its_length_and_outlives_the_connection_to_the_bot)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);
  const VgwDialect *dialect = dialect_player_dialect (player);
  gpointer state = dialect_player_state (player);
  g_autofree char *paused = NULL, *again = NULL, *resumed = NULL, *later = NULL;

  dialect->handle (state, &(VgwEngineInput){ .type = VGW_ENGINE_INPUT_PAUSED });
  paused = dialect_player_take (player);
  ck_assert_msg (strstr (paused, "{\"type\":\"paused\"}") != NULL, "%s", paused);
  dialect_player_call (player)->is_paused = TRUE;
  dialect->start (state); /* the connection to the bot was lost, too */
  again = dialect_player_take (player);
  ck_assert_msg (strstr (again, "\"start\"") < strstr (again, "{\"type\":\"paused\"}"), "%s", again);
  dialect->handle (state, &(VgwEngineInput){ .type = VGW_ENGINE_INPUT_RESUMED, .paused_ms = 4200 });
  resumed = dialect_player_take (player);
  ck_assert_msg (strstr (resumed, "{\"type\":\"resumed\",\"paused_ms\":4200}") != NULL, "%s", resumed);
  dialect_player_call (player)->is_paused = FALSE;
  dialect->start (state);
  later = dialect_player_take (player);
  ck_assert_ptr_null (strstr (later, "paused"));
}
END_TEST

START_TEST (a_large_event_is_refused)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);
  g_autofree char *large = g_strnfill (64 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"type\":\"event\",\"data\":{\"x\":\"%s\"}}", large);
  g_autofree char *lines = receive_text (player, text);

  ck_assert_msg (strstr (lines, "error event: data is larger") != NULL, "%s", lines);
  ck_assert_ptr_null (strstr (lines, "tells"));
}
END_TEST

/* The end of it is no JSON, which nobody has looked at. */
START_TEST (a_long_text_is_refused_before_it_is_parsed)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);
  g_autofree char *blanks = g_strnfill (VGW_DIALECT_MAX_TEXT_BYTES, ' ');
  g_autofree char *text = g_strdup_printf ("{\"type\":\"clear\"}%s!", blanks);
  g_autofree char *lines = receive_text (player, text);

  ck_assert_msg (strstr (lines, "bytes is too long, the limit is 81920") != NULL, "%s", lines);
  ck_assert_ptr_null (strstr (lines, "clears"));
}
END_TEST

START_TEST (a_long_name_in_an_error_is_cut_to_valid_text)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);
  GString *text = g_string_new ("{\"type\":\"a");
  g_autofree char *lines = NULL;

  for (guint i = 0; i < 30000; i++)
    g_string_append (text, "ü");
  g_string_append (text, "\"}");
  lines = receive_text (player, text->str);
  ck_assert (g_utf8_validate (lines, -1, NULL));
  ck_assert_uint_lt (strlen (lines), 1000);
  g_string_free (text, TRUE);
}
END_TEST

START_TEST (a_mark_keeps_its_name_whatever_is_in_it)
{
  static const char name[] = "\" \\ \n \x7f Grüße \xf0\x9f\x98\x80";
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 16000);
  const VgwPlayoutEvent event = { .type = VGW_PLAYOUT_MARK, .name = name };
  g_autofree char *line = NULL;
  g_autoptr (JsonObject) object = NULL;

  dialect_player_dialect (player)->handle (dialect_player_state (player),
                                           &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
  line = dialect_player_take (player);
  ck_assert (g_str_has_prefix (line, "sends text "));
  object = vgw_json_parse_object (line + strlen ("sends text "), strlen (line + strlen ("sends text ")), NULL);
  ck_assert_ptr_nonnull (object);
  ck_assert_str_eq (json_object_get_string_member (object, "name"), name);
}
END_TEST

/* What waited for a connection comes in one piece, what a voice detector has passed on in pieces of 10 ms. */
START_TEST (audio_leaves_in_frames_of_20_ms)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("native", 48000);
  g_autofree gint16 *samples = g_new0 (gint16, 2880);

  for (guint i = 0; i < 4; i++)
    {
      static const gsize n_pushed[] = { 2880, 480, 480, 960 };
      static const char *const sent[] = { "sends binary 00*1920\nsends binary 00*1920\nsends binary 00*1920", "",
                                          "sends binary 00*1920", "sends binary 00*1920" };
      g_autofree char *lines = NULL;

      dialect_player_dialect (player)->audio (dialect_player_state (player), samples, n_pushed[i]);
      lines = dialect_player_take (player);
      ck_assert_str_eq (lines, sent[i]);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-native");
  TCase *tcase = tcase_create ("native");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, caller_is_as_recorded);
  tcase_add_test (tcase, reconnect_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  tcase_add_test (tcase, an_event_that_is_no_json_is_not_sent);
  tcase_add_test (tcase, a_pause_has_its_length_and_outlives_the_connection_to_the_bot);
  tcase_add_test (tcase, a_large_event_is_refused);
  tcase_add_test (tcase, a_long_text_is_refused_before_it_is_parsed);
  tcase_add_test (tcase, a_long_name_in_an_error_is_cut_to_valid_text);
  tcase_add_test (tcase, a_mark_keeps_its_name_whatever_is_in_it);
  tcase_add_test (tcase, audio_leaves_in_frames_of_20_ms);
  suite_add_tcase (suite, tcase);
  return suite;
}
