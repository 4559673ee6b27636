#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

#include "base/vgw-json.h"
#include "engine/dialects/vgw-mulaw.h"

#define FRAME_SAMPLES 160
#define N_SAMPLES (11 * FRAME_SAMPLES)

SCRIPT_TEST (call, "twilio")
SCRIPT_TEST (caller, "twilio")
SCRIPT_TEST (reconnect, "twilio")
SCRIPT_TEST (errors, "twilio")

/* The μ-law of all media messages in @lines, each of which must be 20 ms. */
static GByteArray *
collect_media (const char *lines)
{
  g_auto (GStrv) each = g_strsplit (lines, "\n", -1);
  GByteArray *octets = g_byte_array_new ();
  guint n_chunks = 0;

  for (char **line = each; *line != NULL; line++)
    {
      const char *text = *line + strlen ("sends text ");
      g_autoptr (JsonObject) message = vgw_json_parse_object (text, strlen (text), NULL);
      JsonObject *media = json_object_get_object_member (message, "media");
      g_autofree guint8 *piece = NULL;
      gsize length;

      piece = g_base64_decode (json_object_get_string_member (media, "payload"), &length);
      ck_assert_uint_eq (length, FRAME_SAMPLES);
      g_byte_array_append (octets, piece, (guint) length);
      n_chunks++;
      ck_assert_int_eq (atoi (json_object_get_string_member (media, "chunk")), n_chunks);
      ck_assert_int_eq (atoi (json_object_get_string_member (media, "timestamp")), (n_chunks - 1) * 20);
      ck_assert_int_eq (atoi (json_object_get_string_member (message, "sequenceNumber")), n_chunks + 1);
    }
  return octets;
}

START_TEST (audio_in_any_pieces_leaves_in_frames_of_20_ms)
{
  static const gsize sizes[] = { 1, 7, 159, 160, 161, 1000, N_SAMPLES };
  gint16 samples[N_SAMPLES];
  guint8 wanted[N_SAMPLES];

  for (gsize i = 0; i < N_SAMPLES; i++)
    {
      samples[i] = (gint16) (i * 37 - 9000);
      wanted[i] = vgw_mulaw_encode (samples[i]);
    }
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new ("twilio", 8000);
      const VgwDialect *dialect = dialect_player_dialect (player);
      g_autofree char *lines = NULL;
      g_autoptr (GByteArray) octets = NULL;

      dialect->start (dialect_player_state (player));
      g_free (dialect_player_take (player));
      for (gsize at = 0; at < N_SAMPLES; at += sizes[s])
        dialect->audio (dialect_player_state (player), samples + at, MIN (sizes[s], N_SAMPLES - at));
      lines = dialect_player_take (player);
      octets = collect_media (lines);
      ck_assert_uint_eq (octets->len, N_SAMPLES);
      ck_assert_mem_eq (octets->data, wanted, N_SAMPLES);
    }
}
END_TEST

START_TEST (a_minute_in_one_message_is_played)
{
  g_autoptr (DialectPlayer) player = dialect_player_new ("twilio", 8000);
  const gsize n_octets = 60 * 8000;
  g_autofree guint8 *octets = g_malloc (n_octets);
  g_autofree char *payload = NULL;
  g_autofree char *text = NULL;
  g_autofree char *lines = NULL;

  memset (octets, 0xff, n_octets);
  payload = g_base64_encode (octets, n_octets);
  text = g_strdup_printf ("{\"event\":\"media\",\"media\":{\"payload\":\"%s\"}}", payload);
  dialect_player_receive (player, TRUE, (const guint8 *) text, strlen (text));
  lines = dialect_player_take (player);
  ck_assert_str_eq (lines, "plays 00*960000");
}
END_TEST

/* Audio may be long, anything else not: also beside audio, and where a long string is no base64. */
START_TEST (only_audio_makes_a_message_long)
{
  static const char *const formats[] = { "{\"event\":\"mark\",\"mark\":{\"name\":\"%s\"}}",
                                         "{\"event\":\"media\",\"media\":{\"payload\":\"?%s\"}}",
                                         "{\"event\":\"media\",\"media\":{\"payload\":\"/w==\",\"x\":\"%s\"}}",
                                         "\"%s",
                                         "%s",
                                         "{\"a\":\"%s\\" };
  static const char *const answers[] = { "error mark: a text of 200",
                                         "error media: payload must be μ-law in base64",
                                         "plays 00 00",
                                         "error",
                                         "error",
                                         "error" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (DialectPlayer) player = dialect_player_new ("twilio", 8000);
      g_autofree char *filling = g_strnfill (200000, 'A');
      g_auto (GStrv) parts = g_strsplit (formats[i], "%s", 2);
      g_autofree char *text = g_strconcat (parts[0], filling, parts[1], NULL);
      g_autofree char *lines = NULL;

      dialect_player_receive (player, TRUE, (const guint8 *) text, strlen (text));
      lines = dialect_player_take (player);
      ck_assert_msg (g_str_has_prefix (lines, answers[i]), "%s", lines);
    }
}
END_TEST

START_TEST (a_payload_apart_is_that_of_its_message_only)
{
  static const char text[] = "{\"event\":\"media\",\"media\":{\"payload\":\"*\"}}";
  g_autoptr (DialectPlayer) player = dialect_player_new ("twilio", 8000);
  g_autofree char *lines = NULL;

  dialect_player_receive (player, TRUE, (const guint8 *) text, strlen (text));
  lines = dialect_player_take (player);
  ck_assert_str_eq (lines, "error media: payload must be μ-law in base64");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-twilio");
  TCase *tcase = tcase_create ("twilio");

  tcase_add_test (tcase, call_is_as_recorded);
  tcase_add_test (tcase, caller_is_as_recorded);
  tcase_add_test (tcase, reconnect_is_as_recorded);
  tcase_add_test (tcase, errors_is_as_recorded);
  tcase_add_test (tcase, audio_in_any_pieces_leaves_in_frames_of_20_ms);
  tcase_add_test (tcase, a_minute_in_one_message_is_played);
  tcase_add_test (tcase, only_audio_makes_a_message_long);
  tcase_add_test (tcase, a_payload_apart_is_that_of_its_message_only);
  suite_add_tcase (suite, tcase);
  return suite;
}
