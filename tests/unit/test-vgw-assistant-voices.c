/* What the assistant understands of voices that are not its own, over its protocol. */
#include "assistant-peer.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "assistant/vgw-assistant-resampler.h"
#include "run-suite.h"

#define N_VOICES 3
#define WAV_HEADER_BYTES 44 /* as flite and espeak-ng write it: RIFF, fmt, data */
#define WAV_RATE_AT 24

/* s16 mono at RATE_HZ of the WAV that the command @argv writes, in which "FILE" stands for its path. (transfer full) */
static GArray *
synthesise (const char *const *argv)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwAssistantResampler) resampler = NULL;
  GArray *speech = g_array_new (FALSE, FALSE, sizeof (gint16));
  int fd = g_file_open_tmp ("vgw-speech-detector-XXXXXX.wav", &path, &error);
  gsize length;
  guint32 rate_hz;
  int status;

  ck_assert_int_ge (fd, 0);
  g_close (fd, NULL);
  for (; *argv != NULL; argv++)
    g_ptr_array_add (arguments, (gpointer) (g_str_equal (*argv, "FILE") ? path : *argv));
  g_ptr_array_add (arguments, NULL);
  ck_assert_msg (g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                               NULL, NULL, NULL, NULL, &status, &error)
                     && status == 0,
                 "%s: %s", (char *) arguments->pdata[0], error != NULL ? error->message : "failed");
  ck_assert (g_file_get_contents (path, &bytes, &length, NULL) && length > WAV_HEADER_BYTES);
  g_unlink (path);
  memcpy (&rate_hz, bytes + WAV_RATE_AT, sizeof rate_hz);
  resampler = vgw_assistant_resampler_new (GUINT32_FROM_LE (rate_hz), RATE_HZ);
  vgw_assistant_resampler_push (resampler, (const gint16 *) (gpointer) (bytes + WAV_HEADER_BYTES),
                                (length - WAV_HEADER_BYTES) / sizeof (gint16), speech);
  return speech;
}

/* What is asked, and how the answer to it begins. */
static const struct
{
  const char *question, *answer;
} QUESTIONS[] = {
  { "what time is it", "It is " },
  { "what's the time", "It is " },
  { "tell me the time please", "It is " },
  { "count to five", "one, two, three, four, five." },
  { "count to twelve", "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve." },
  { "spell cat", "cat: C, A, T." },
  { "spell the word elephant", "elephant: E, L, E, P, H, A, N, T." },
  { "what can you do", "You can ask: " },
  { "repeat after me", "What shall I repeat?" },
  { "goodbye", "Goodbye, " },
};

/* Sentences that are none of its commands: no call may end over one, and nothing be counted, spelled or told. */
static const char *const OTHERS[] = {
  "the weather is nice today",
  "where is the train station",
  "how much does it cost",
  "good morning",
  "i would like to book a table for two",
  "what is the capital of france",
};

/* Three voices that nobody here recorded: two of flite, and espeak-ng's, which sounds least like a person. */
static GArray *
speak_as (guint voice, const char *words)
{
  const char *const slt[] = { "flite", "-voice", "slt", "-t", words, "-o", "FILE", NULL };
  const char *const kal[] = { "flite", "-voice", "kal16", "-t", words, "-o", "FILE", NULL };
  const char *const espeak[] = { "espeak-ng", "-v", "en-us", "-w", "FILE", words, NULL };
  const char *const *const voices[] = { slt, kal, espeak };

  return synthesise (voices[voice]);
}

/* The answer to @words by @voice in a call of its own. (transfer full) */
static char *
ask_as (guint voice, const char *words)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autoptr (GArray) speech = speak_as (voice, words);
  char *answer;

  assistant_peer_push_speech (peer, speech);
  answer = assistant_peer_wait_for_speech (peer);
  assistant_peer_free (peer);
  return answer;
}

static gboolean
is_no_command (const char *answer)
{
  return g_str_has_prefix (answer, "I understood: ") || g_str_has_prefix (answer, "I did not understand");
}

START_TEST (three_voices_are_understood)
{
  guint n_understood = 0;
  g_autoptr (GString) failures = g_string_new (NULL);

  for (guint voice = 0; voice < N_VOICES; voice++)
    for (guint i = 0; i < G_N_ELEMENTS (QUESTIONS); i++)
      {
        g_autofree char *answer = ask_as (voice, QUESTIONS[i].question);
        gboolean is_right = g_str_has_prefix (answer, QUESTIONS[i].answer);

        n_understood += is_right;
        if (!is_right)
          g_string_append_printf (failures, "%s, voice %u: %s\n", QUESTIONS[i].question, voice, answer);
        /* what is not understood is asked again or told back, and not taken for another command */
        ck_assert_msg (is_right || is_no_command (answer), "%s, voice %u: %s", QUESTIONS[i].question, voice, answer);
      }
  g_printerr ("%u of %u understood; not:\n%s", n_understood, N_VOICES * (guint) G_N_ELEMENTS (QUESTIONS),
              failures->str);
  ck_assert_uint_ge (n_understood, 27);
}
END_TEST

START_TEST (what_is_no_command_is_not_taken_for_one)
{
  for (guint voice = 0; voice < N_VOICES; voice++)
    for (guint i = 0; i < G_N_ELEMENTS (OTHERS); i++)
      {
        g_autofree char *answer = ask_as (voice, OTHERS[i]);

        ck_assert_msg (is_no_command (answer), "%s, voice %u: %s", OTHERS[i], voice, answer);
      }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant-voices");
  TCase *tcase = tcase_create ("voices");

  tcase_set_timeout (tcase, 120);
  tcase_add_unchecked_fixture (tcase, assistant_models_load, assistant_models_unload);
  tcase_add_test (tcase, three_voices_are_understood);
  tcase_add_test (tcase, what_is_no_command_is_not_taken_for_one);
  suite_add_tcase (suite, tcase);
  return suite;
}
