#include "media/vgw-time-scale.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio-test.h"
#include "run-suite.h"

#define MAX_RATE_HZ VGW_TIME_SCALE_MAX_RATE_HZ
#define MAX_FRAME (MAX_RATE_HZ / 50)
#define MAX_TAKEN (MAX_RATE_HZ * VGW_TIME_SCALE_MAX_MS / 1000)
#define SECONDS 3u

static const guint rates_hz[] = { 8000, 16000, 24000, 48000 };

/* Plays @samples, taking out as much as may be from each frame. Returns: the number of samples in @out */
static gsize
play (const gint16 *samples, gsize n_samples, guint rate_hz, gint16 *out)
{
  gsize n_frame = rate_hz / 50, n_most = (gsize) rate_hz * VGW_TIME_SCALE_MAX_MS / 1000;
  gsize at = 0, n_out = 0;

  while (at + n_frame + n_most <= n_samples)
    {
      gsize n_taken = vgw_time_scale_shorten (samples + at, rate_hz, n_most, out + n_out, n_frame);

      if (n_taken == 0)
        memcpy (out + n_out, samples + at, n_frame * sizeof (gint16));
      at += n_frame + n_taken;
      n_out += n_frame;
    }
  return n_out;
}

static void
make_tone (gint16 *samples, gsize n_samples, double hz, guint rate_hz)
{
  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (gint16) (10000 * sin (2 * G_PI * hz * (double) i / rate_hz));
}

static double
get_power (const gint16 *samples, gsize n_samples, double hz, guint rate_hz)
{
  double re = 0, im = 0;

  for (gsize i = 0; i < n_samples; i++)
    {
      double window = 0.5 - 0.5 * cos (2 * G_PI * (double) i / (double) n_samples);

      re += window * samples[i] * cos (2 * G_PI * hz * (double) i / rate_hz);
      im += window * samples[i] * sin (2 * G_PI * hz * (double) i / rate_hz);
    }
  return re * re + im * im;
}

static gint
get_largest_step (const gint16 *samples, gsize n_samples)
{
  gint largest = 0;

  for (gsize i = 1; i < n_samples; i++)
    largest = MAX (largest, ABS (samples[i] - samples[i - 1]));
  return largest;
}

START_TEST (a_tone_keeps_its_pitch_and_has_no_click)
{
  static const double pitches_hz[] = { 90, 137, 221, 440, 997 };
  guint rate_hz = rates_hz[_i];
  gsize n_samples = SECONDS * rate_hz;
  g_autofree gint16 *samples = g_new (gint16, n_samples), *out = g_new (gint16, n_samples);

  for (guint i = 0; i < G_N_ELEMENTS (pitches_hz); i++)
    {
      double hz = pitches_hz[i];
      gsize n_out;

      make_tone (samples, n_samples, hz, rate_hz);
      n_out = play (samples, n_samples, rate_hz, out);
      ck_assert_uint_lt (n_out * 10, n_samples * 9);
      /* the spectrum has its peak where it was */
      for (gint cents = -4; cents <= 4; cents++)
        ck_assert_double_ge (get_power (out, n_out, hz, rate_hz) * 1.001,
                             get_power (out, n_out, hz + cents * 1.5, rate_hz));
      ck_assert_int_le (get_largest_step (out, n_out), 2 + get_largest_step (samples, n_samples) * 5 / 4);
    }
}
END_TEST

START_TEST (speech_gets_shorter_without_a_click)
{
  gsize n_samples, n_out;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  g_autofree gint16 *out = g_new (gint16, n_samples);

  n_out = play (phrase, n_samples, PHRASE_RATE_HZ, out);
  ck_assert_uint_lt (n_out * 10, n_samples * 9);
  ck_assert_int_le (get_largest_step (out, n_out), get_largest_step (phrase, n_samples) * 5 / 4);
}
END_TEST

START_TEST (what_is_nowhere_alike_stays)
{
  gint16 in[MAX_FRAME + MAX_TAKEN], out[MAX_FRAME];
  GRand *random = g_rand_new_with_seed (1);
  gsize n_frame = rates_hz[_i] / 50;

  for (gsize i = 0; i < G_N_ELEMENTS (in); i++)
    in[i] = (gint16) g_rand_int_range (random, -10000, 10000);
  memset (out, 1, sizeof out);
  ck_assert_uint_eq (vgw_time_scale_shorten (in, rates_hz[_i], MAX_TAKEN * rates_hz[_i] / MAX_RATE_HZ, out, n_frame),
                     0);
  for (gsize i = 0; i < n_frame; i++)
    ck_assert_int_eq (out[i], 0x0101);
  g_rand_free (random);
}
END_TEST

START_TEST (no_more_is_taken_out_than_may_be)
{
  gint16 in[MAX_FRAME + MAX_TAKEN], out[MAX_FRAME];
  guint rate_hz = rates_hz[_i];

  make_tone (in, G_N_ELEMENTS (in), 440, rate_hz);
  for (gsize n_most = 0; n_most <= MAX_TAKEN * rate_hz / MAX_RATE_HZ; n_most += rate_hz / 2000)
    ck_assert_uint_le (vgw_time_scale_shorten (in, rate_hz, n_most, out, rate_hz / 50), n_most);
  ck_assert_uint_eq (vgw_time_scale_shorten (in, rate_hz, rate_hz / 500, out, rate_hz / 50), 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-time-scale");
  TCase *tcase = tcase_create ("shorten");

  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, a_tone_keeps_its_pitch_and_has_no_click, 0, G_N_ELEMENTS (rates_hz));
  tcase_add_test (tcase, speech_gets_shorter_without_a_click);
  tcase_add_loop_test (tcase, what_is_nowhere_alike_stays, 0, G_N_ELEMENTS (rates_hz));
  tcase_add_loop_test (tcase, no_more_is_taken_out_than_may_be, 0, G_N_ELEMENTS (rates_hz));
  suite_add_tcase (suite, tcase);
  return suite;
}
