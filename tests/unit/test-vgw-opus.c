/* vgwopusenc and vgwopusdec, each driven pad by pad on the test's thread, so that what comes out after each push is
 * known exactly. */
#include <check.h>
#include <gst/audio/audio.h>
#include <opus.h>

#include "audio-test.h"
#include "element-rig.h"
#include "elements/vgw-elements.h"
#include "elements/vgw-opus-enc.h"
#include "run-suite.h"

#define FRAME_SAMPLES (PHRASE_RATE_HZ / 50)
#define FRAME_DURATION (20 * GST_MSECOND)

static guint64
rig_stat (Rig *rig, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = G_MAXUINT64;

  g_object_get (rig->element, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

#define OPUS_CAPS "audio/x-opus, channel-mapping-family=(int)0, channels=(int)2"
#define PCM_CAPS "audio/x-raw, format=S16LE, layout=interleaved, channels=(int)%d, rate=(int)%d"

static void
init_decoder (Rig *rig, gint rate_hz, gint n_channels)
{
  g_autofree char *pcm = g_strdup_printf (PCM_CAPS, n_channels, rate_hz);

  rig_init (rig, "vgwopusdec", OPUS_CAPS, pcm);
}

static void
init_encoder (Rig *rig, gint rate_hz)
{
  g_autofree char *pcm = g_strdup_printf (PCM_CAPS, 1, rate_hz);

  rig_init (rig, "vgwopusenc", pcm, "audio/x-opus");
}

/* The phrase as packets of 20 ms (transfer full). */
static GPtrArray *
encode_phrase (const char *first_property, ...)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  GPtrArray *packets;
  va_list properties;
  Rig rig;

  init_encoder (&rig, PHRASE_RATE_HZ);
  va_start (properties, first_property);
  g_object_set_valist (G_OBJECT (rig.element), first_property, properties);
  va_end (properties);
  for (guint i = 0; i < n_samples / FRAME_SAMPLES; i++)
    rig_push (&rig, phrase + i * FRAME_SAMPLES, FRAME_SAMPLES * sizeof (gint16), i * FRAME_DURATION, FRAME_DURATION);
  packets = g_ptr_array_ref (rig.buffers);
  ck_assert_uint_eq (packets->len, n_samples / FRAME_SAMPLES);
  rig_clear (&rig);
  return packets;
}

static void
push_packet (Rig *rig, GPtrArray *packets, guint i)
{
  GstMapInfo map;

  gst_buffer_map (packets->pdata[i], &map, GST_MAP_READ);
  rig_push (rig, map.data, map.size, i * FRAME_DURATION, FRAME_DURATION);
  gst_buffer_unmap (packets->pdata[i], &map);
}

static gsize
total_size (GPtrArray *packets)
{
  gsize total = 0;

  for (guint i = 0; i < packets->len; i++)
    total += gst_buffer_get_size (packets->pdata[i]);
  return total;
}

static gboolean
are_equal (GPtrArray *left, GPtrArray *right)
{
  for (guint i = 0; i < left->len; i++)
    {
      GstMapInfo map;
      gboolean is_equal;

      gst_buffer_map (left->pdata[i], &map, GST_MAP_READ);
      is_equal = gst_buffer_get_size (right->pdata[i]) == map.size
                 && gst_buffer_memcmp (right->pdata[i], 0, map.data, map.size) == 0;
      gst_buffer_unmap (left->pdata[i], &map);
      if (!is_equal)
        return FALSE;
    }
  return TRUE;
}

START_TEST (a_ceiling_makes_every_encoder_work_less_hard)
{
  g_autoptr (GPtrArray) simple = encode_phrase ("complexity", 1, NULL);
  g_autoptr (GPtrArray) hard = encode_phrase ("complexity", 9, NULL);
  g_autoptr (GPtrArray) limited = NULL, free_again = NULL;

  ck_assert_uint_eq (vgw_opus_enc_get_ceiling (), 10);
  vgw_opus_enc_set_ceiling (1);
  limited = encode_phrase ("complexity", 9, NULL);
  vgw_opus_enc_set_ceiling (10);
  free_again = encode_phrase ("complexity", 9, NULL);
  ck_assert (!are_equal (simple, hard));
  ck_assert (are_equal (limited, simple));
  ck_assert (are_equal (free_again, hard));
}
END_TEST

START_TEST (speech_survives_every_rate)
{
  static const gint RATES_HZ[] = { 8000, 12000, 16000, 24000, 48000 };
  gint rate_hz = RATES_HZ[_i];
  guint n_frame = (guint) rate_hz / 50;
  gsize n_samples, delay = 0;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  g_autoptr (GArray) heard = NULL;
  Rig encoder, decoder;
  double found;

  if (rate_hz == 8000)
    {
      /* played at half its rate the voice would fall below the encoder's high-pass filter */
      n_samples /= 2;
      for (gsize i = 0; i < n_samples; i++)
        phrase[i] = (gint16) ((phrase[2 * i] + phrase[2 * i + 1]) / 2);
    }
  init_encoder (&encoder, rate_hz);
  init_decoder (&decoder, rate_hz, 1);
  n_samples = n_samples / n_frame * n_frame;
  for (guint i = 0; i < n_samples / n_frame; i++)
    {
      rig_push (&encoder, phrase + i * n_frame, n_frame * sizeof (gint16), i * FRAME_DURATION, FRAME_DURATION);
      push_packet (&decoder, encoder.buffers, i);
      ck_assert_uint_eq (decoder.buffers->len, i + 1);
    }
  heard = rig_samples (&decoder);
  ck_assert_uint_eq (heard->len, n_samples);
  found = audio_test_find (phrase, n_samples, (const gint16 *) (gpointer) heard->data, heard->len, n_frame, &delay);
  ck_assert_msg (found > 0.8, "%d Hz: correlation %.3f at %" G_GSIZE_FORMAT, rate_hz, found, delay);
  rig_clear (&encoder);
  rig_clear (&decoder);
}
END_TEST

START_TEST (output_follows_what_downstream_asks_for)
{
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  Rig any, stereo;
  gint rate_hz = 0, n_channels = 0;

  rig_init (&any, "vgwopusdec", OPUS_CAPS, "audio/x-raw");
  push_packet (&any, packets, 0);
  gst_structure_get_int (gst_caps_get_structure (any.caps, 0), "rate", &rate_hz);
  gst_structure_get_int (gst_caps_get_structure (any.caps, 0), "channels", &n_channels);
  ck_assert_int_eq (rate_hz, 48000);
  ck_assert_int_eq (n_channels, 1);
  ck_assert_uint_eq (gst_buffer_get_size (any.buffers->pdata[0]), 960 * 2);
  rig_clear (&any);

  init_decoder (&stereo, 24000, 2);
  push_packet (&stereo, packets, 0);
  ck_assert_uint_eq (gst_buffer_get_size (stereo.buffers->pdata[0]), 480 * 2 * 2);
  rig_clear (&stereo);
}
END_TEST

START_TEST (a_stereo_stream_is_mixed_to_mono)
{
  int status;
  OpusEncoder *encoder = opus_encoder_create (48000, 2, OPUS_APPLICATION_VOIP, &status);
  gint16 stereo[960 * 2];
  g_autoptr (GArray) heard = NULL;
  double energy = 0;
  Rig rig;

  init_decoder (&rig, 16000, 1);
  for (guint i = 0; i < 25; i++)
    {
      guint8 packet[1275];
      int size;

      for (guint j = 0; j < 960; j++)
        {
          stereo[2 * j] = (gint16) (8000 * sin ((i * 960 + j) * 2 * G_PI * 440 / 48000));
          stereo[2 * j + 1] = 0;
        }
      size = opus_encode (encoder, stereo, 960, packet, sizeof packet);
      ck_assert_int_gt (size, 0);
      rig_push (&rig, packet, (gsize) size, i * FRAME_DURATION, FRAME_DURATION);
    }
  heard = rig_samples (&rig);
  ck_assert_uint_eq (heard->len, 25 * 320);
  for (guint i = 320 * 5; i < heard->len; i++)
    energy += pow (g_array_index (heard, gint16, i), 2);
  /* one channel of 8000 in the left ear is 4000 in the middle: RMS 2828, within a quarter */
  energy = sqrt (energy / (heard->len - 320 * 5));
  ck_assert_msg (energy > 2100 && energy < 3500, "RMS %.0f", energy);
  opus_encoder_destroy (encoder);
  rig_clear (&rig);
}
END_TEST

/* Decodes the phrase with every @every-th packet lost (0: none). */
static GArray *
decode_with_loss (GPtrArray *packets, guint every, gboolean use_inband_fec, guint64 *n_recovered)
{
  GArray *heard;
  Rig rig;

  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  g_object_set (rig.element, "use-inband-fec", use_inband_fec, NULL);
  for (guint i = 0; i < packets->len; i++)
    {
      if (every != 0 && i % every == every - 1)
        rig_push_gap (&rig, i * FRAME_DURATION, FRAME_DURATION);
      else
        push_packet (&rig, packets, i);
    }
  ck_assert (gst_pad_push_event (rig.src, gst_event_new_eos ()));
  *n_recovered = rig_stat (&rig, "recovered");
  heard = rig_samples (&rig);
  rig_clear (&rig);
  return heard;
}

static double
error_of (GArray *heard, GArray *intact, guint every)
{
  double error = 0;

  for (guint i = 0; i < intact->len; i++)
    {
      if ((i / FRAME_SAMPLES) % every == every - 1)
        error += pow (g_array_index (heard, gint16, i) - g_array_index (intact, gint16, i), 2);
    }
  return error;
}

START_TEST (fec_is_closer_to_the_original_than_concealment)
{
  g_autoptr (GPtrArray) packets = encode_phrase ("bitrate", 32000, "packet-loss-percentage", 20, NULL);
  guint64 n_intact, n_fec, n_plain;
  g_autoptr (GArray) intact = decode_with_loss (packets, 0, TRUE, &n_intact);
  g_autoptr (GArray) fec = decode_with_loss (packets, 5, TRUE, &n_fec);
  g_autoptr (GArray) plain = decode_with_loss (packets, 5, FALSE, &n_plain);

  ck_assert_uint_eq (n_intact, 0);
  ck_assert_uint_eq (n_plain, 0);
  ck_assert_uint_ge (n_fec, packets->len / 5 / 2); /* pauses have no copy worth sending */
  ck_assert_uint_eq (fec->len, intact->len);
  ck_assert_uint_eq (plain->len, intact->len);
  ck_assert_msg (error_of (fec, intact, 5) < 0.5 * error_of (plain, intact, 5), "with FEC %g, without %g",
                 error_of (fec, intact, 5), error_of (plain, intact, 5));
}
END_TEST

START_TEST (without_copies_a_gap_is_concealed)
{
  g_autoptr (GPtrArray) packets = encode_phrase ("inband-fec", FALSE, NULL);
  guint64 n_intact, n_recovered;
  g_autoptr (GArray) intact = decode_with_loss (packets, 0, TRUE, &n_intact);
  g_autoptr (GArray) heard = decode_with_loss (packets, 5, TRUE, &n_recovered);
  double energy = 0;

  ck_assert_uint_eq (n_recovered, 0);
  ck_assert_uint_eq (heard->len, intact->len);
  for (guint i = 0; i < heard->len; i++)
    {
      if ((i / FRAME_SAMPLES) % 5 == 4)
        energy += pow (g_array_index (intact, gint16, i), 2);
    }
  /* better than silence, whose error is the energy itself */
  ck_assert_msg (error_of (heard, intact, 5) < energy, "error %g of %g", error_of (heard, intact, 5), energy);
}
END_TEST

START_TEST (a_gap_waits_for_the_next_packet_and_no_longer)
{
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  Rig rig;

  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  push_packet (&rig, packets, 30);
  rig_push_gap (&rig, 31 * FRAME_DURATION, FRAME_DURATION);
  ck_assert_uint_eq (rig.buffers->len, 1);
  rig_push_gap (&rig, 32 * FRAME_DURATION, FRAME_DURATION);
  ck_assert_uint_eq (rig.buffers->len, 2);
  push_packet (&rig, packets, 33);
  ck_assert_uint_eq (rig.buffers->len, 4);
  rig_push_gap (&rig, 34 * FRAME_DURATION, FRAME_DURATION);
  ck_assert (gst_pad_push_event (rig.src, gst_event_new_eos ()));
  ck_assert_uint_eq (rig.buffers->len, 5);
  for (guint i = 0; i < rig.buffers->len; i++)
    {
      ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[i]), (30 + i) * FRAME_DURATION);
      ck_assert_uint_eq (gst_buffer_get_size (rig.buffers->pdata[i]), FRAME_SAMPLES * sizeof (gint16));
    }
  ck_assert_uint_eq (rig_stat (&rig, "recovered") + rig_stat (&rig, "concealed"), 3);
  ck_assert_uint_eq (rig_stat (&rig, "recovered-time") + rig_stat (&rig, "concealed-time"), 60 * GST_MSECOND);
  rig_clear (&rig);
}
END_TEST

