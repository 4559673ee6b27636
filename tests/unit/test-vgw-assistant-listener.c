#include "assistant/vgw-assistant-listener.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "assistant/vgw-assistant-resampler.h"
#include "assistant/vgw-assistant-speaker.h"
#include "assistant/vgw-assistant-sphinx.h"
#include "run-suite.h"

#define RATE_HZ VGW_ASSISTANT_RATE_HZ
#define MS_TO_SAMPLES(ms) ((ms) * (RATE_HZ / 1000))
#define TONE_HZ 440
#define TONE_AMPLITUDE 8000

static VgwAssistantListener *listener = NULL;
static GPtrArray *utterances = NULL; /* GArray */

static void
set_up (void)
{
  listener = vgw_assistant_listener_new ();
  utterances = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
}

static void
tear_down (void)
{
  g_clear_pointer (&listener, vgw_assistant_listener_free);
  g_clear_pointer (&utterances, g_ptr_array_unref);
}

static void
push (const gint16 *samples, gsize n_samples)
{
  for (gsize at = 0; at < n_samples; at += VGW_ASSISTANT_BLOCK_SAMPLES)
    {
      GArray *utterance =
          vgw_assistant_listener_push (listener, samples + at, MIN (VGW_ASSISTANT_BLOCK_SAMPLES, n_samples - at));

      if (utterance != NULL)
        g_ptr_array_add (utterances, utterance);
    }
}

static void
push_silence (guint duration_ms)
{
  g_autofree gint16 *silence = g_new0 (gint16, MS_TO_SAMPLES (duration_ms));

  push (silence, MS_TO_SAMPLES (duration_ms));
}

/* The faint noise of a quiet room, the same in each run. */
static void
push_noise (guint duration_ms)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree gint16 *noise = g_new (gint16, MS_TO_SAMPLES (duration_ms));

  for (guint i = 0; i < MS_TO_SAMPLES (duration_ms); i++)
    noise[i] = g_rand_int_range (random, -30, 31);
  push (noise, MS_TO_SAMPLES (duration_ms));
}

/* Returns how many samples it was */
static gsize
push_speech (const char *words)
{
  g_autoptr (GArray) speech = vgw_assistant_speak (words, RATE_HZ);

  push ((const gint16 *) speech->data, speech->len);
  return speech->len;
}

static gsize
get_length (guint index)
{
  ck_assert_uint_lt (index, utterances->len);
  return ((GArray *) utterances->pdata[index])->len;
}

START_TEST (silence_is_no_utterance)
{
  push_silence (10000);
  ck_assert_uint_eq (utterances->len, 0);
}
END_TEST

/* The first second may be taken for voice: nothing is known of the noise yet. */
START_TEST (steady_noise_is_no_utterance)
{
  push_noise (2000);
  g_ptr_array_set_size (utterances, 0);
  push_noise (10000);
  ck_assert_uint_eq (utterances->len, 0);
}
END_TEST

START_TEST (an_utterance_ends_in_half_a_second_of_silence)
{
  gsize n_samples;

  push_silence (1000);
  n_samples = push_speech ("what time is it");
  ck_assert_uint_eq (utterances->len, 0);
  push_silence (VGW_ASSISTANT_SILENCE_MS + 100);
  ck_assert_uint_eq (utterances->len, 1);
  /* all of it, and not much around it */
  ck_assert_uint_ge (get_length (0), n_samples - MS_TO_SAMPLES (300));
  ck_assert_uint_le (get_length (0), n_samples + MS_TO_SAMPLES (1500));
}
END_TEST

START_TEST (each_utterance_is_found_in_noise)
{
  push_noise (1000);
  for (guint i = 0; i < 4; i++)
    {
      push_speech (i % 2 == 0 ? "goodbye" : "count to five");
      push_noise (1200);
      ck_assert_uint_eq (utterances->len, i + 1);
    }
  ck_assert_uint_gt (get_length (1), get_length (2));
  ck_assert_uint_gt (get_length (3), get_length (2));
}
END_TEST

