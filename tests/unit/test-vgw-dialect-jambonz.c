#include "dialect-script.h"
#include "run-suite.h"

SCRIPT_TEST (call, "jambonz")
SCRIPT_TEST (caller, "jambonz")
SCRIPT_TEST (errors, "jambonz")

START_TEST (a_long_play_audio_is_played_also_with_escaped_strokes)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("jambonz", 16000);
  GString *text = g_string_new ("{\"type\":\"playAudio\",\"data\":{\"audioContent\":\"");
  g_autofree char *lines = NULL;

  for (guint i = 0; i < 40000; i++)
    g_string_append (text, "\\/\\/\\/\\/");
  g_string_append (text, "\",\"audioContentType\":\"raw\",\"sampleRate\":16000,\"id\":\"x\"}}");
  dialect_player_receive (player, TRUE, (const guint8 *) text->str, text->len);
  lines = dialect_player_take (player);
  ck_assert_str_eq (lines, "plays ff*120000\nmarks p0:x");
  g_string_free (text, TRUE);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-jambonz");
  TCase *tcase = tcase_create ("jambonz");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, caller_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  tcase_add_test (tcase, a_long_play_audio_is_played_also_with_escaped_strokes);
  suite_add_tcase (suite, tcase);
  return suite;
}