START_TEST (gaps_are_bounded)
{
  static const struct
  {
    GstClockTime duration;
    guint n_samples;
  } GAPS[] = { { 10 * GST_SECOND, 1920 }, { G_MAXUINT64 / 4, 1920 }, { 1, 40 },
               { 7 * GST_MSECOND, 120 },  { 60 * GST_MSECOND, 960 }, { 0, 320 },
               { G_MAXUINT64, 320 } };
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  GstClockTime pts = FRAME_DURATION;
  Rig rig;

  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  rig_push_gap (&rig, 0, FRAME_DURATION);
  push_packet (&rig, packets, 30);
  ck_assert_uint_eq (rig.buffers->len, 1); /* in front of the first packet there is nothing to conceal */
  for (guint i = 0; i < G_N_ELEMENTS (GAPS); i++)
    {
      pts += 20 * GST_SECOND;
      rig_push_gap (&rig, pts, GAPS[i].duration);
      push_packet (&rig, packets, 31 + i);
      ck_assert_uint_eq (rig.buffers->len, 1 + 2 * (i + 1));
      ck_assert_uint_eq (gst_buffer_get_size (rig.buffers->pdata[1 + 2 * i]), GAPS[i].n_samples * sizeof (gint16));
    }
  rig_clear (&rig);
}
END_TEST

