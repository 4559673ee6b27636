/* vgwresample: 20 ms in, 20 ms out, at once, whatever happens in between. */
#include <check.h>

#include "audio-test.h"
#include "element-rig.h"
#include "elements/vgw-elements.h"
#include "run-suite.h"

#define FRAME_DURATION (20 * GST_MSECOND)
#define PCM_CAPS "audio/x-raw, format=S16LE, layout=interleaved, channels=(int)1, rate=(int)%d"

static void
init_resampler (Rig *rig, gint in_rate_hz, gint out_rate_hz)
{
  g_autofree char *in = g_strdup_printf (PCM_CAPS, in_rate_hz);
  g_autofree char *out = g_strdup_printf (PCM_CAPS, out_rate_hz);

  rig_init (rig, "vgwresample", in, out);
}

/* Pushes @samples in frames of 20 ms; each must come out whole, at once, with its own time. */
static void
push_all (Rig *rig, const gint16 *samples, gsize n_samples, gint in_rate_hz, gint out_rate_hz)
{
  gsize n_in = (gsize) in_rate_hz / 50, n_out = (gsize) out_rate_hz / 50;

  for (guint i = 0; i < n_samples / n_in; i++)
    {
      rig_push (rig, samples + i * n_in, n_in * sizeof (gint16), i * FRAME_DURATION, FRAME_DURATION);
      ck_assert_uint_eq (rig->buffers->len, i + 1);
      ck_assert_uint_eq (gst_buffer_get_size (rig->buffers->pdata[i]), n_out * sizeof (gint16));
      ck_assert_uint_eq (GST_BUFFER_PTS (rig->buffers->pdata[i]), i * FRAME_DURATION);
    }
}

START_TEST (every_frame_comes_out_whole_and_the_speech_stays)
{
  static const gint RATES_HZ[] = { 8000, 12000, 24000, 32000, 44100, 48000 };
  gint rate_hz = RATES_HZ[_i];
  gsize n_samples, delay = 0;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  g_autoptr (GArray) there = NULL, back = NULL;
  double found;
  Rig down, up;

  n_samples = 2 * PHRASE_RATE_HZ;
  init_resampler (&down, PHRASE_RATE_HZ, rate_hz);
  init_resampler (&up, rate_hz, PHRASE_RATE_HZ);
  push_all (&down, phrase, n_samples, PHRASE_RATE_HZ, rate_hz);
  there = rig_samples (&down);
  ck_assert_uint_eq (there->len, 2 * (guint) rate_hz);
  push_all (&up, (const gint16 *) (gpointer) there->data, there->len, rate_hz, PHRASE_RATE_HZ);
  back = rig_samples (&up);
  found = audio_test_find (phrase, n_samples, (const gint16 *) (gpointer) back->data, back->len, PHRASE_RATE_HZ / 50,
                           &delay);
  ck_assert_msg (found > 0.95, "%d Hz: %.3f at %" G_GSIZE_FORMAT, rate_hz, found, delay);
  rig_clear (&down);
  rig_clear (&up);
}
END_TEST

START_TEST (a_pause_neither_keeps_nor_adds_samples)
{
  gint16 silence[320] = { 0 };
  Rig rig;

  init_resampler (&rig, 16000, 8000);
  rig_push (&rig, silence, sizeof silence, 0, FRAME_DURATION);
  {
    GstBuffer *buffer = gst_buffer_new_memdup (silence, sizeof silence);

    GST_BUFFER_PTS (buffer) = 5 * GST_SECOND;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    ck_assert_int_eq (gst_pad_push (rig.src, buffer), GST_FLOW_OK);
  }
  ck_assert_uint_eq (rig.buffers->len, 2);
  ck_assert_uint_eq (gst_buffer_get_size (rig.buffers->pdata[1]), 160 * sizeof (gint16));
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[1]), 5 * GST_SECOND);
  ck_assert (GST_BUFFER_FLAG_IS_SET (rig.buffers->pdata[1], GST_BUFFER_FLAG_DISCONT));
  ck_assert (gst_pad_push_event (rig.src, gst_event_new_eos ()));
  ck_assert_uint_eq (rig.buffers->len, 2);
  rig_clear (&rig);
}
END_TEST

START_TEST (odd_sizes_add_up)
{
  gint16 samples[400] = { 0 };
  gsize n_in = 0;
  g_autoptr (GArray) out = NULL;
  Rig rig;

  init_resampler (&rig, 16000, 8000);
  for (gsize cut = 1; cut <= G_N_ELEMENTS (samples); cut += 13)
    {
      rig_push (&rig, samples, cut * sizeof (gint16), GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
      n_in += cut;
    }
  out = rig_samples (&rig);
  ck_assert_uint_ge (out->len, n_in / 2);
  ck_assert_uint_le (out->len, (n_in + 1) / 2);
  rig_clear (&rig);
}
END_TEST

START_TEST (equal_rates_pass_untouched)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  g_autoptr (GArray) out = NULL;
  Rig rig;

  n_samples = PHRASE_RATE_HZ;
  init_resampler (&rig, PHRASE_RATE_HZ, PHRASE_RATE_HZ);
  push_all (&rig, phrase, n_samples, PHRASE_RATE_HZ, PHRASE_RATE_HZ);
  out = rig_samples (&rig);
  ck_assert_uint_eq (out->len, n_samples);
  ck_assert_int_eq (memcmp (out->data, phrase, n_samples * sizeof (gint16)), 0);
  rig_clear (&rig);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-resample");
  TCase *tcase = tcase_create ("resampler");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, every_frame_comes_out_whole_and_the_speech_stays, 0, 6);
  tcase_add_test (tcase, a_pause_neither_keeps_nor_adds_samples);
  tcase_add_test (tcase, odd_sizes_add_up);
  tcase_add_test (tcase, equal_rates_pass_untouched);
  tcase_add_unchecked_fixture (tcase, NULL, gst_deinit);
  suite_add_tcase (suite, tcase);
  return suite;
}
