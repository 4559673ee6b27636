/* PCM that a bot cuts anywhere is the same PCM, in every dialect that has it as a stream. */
#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

#define RATE_HZ 8000
#define N_BYTES (2 * 320) /* whole frames of 20 ms: Asterisk plays no others */
#define KIND_AUDIO_8KHZ 0x10

static const char *const streams[] = { "native", "jambonz", "asterisk", "audiosocket" };

static void
receive_piece (DialectPlayer *player, const guint8 *data, gsize length)
{
  g_autofree guint8 *message = g_malloc (length + 3);

  if (!dialect_player_dialect (player)->is_stream)
    {
      dialect_player_receive (player, FALSE, data, length);
      return;
    }
  message[0] = KIND_AUDIO_8KHZ;
  message[1] = length >> 8;
  message[2] = length & 0xff;
  memcpy (message + 3, data, length);
  dialect_player_receive (player, FALSE, message, length + 3);
}

/* Everything that was played, of which marks of the dialect's own may stand in between. */
static GByteArray *
take_played (DialectPlayer *player)
{
  g_autofree char *lines = dialect_player_take (player);
  g_auto (GStrv) each = g_strsplit (lines, "\n", -1);
  GByteArray *played = g_byte_array_new ();

  for (char **line = each; *line != NULL; line++)
    {
      g_autoptr (GByteArray) piece = NULL;

      ck_assert_msg (!g_str_has_prefix (*line, "error"), "%s", *line);
      if (!g_str_has_prefix (*line, "plays "))
        continue;
      piece = dialect_parse_bytes (*line + strlen ("plays "));
      g_byte_array_append (played, piece->data, piece->len);
    }
  return played;
}

static void
fill (guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) (i % 251);
}

START_TEST (samples_that_are_cut_anywhere_are_the_same)
{
  guint8 data[N_BYTES];

  fill (data, sizeof data);
  for (gsize size = 1; size < sizeof data; size += size < 4 ? 1 : 97)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new (streams[_i], RATE_HZ);
      g_autoptr (GByteArray) played = NULL;

      dialect_player_dialect (player)->start (dialect_player_state (player));
      g_free (dialect_player_take (player));
      for (gsize at = 0; at < sizeof data; at += size)
        receive_piece (player, data + at, MIN (size, sizeof data - at));
      played = take_played (player);
      ck_assert_uint_eq (played->len, sizeof data);
      ck_assert_mem_eq (played->data, data, sizeof data);
    }
}
END_TEST

START_TEST (half_a_sample_ends_with_its_connection)
{
  g_autoptr (DialectPlayer) player = dialect_player_new (streams[_i], RATE_HZ);
  g_autoptr (GByteArray) played = NULL;
  guint8 data[N_BYTES];

  fill (data, sizeof data);
  dialect_player_dialect (player)->start (dialect_player_state (player));
  receive_piece (player, data, 1);
  dialect_player_dialect (player)->start (dialect_player_state (player));
  g_free (dialect_player_take (player));
  receive_piece (player, data, sizeof data);
  played = take_played (player);
  ck_assert_uint_eq (played->len, sizeof data);
  ck_assert_mem_eq (played->data, data, sizeof data);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-stream");
  TCase *tcase = tcase_create ("stream");

  tcase_add_loop_test (tcase, samples_that_are_cut_anywhere_are_the_same, 0, G_N_ELEMENTS (streams));
  tcase_add_loop_test (tcase, half_a_sample_ends_with_its_connection, 0, G_N_ELEMENTS (streams));
  suite_add_tcase (suite, tcase);
  return suite;
}