START_TEST (a_corrupt_packet_is_concealed_and_counted)
{
  /* code 3 without a count; 49 frames; no frames; 3 frames of 60 ms; two equal frames of one byte; padding beyond the
   * end; a length beyond the end */
  static const char *const CORRUPT[] = { "\x03",     "\x03\x31",     "\x03\x80", "\x1b\x03",
                                         "\x01\x01", "\x03\x41\xff", "\x02\xfb" };
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  Rig rig;

  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  rig_push (&rig, "\x03", 1, 0, FRAME_DURATION); /* even as the first packet */
  push_packet (&rig, packets, 1);
  for (guint i = 0; i < G_N_ELEMENTS (CORRUPT); i++)
    rig_push (&rig, CORRUPT[i], CORRUPT[i][1] == 0 ? 1 : strlen (CORRUPT[i]), (2 + i) * FRAME_DURATION, FRAME_DURATION);
  push_packet (&rig, packets, 2 + G_N_ELEMENTS (CORRUPT));
  ck_assert_uint_eq (rig.buffers->len, 3 + G_N_ELEMENTS (CORRUPT));
  ck_assert_uint_eq (rig_stat (&rig, "corrupt"), 1 + G_N_ELEMENTS (CORRUPT));
  ck_assert_uint_eq (rig_stat (&rig, "packets"), 3 + G_N_ELEMENTS (CORRUPT));
  rig_clear (&rig);
}
END_TEST

