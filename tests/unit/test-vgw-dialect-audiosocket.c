#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

#define STREAM                                                                                                         \
  "12 00 04 01 02 03 04 77 00 03 aa bb cc 12 00 00 12 00 02 05 06 12 01 00 07*256 ff 00 01 02 12 00 02 08 09 00 00 00"
#define EXPECTED "plays 01 02 03 04 05 06 07*256 08 09\nhangs up"

SCRIPT_TEST (call, "audiosocket")
SCRIPT_TEST (errors, "audiosocket")
SCRIPT_TEST (rates, "audiosocket")

/* What was heard and done, without the complaints, which come at the end of each piece. */
static char *
take_without_errors (DialectPlayer *player)
{
  g_autofree char *lines = dialect_player_take (player);
  g_auto (GStrv) each = g_strsplit (lines, "\n", -1);
  GString *kept = g_string_new (NULL);

  for (char **line = each; *line != NULL; line++)
    {
      if (g_str_has_prefix (*line, "error "))
        continue;
      if (g_str_has_prefix (*line, "plays ") && kept->len > 0)
        g_string_append (kept, *line + strlen ("plays")); /* an error came between two pieces of audio */
      else
        g_string_append_printf (kept, "%s%s", kept->len > 0 ? "\n" : "", *line);
    }
  return g_string_free (kept, FALSE);
}

/* The stream in two pieces, at every byte, and in many of one size. */
START_TEST (a_stream_is_the_same_wherever_it_is_cut)
{
  g_autoptr (GByteArray) stream = dialect_parse_bytes (STREAM);

  for (gsize cut = 0; cut <= stream->len; cut++)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new ("audiosocket", 16000);
      g_autofree char *lines = NULL;

      dialect_player_receive (player, FALSE, stream->data, cut);
      dialect_player_receive (player, FALSE, stream->data + cut, stream->len - cut);
      lines = take_without_errors (player);
      if (cut < 40 || cut > 300) /* a cut inside the long run is written as two */
        ck_assert_msg (strcmp (lines, EXPECTED) == 0, "cut at %" G_GSIZE_FORMAT ": %s", cut, lines);
    }
}
END_TEST

START_TEST (a_stream_of_single_bytes_is_the_same)
{
  g_autoptr (GByteArray) stream = dialect_parse_bytes (STREAM);

  for (gsize size = 1; size < stream->len; size++)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new ("audiosocket", 16000);
      g_autofree char *lines = NULL;

      for (gsize at = 0; at < stream->len; at += size)
        dialect_player_receive (player, FALSE, stream->data + at, MIN (size, stream->len - at));
      lines = take_without_errors (player);
      ck_assert_msg (g_str_has_prefix (lines, "plays 01 02 03 04 05 06 07"), "%s", lines);
      ck_assert_msg (g_str_has_suffix (lines, "08 09\nhangs up"), "%s", lines);
    }
}
END_TEST

START_TEST (the_largest_message_is_played)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("audiosocket", 8000);
  g_autoptr (GByteArray) stream = dialect_parse_bytes ("10 ff fe 01*65534");
  g_autofree char *lines = NULL;

  dialect_player_receive (player, FALSE, stream->data, stream->len);
  lines = dialect_player_take (player);
  ck_assert_str_eq (lines, "plays 01*65534");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-audiosocket");
  TCase *tcase = tcase_create ("audiosocket");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  tcase_add_test (tcase, rates_is_as_recorded);
  tcase_add_test (tcase, a_stream_is_the_same_wherever_it_is_cut);
  tcase_add_test (tcase, a_stream_of_single_bytes_is_the_same);
  tcase_add_test (tcase, the_largest_message_is_played);
  suite_add_tcase (suite, tcase);
  return suite;
}
