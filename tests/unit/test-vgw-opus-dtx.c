/* vgwopusenc's keep-alives, and what vgwopusdec makes of them. */
#include <check.h>
#include <gst/audio/audio.h>
#include <opus.h>

#include "audio-test.h"
#include "element-rig.h"
#include "elements/vgw-elements.h"
#include "run-suite.h"

#define FRAME_SAMPLES (PHRASE_RATE_HZ / 50)
#define FRAME_DURATION (20 * GST_MSECOND)
#define OPUS_CAPS "audio/x-opus, channel-mapping-family=(int)0, channels=(int)1"
#define PCM_CAPS "audio/x-raw, format=S16LE, layout=interleaved, channels=(int)1, rate=(int)16000"

static void
push_packet (Rig *rig, GPtrArray *packets, guint i)
{
  GstMapInfo map;

  gst_buffer_map (packets->pdata[i], &map, GST_MAP_READ);
  rig_push (rig, map.data, map.size, i * FRAME_DURATION, FRAME_DURATION);
  gst_buffer_unmap (packets->pdata[i], &map);
}

/* Pushes frame @n: @samples, or a keep-alive where they are NULL. */
static void
push_or_keep_alive (Rig *rig, const gint16 *samples, guint n)
{
  const gint16 silence[FRAME_SAMPLES] = { 0 };
  GstBuffer *buffer = gst_buffer_new_memdup (samples != NULL ? samples : silence, sizeof silence);

  GST_BUFFER_PTS (buffer) = n * FRAME_DURATION;
  GST_BUFFER_DURATION (buffer) = FRAME_DURATION;
  if (samples == NULL)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  ck_assert_int_eq (gst_pad_push (rig->src, buffer), GST_FLOW_OK);
}

START_TEST (a_keep_alive_has_no_frame_once_there_was_silence)
{
  gint16 tone[FRAME_SAMPLES];
  Rig rig;

  for (guint i = 0; i < FRAME_SAMPLES; i++)
    tone[i] = (gint16) (i % 40 * 100);
  rig_init (&rig, "vgwopusenc", PCM_CAPS, "audio/x-opus");
  push_or_keep_alive (&rig, tone, 0);
  for (guint i = 1; i <= 12; i++)
    push_or_keep_alive (&rig, NULL, i * 20);
  push_or_keep_alive (&rig, tone, 245);
  push_or_keep_alive (&rig, NULL, 246);
  ck_assert_uint_eq (rig.buffers->len, 15);
  for (guint i = 0; i < rig.buffers->len; i++)
    {
      GstBuffer *buffer = rig.buffers->pdata[i];
      gboolean is_sound = i == 0 || i == 13;
      GstMapInfo map;

      ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
      ck_assert_int_eq (opus_packet_get_nb_samples (map.data, (opus_int32) map.size, 48000), 960);
      ck_assert_int_eq (map.size == 1, i == 11 || i == 12);
      ck_assert_int_eq (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP), !is_sound);
      gst_buffer_unmap (buffer, &map);
    }
  rig_clear (&rig);
}
END_TEST

/* The phrase, two seconds of silence, the phrase: through encoder and decoder, with keep-alives in place of silence where
 * @is_dtx. The decoder gets what was sent only, so that its output has 20 ms for each packet. */
static GArray *
speak_twice (const gint16 *phrase, guint n_frames, gboolean is_dtx, guint *second)
{
  GArray *samples;
  Rig encoder, decoder;
  guint n = 0;

  rig_init (&encoder, "vgwopusenc", PCM_CAPS, "audio/x-opus");
  rig_init (&decoder, "vgwopusdec", OPUS_CAPS, PCM_CAPS);
  for (guint i = 0; i < n_frames; i++)
    push_or_keep_alive (&encoder, phrase + i * FRAME_SAMPLES, n++);
  for (guint i = 0; i < 100; i++, n++)
    {
      const gint16 silence[FRAME_SAMPLES] = { 0 };

      if (i < 10 || !is_dtx)
        push_or_keep_alive (&encoder, silence, n);
      else if (i % 20 == 10)
        push_or_keep_alive (&encoder, NULL, n);
    }
  *second = encoder.buffers->len * FRAME_SAMPLES;
  for (guint i = 0; i < n_frames; i++)
    push_or_keep_alive (&encoder, phrase + i * FRAME_SAMPLES, n++);
  for (guint i = 0; i < encoder.buffers->len; i++)
    push_packet (&decoder, encoder.buffers, i);
  samples = rig_samples (&decoder);
  rig_clear (&encoder);
  rig_clear (&decoder);
  return samples;
}