START_TEST (noise_in_place_of_packets_never_stops_the_stream)
{
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (20);
  guint n_in = 0;
  Rig rig;

  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  for (guint i = 0; i < 3000; i++)
    {
      guint8 noise[1500];
      gsize size = (gsize) g_rand_int_range (random, 1, sizeof noise);

      for (gsize j = 0; j < size; j++)
        noise[j] = (guint8) g_rand_int (random);
      if (i % 3 == 1)
        noise[0] &= 0xfc; /* one frame, which is always well formed outside */
      if (i % 7 == 3)
        rig_push_gap (&rig, i * FRAME_DURATION, (GstClockTime) g_rand_int (random) * 100);
      else if (i % 7 == 5)
        push_packet (&rig, packets, i % packets->len);
      else
        rig_push (&rig, noise, size, i * FRAME_DURATION, FRAME_DURATION);
      n_in += i % 7 != 3;
    }
  ck_assert_uint_eq (rig_stat (&rig, "packets"), n_in);
  ck_assert_uint_gt (rig_stat (&rig, "corrupt"), 0);
  ck_assert_uint_ge (rig.buffers->len, n_in);
  rig_clear (&rig);
}
END_TEST

START_TEST (a_flush_forgets_the_gap)
{
  g_autoptr (GPtrArray) packets = encode_phrase (NULL, NULL);
  GstSegment segment;
  Rig rig;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  init_decoder (&rig, PHRASE_RATE_HZ, 1);
  push_packet (&rig, packets, 30);
  rig_push_gap (&rig, 31 * FRAME_DURATION, FRAME_DURATION);
  gst_pad_push_event (rig.src, gst_event_new_flush_start ());
  gst_pad_push_event (rig.src, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (rig.src, gst_event_new_segment (&segment));
  push_packet (&rig, packets, 32);
  ck_assert_uint_eq (rig.buffers->len, 2);
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[1]), 32 * FRAME_DURATION);
  rig_clear (&rig);
}
END_TEST