START_TEST (an_endless_utterance_is_cut)
{
  push_silence (500);
  for (guint i = 0; i < 12; i++)
    push_speech ("the quick brown fox jumps over the lazy dog");
  ck_assert_uint_ge (utterances->len, 1);
  for (guint i = 0; i < utterances->len; i++)
    ck_assert_uint_le (get_length (i), MS_TO_SAMPLES (VGW_ASSISTANT_MAX_UTTERANCE_MS) + VGW_ASSISTANT_BLOCK_SAMPLES);
}
END_TEST

START_TEST (a_reset_forgets_what_was_begun)
{
  push_silence (500);
  push_speech ("what time is it");
  vgw_assistant_listener_reset (listener);
  push_silence (2000);
  ck_assert_uint_eq (utterances->len, 0);
}
END_TEST

/* Root mean square of the middle of @samples, which the filter's edges leave alone. */
static double
get_level (GArray *samples)
{
  guint from = samples->len / 4, to = samples->len * 3 / 4;
  double sum = 0;

  for (guint i = from; i < to; i++)
    sum += pow (g_array_index (samples, gint16, i), 2);
  return sqrt (sum / (to - from));
}

static guint
count_crossings (GArray *samples)
{
  guint n = 0;

  for (guint i = 1; i < samples->len; i++)
    n += g_array_index (samples, gint16, i - 1) < 0 && g_array_index (samples, gint16, i) >= 0;
  return n;
}

START_TEST (a_tone_keeps_pitch_level_and_length_at_every_rate)
{
  const guint rates_hz[] = { 8000, 16000, 24000, 48000 };
  guint from_hz = rates_hz[_i / 4], to_hz = rates_hz[_i % 4];
  g_autoptr (VgwAssistantResampler) resampler = vgw_assistant_resampler_new (from_hz, to_hz);
  g_autoptr (GArray) output = g_array_new (FALSE, FALSE, sizeof (gint16));
  gint16 block[97]; /* no divisor of anything */

  for (guint at = 0; at < from_hz; at += G_N_ELEMENTS (block))
    {
      guint n = MIN (G_N_ELEMENTS (block), from_hz - at);

      for (guint i = 0; i < n; i++)
        block[i] = TONE_AMPLITUDE * sin (2 * G_PI * TONE_HZ * (at + i) / from_hz);
      vgw_assistant_resampler_push (resampler, block, n, output);
    }
  vgw_assistant_resampler_flush (resampler, output);

  ck_assert_int_le (ABS ((int) output->len - (int) to_hz), (int) to_hz / 200);
  ck_assert_int_le (ABS ((int) count_crossings (output) - TONE_HZ), 2);
  ck_assert_double_eq_tol (get_level (output), TONE_AMPLITUDE / G_SQRT2, TONE_AMPLITUDE * 0.01);
}
END_TEST

START_TEST (the_voice_leaves_out_what_it_cannot_speak)
{
  g_autoptr (GArray) nothing = vgw_assistant_speak ("  ", RATE_HZ);
  g_autoptr (GArray) foreign = vgw_assistant_speak ("\xe4\xb8\xad\xff\x01", RATE_HZ);
  g_autofree char *endless = g_strnfill (100000, 'a');
  g_autoptr (GArray) long_one = vgw_assistant_speak (endless, RATE_HZ);

  ck_assert_uint_eq (nothing->len, 0);
  ck_assert_uint_eq (foreign->len, 0);
  ck_assert_uint_lt (long_one->len, RATE_HZ * 300);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant-listener");
  TCase *tcase = tcase_create ("listener");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, silence_is_no_utterance);
  tcase_add_test (tcase, steady_noise_is_no_utterance);
  tcase_add_test (tcase, an_utterance_ends_in_half_a_second_of_silence);
  tcase_add_test (tcase, each_utterance_is_found_in_noise);
  tcase_add_test (tcase, an_endless_utterance_is_cut);
  tcase_add_test (tcase, a_reset_forgets_what_was_begun);
  tcase_add_loop_test (tcase, a_tone_keeps_pitch_level_and_length_at_every_rate, 0, 16);
  tcase_add_test (tcase, the_voice_leaves_out_what_it_cannot_speak);
  suite_add_tcase (suite, tcase);

  return suite;
}