START_TEST (a_silent_stream_begins_with_one_frame)
{
  Rig rig;

  rig_init (&rig, "vgwopusenc", PCM_CAPS, "audio/x-opus");
  for (guint i = 0; i < 3; i++)
    push_or_keep_alive (&rig, NULL, i * 20);
  ck_assert_uint_gt (gst_buffer_get_size (rig.buffers->pdata[0]), 1);
  ck_assert_uint_eq (gst_buffer_get_size (rig.buffers->pdata[1]), 1);
  ck_assert_uint_eq (gst_buffer_get_size (rig.buffers->pdata[2]), 1);
  rig_clear (&rig);
}
END_TEST

/* vgw-bridge-input.c acts on it. libopus's own DTX, which browsers use, makes such packets. */
START_TEST (what_a_packet_without_audio_decodes_to_is_a_gap)
{
  gint16 silence[FRAME_SAMPLES] = { 0 };
  guint n_gaps = 0;
  Rig encoder, decoder;

  rig_init (&encoder, "vgwopusenc", PCM_CAPS, "audio/x-opus");
  rig_init (&decoder, "vgwopusdec", OPUS_CAPS, PCM_CAPS);
  g_object_set (encoder.element, "dtx", TRUE, NULL);
  for (guint i = 0; i < 30; i++)
    {
      push_or_keep_alive (&encoder, silence, i);
      push_packet (&decoder, encoder.buffers, i);
    }
  ck_assert_uint_eq (decoder.buffers->len, encoder.buffers->len);
  for (guint i = 0; i < encoder.buffers->len; i++)
    {
      gboolean is_gap = GST_BUFFER_FLAG_IS_SET (GST_BUFFER (decoder.buffers->pdata[i]), GST_BUFFER_FLAG_GAP);

      ck_assert_int_eq (is_gap, gst_buffer_get_size (encoder.buffers->pdata[i]) <= 2);
      n_gaps += (guint) is_gap;
    }
  ck_assert_uint_gt (n_gaps, 0);
  ck_assert_uint_lt (n_gaps, 30);
  rig_clear (&encoder);
  rig_clear (&decoder);
}
END_TEST

START_TEST (speech_after_keep_alives_is_as_after_silence)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  guint n_frames = 75, sent_second, dtx_second;
  g_autoptr (GArray) sent = speak_twice (phrase, n_frames, FALSE, &sent_second);
  g_autoptr (GArray) dtx = speak_twice (phrase, n_frames, TRUE, &dtx_second);
  const gint16 *expected = &g_array_index (sent, gint16, sent_second);
  const gint16 *found = &g_array_index (dtx, gint16, dtx_second);

  ck_assert_uint_eq (dtx->len, (2 * n_frames + 10 + 5) * FRAME_SAMPLES);
  for (guint i = n_frames * FRAME_SAMPLES + 4 * FRAME_SAMPLES; i < dtx_second; i++)
    ck_assert_int_le (ABS (g_array_index (dtx, gint16, i)), 16); /* no noise in the silence */
  for (guint i = 0; i < FRAME_SAMPLES; i++)
    ck_assert_int_le (ABS (found[i] - expected[i]), 64); /* no click in the first frame */
  ck_assert_double_gt (audio_test_correlate (expected, found, n_frames * FRAME_SAMPLES), 0.97);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-opus-dtx");
  TCase *tcase = tcase_create ("dtx");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, a_keep_alive_has_no_frame_once_there_was_silence);
  tcase_add_test (tcase, a_silent_stream_begins_with_one_frame);
  tcase_add_test (tcase, what_a_packet_without_audio_decodes_to_is_a_gap);
  tcase_add_test (tcase, speech_after_keep_alives_is_as_after_silence);
  suite_add_tcase (suite, tcase);
  return suite;
}