START_TEST (packets_are_20_ms_whatever_the_input_is_cut_into)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  gsize n_pushed = 0;
  Rig rig;

  init_encoder (&rig, PHRASE_RATE_HZ);
  for (gsize cut = 1; n_pushed + cut < 16000; cut += 37)
    {
      rig_push (&rig, phrase + n_pushed, cut * sizeof (gint16),
                gst_util_uint64_scale (n_pushed, GST_SECOND, PHRASE_RATE_HZ), GST_CLOCK_TIME_NONE);
      n_pushed += cut;
      ck_assert_uint_eq (rig.buffers->len, n_pushed / FRAME_SAMPLES);
    }
  ck_assert (gst_pad_push_event (rig.src, gst_event_new_eos ()));
  ck_assert_uint_eq (rig.buffers->len, (n_pushed + FRAME_SAMPLES - 1) / FRAME_SAMPLES);
  for (guint i = 0; i < rig.buffers->len; i++)
    {
      GstMapInfo map;

      gst_buffer_map (rig.buffers->pdata[i], &map, GST_MAP_READ);
      ck_assert_int_eq (opus_packet_get_nb_samples (map.data, (opus_int32) map.size, 48000), 960);
      ck_assert_int_eq (opus_packet_get_nb_channels (map.data), 1);
      gst_buffer_unmap (rig.buffers->pdata[i], &map);
    }
  rig_clear (&rig);
}
END_TEST

START_TEST (a_pause_in_time_is_kept)
{
  gint16 silence[FRAME_SAMPLES] = { 0 };
  Rig rig;

  init_encoder (&rig, PHRASE_RATE_HZ);
  rig_push (&rig, silence, sizeof silence, 7 * GST_MSECOND, FRAME_DURATION);
  rig_push (&rig, silence, sizeof silence, 27 * GST_MSECOND, FRAME_DURATION);
  rig_push (&rig, silence, sizeof silence, 1027 * GST_MSECOND, FRAME_DURATION);
  rig_push (&rig, silence, sizeof silence, 1047 * GST_MSECOND, FRAME_DURATION);
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[0]), 7 * GST_MSECOND);
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[1]), 27 * GST_MSECOND);
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[2]), 1027 * GST_MSECOND);
  ck_assert_uint_eq (GST_BUFFER_PTS (rig.buffers->pdata[3]), 1047 * GST_MSECOND);
  rig_clear (&rig);
}
END_TEST

START_TEST (bit_rate_and_variability_are_what_was_set)
{
  g_autoptr (GPtrArray) low = encode_phrase ("bitrate", 12000, "inband-fec", FALSE, NULL);
  g_autoptr (GPtrArray) high = encode_phrase ("bitrate", 48000, "inband-fec", FALSE, NULL);
  g_autoptr (GPtrArray) constant = encode_phrase ("bitrate", 24000, "vbr", FALSE, NULL);
  double seconds = low->len * 0.02;

  ck_assert_double_lt (total_size (low) * 8 / seconds, 16000);
  ck_assert_double_gt (total_size (high) * 8 / seconds, 24000);
  for (guint i = 0; i < constant->len; i++)
    ck_assert_uint_eq (gst_buffer_get_size (constant->pdata[i]), 60);
}
END_TEST

START_TEST (settings_change_while_encoding)
{
  gsize n_samples, size_before = 0, size_after = 0;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  Rig rig;

  init_encoder (&rig, PHRASE_RATE_HZ);
  g_object_set (rig.element, "vbr", FALSE, "bitrate", 16000, NULL);
  for (guint i = 0; i < 100; i++)
    {
      if (i == 50)
        g_object_set (rig.element, "bitrate", 40000, NULL);
      rig_push (&rig, phrase + i * FRAME_SAMPLES, FRAME_SAMPLES * sizeof (gint16), i * FRAME_DURATION, FRAME_DURATION);
      *(i < 50 ? &size_before : &size_after) += gst_buffer_get_size (rig.buffers->pdata[i]);
    }
  ck_assert_uint_eq (size_before, 50 * 40);
  ck_assert_uint_eq (size_after, 50 * 100);
  rig_clear (&rig);
}
END_TEST

START_TEST (silence_is_not_sent_only_with_dtx)
{
  gint16 silence[FRAME_SAMPLES] = { 0 };

  for (guint is_dtx = 0; is_dtx < 2; is_dtx++)
    {
      guint n_small = 0;
      Rig rig;

      init_encoder (&rig, PHRASE_RATE_HZ);
      g_object_set (rig.element, "dtx", (gboolean) is_dtx, NULL);
      for (guint i = 0; i < 100; i++)
        {
          rig_push (&rig, silence, sizeof silence, i * FRAME_DURATION, FRAME_DURATION);
          n_small += gst_buffer_get_size (rig.buffers->pdata[i]) <= 2;
        }
      if (is_dtx)
        ck_assert_uint_gt (n_small, 50);
      else
        ck_assert_uint_eq (n_small, 0);
      rig_clear (&rig);
    }
}
END_TEST

START_TEST (caps_carry_channels_and_no_rate)
{
  g_autoptr (GstCaps) expected = gst_caps_from_string ("audio/x-opus, channel-mapping-family=(int)0, channels=(int)1");
  gint16 silence[FRAME_SAMPLES] = { 0 };
  Rig rig;

  init_encoder (&rig, PHRASE_RATE_HZ);
  rig_push (&rig, silence, sizeof silence, 0, FRAME_DURATION);
  ck_assert (gst_caps_is_equal (rig.caps, expected));
  rig_clear (&rig);
}
END_TEST

START_TEST (rtpopuspay_takes_the_packets_without_sprop_maxcapturerate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "audiotestsrc num-buffers=10 samplesperbuffer=320 ! audio/x-raw,rate=16000 ! vgwopusenc ! rtpopuspay name=pay ! "
      "application/x-rtp,encoding-name=OPUS,payload=96 ! rtpopusdepay ! vgwopusdec ! audio/x-raw,rate=8000 ! fakesink",
      &error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstElement) pay = gst_bin_get_by_name (GST_BIN (pipeline), "pay");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (pay, "src");
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstCaps) caps = NULL;
  const GstStructure *structure;

  ck_assert_ptr_null (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  ck_assert (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  caps = gst_pad_get_current_caps (pad);
  structure = gst_caps_get_structure (caps, 0);
  ck_assert_str_eq (gst_structure_get_string (structure, "sprop-stereo"), "0");
  ck_assert (!gst_structure_has_field (structure, "sprop-maxcapturerate"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-opus");
  TCase *decoder = tcase_create ("decoder"), *encoder = tcase_create ("encoder");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (decoder, 60);
  tcase_set_timeout (encoder, 60);
  tcase_add_loop_test (decoder, speech_survives_every_rate, 0, 5);
  tcase_add_test (decoder, output_follows_what_downstream_asks_for);
  tcase_add_test (decoder, a_stereo_stream_is_mixed_to_mono);
  tcase_add_test (decoder, fec_is_closer_to_the_original_than_concealment);
  tcase_add_test (decoder, without_copies_a_gap_is_concealed);
  tcase_add_test (decoder, a_gap_waits_for_the_next_packet_and_no_longer);
  tcase_add_test (decoder, gaps_are_bounded);
  tcase_add_test (decoder, a_corrupt_packet_is_concealed_and_counted);
  tcase_add_test (decoder, noise_in_place_of_packets_never_stops_the_stream);
  tcase_add_test (decoder, a_flush_forgets_the_gap);
  suite_add_tcase (suite, decoder);
  tcase_add_test (encoder, a_ceiling_makes_every_encoder_work_less_hard);
  tcase_add_test (encoder, packets_are_20_ms_whatever_the_input_is_cut_into);
  tcase_add_test (encoder, a_pause_in_time_is_kept);
  tcase_add_test (encoder, bit_rate_and_variability_are_what_was_set);
  tcase_add_test (encoder, settings_change_while_encoding);
  tcase_add_test (encoder, silence_is_not_sent_only_with_dtx);
  tcase_add_test (encoder, caps_carry_channels_and_no_rate);
  tcase_add_test (encoder, rtpopuspay_takes_the_packets_without_sprop_maxcapturerate);
  tcase_add_unchecked_fixture (encoder, NULL, gst_deinit);
  suite_add_tcase (suite, encoder);
  return suite;
}
