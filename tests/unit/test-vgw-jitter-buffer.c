#include <check.h>
#include <gst/check/gstharness.h>
#include <gst/rtp/rtp.h>
#include <stdlib.h>
#include <string.h>

#include "elements/vgw-elements.h"
#include "jitter-rig.h"
#include "run-suite.h"

#define FRAME_TICKS 960 /* 20 ms at 48 kHz */
#define FRAME (20 * GST_MSECOND)
#define LATENCY_MS 40

static GstHarness *harness;

static void
setup (void)
{
  harness = jitter_rig_new (LATENCY_MS);
}

static void
teardown (void)
{
  gst_harness_teardown (harness);
}

/* Packet @seqnum of a stream whose RTP time is seqnum × 20 ms, arriving at @arrival. */
static void
push_at (guint seqnum, GstClockTime arrival)
{
  jitter_rig_push (harness, seqnum, seqnum * FRAME_TICKS, 96, 4, arrival);
}

static void
push (guint seqnum)
{
  push_at (seqnum, seqnum * FRAME);
}

/* The next buffer that has come out must be packet @seqnum. Returns its PTS. */
static GstClockTime
expect (guint16 seqnum)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (harness);
  ck_assert_msg (buffer != NULL, "packet %u has not come out", seqnum);
  gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp);
  guint16 actual = gst_rtp_buffer_get_seq (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  ck_assert_uint_eq (actual, seqnum);
  return GST_BUFFER_PTS (buffer);
}

static void
expect_nothing (void)
{
  ck_assert_uint_eq (gst_harness_buffers_in_queue (harness), 0);
}

/* Takes the events that have come out; of the lost ones, adds up the time and returns how many there are. */
static guint
count_lost (GstClockTime *duration)
{
  guint n_lost = 0;
  *duration = 0;
  for (GstEvent *event = gst_harness_try_pull_event (harness); event != NULL;
       event = gst_harness_try_pull_event (harness))
    {
      const GstStructure *structure = gst_event_get_structure (event);
      GstClockTime part = 0;
      if (structure != NULL && gst_structure_has_name (structure, "GstRTPPacketLost"))
        {
          ck_assert (gst_structure_get_uint64 (structure, "duration", &part));
          *duration += part;
          n_lost++;
        }
      gst_event_unref (event);
    }
  return n_lost;
}

START_TEST (packets_in_order_pass_at_once_with_exact_time)
{
  for (guint i = 100; i < 200; i++)
    {
      push_at (i, i * FRAME + (i % 7) * GST_MSECOND); /* 0 to 6 ms of jitter */
      GstClockTime pts = expect (i);
      ck_assert_uint_eq (pts, (guint64) i * FRAME + (100 % 7) * GST_MSECOND);
    }
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-pushed"), 100);
}
END_TEST

START_TEST (reordered_packets_come_out_in_order)
{
  GstClockTime lost;
  push (1);
  push_at (3, 2 * FRAME);
  push_at (4, 2 * FRAME + 1);
  expect (1);
  expect_nothing ();
  push_at (2, 2 * FRAME + 2);
  expect (2);
  expect (3);
  expect (4);
  ck_assert_uint_eq (count_lost (&lost), 0);
}
END_TEST

START_TEST (a_missing_packet_is_given_up_after_the_latency)
{
  GstClockTime lost;
  push (1);
  expect (1);
  push (4); /* 2 and 3 are missing */
  push (5);
  expect_nothing ();
  push (6); /* 40 ms after 4 */
  ck_assert_uint_eq (expect (4), 4 * FRAME);
  expect (5);
  expect (6);
  ck_assert_uint_eq (count_lost (&lost), 2);
  ck_assert_uint_eq (lost, 2 * FRAME);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-lost"), 2);
}
END_TEST

START_TEST (late_and_repeated_packets_are_dropped)
{
  push (1);
  push (2);
  push (2);
  push (1);
  push (4);
  push (4);
  expect (1);
  expect (2);
  expect_nothing ();
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-late"), 0);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-duplicates"), 3);
  push (3);
  expect (3);
  expect (4);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-reordered"), 1);
  push (6); /* 5 is missing */
  push (7);
  push (8); /* … and given up */
  push (5);
  push (5);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-lost"), 1);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-late"), 1);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-duplicates"), 4);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-pushed"), 7); /* 1 to 8 without 5 */
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-reordered"), 1);
}
END_TEST

START_TEST (the_jitter_is_the_mean_deviation_of_arrivals)
{
  for (guint i = 1; i <= 200; i++) /* every other packet is 8 ms late: each difference of transit times is 8 ms */
    push_at (i, i * FRAME + (i % 2) * 8 * GST_MSECOND);
  ck_assert_uint_gt (jitter_rig_get_stat (harness, "avg-jitter"), 79 * GST_MSECOND / 10);
  ck_assert_uint_le (jitter_rig_get_stat (harness, "avg-jitter"), 8 * GST_MSECOND);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-bytes"), 200 * 4);
}
END_TEST

START_TEST (sequence_and_time_wrap_around)
{
  GstClockTime previous = 0;
  for (guint i = 65530; i < 65530 + 100; i++)
    {
      push (i);
      GstClockTime pts = expect ((guint16) i);
      ck_assert (i == 65530 || pts - previous == FRAME);
      previous = pts;
    }
  /* 32 bits of RTP time wrap after 24.8 hours at 48 kHz; packets half of that apart would be ambiguous. */
  GstClockTime lost;
  ck_assert_uint_eq (count_lost (&lost), 0);
}
END_TEST

START_TEST (a_jump_begins_a_new_stream_and_time_goes_on)
{
  GstClockTime lost;
  push (1);
  push (2);
  GstClockTime before = (expect (1), expect (2));
  push_at (30000, 3 * FRAME);
  GstClockTime after = expect (30000);
  ck_assert_uint_eq (after, 3 * FRAME);
  ck_assert_uint_gt (after, before);
  push_at (30001, 4 * FRAME);
  ck_assert_uint_eq (expect (30001), 4 * FRAME);
  ck_assert_uint_eq (count_lost (&lost), 0);
}
END_TEST

START_TEST (what_waits_comes_out_when_the_stream_ends)
{
  push (1);
  push (3);
  expect (1);
  expect_nothing ();
  gst_harness_push_event (harness, gst_event_new_eos ());
  expect (3);
}
END_TEST

START_TEST (what_is_not_rtp_is_dropped)
{
  push (1);
  expect (1);
  GstBuffer *garbage = gst_buffer_new_memdup ("garbage", 7);
  ck_assert_int_eq (gst_harness_push (harness, garbage), GST_FLOW_OK);
  push (2);
  expect (2);
}
END_TEST

START_TEST (a_flood_behind_a_gap_is_bounded)
{
  push (1);
  expect (1);
  for (guint i = 3; i < 1000; i++) /* all at the same instant, so that no latency passes */
    push_at (i, 2 * FRAME);
  guint n_held = 999 - (gst_harness_buffers_received (harness) + 1);
  ck_assert_uint_le (n_held, 260);
}
END_TEST

START_TEST (random_order_and_loss_never_goes_backwards)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  GstClockTime last_pts = 0;
  guint16 last_seqnum = 0;
  gboolean is_first = TRUE;
  for (guint i = 0; i < 20000; i++)
    {
      guint seqnum = i + g_rand_int_range (random, 0, 6) - (i > 6 ? 6 : 0);
      if (g_rand_int_range (random, 0, 10) > 0)
        push_at (seqnum & 0xffff, i * FRAME);
      GstBuffer *buffer;
      while ((buffer = gst_harness_try_pull (harness)) != NULL)
        {
          GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
          gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp);
          guint16 actual = gst_rtp_buffer_get_seq (&rtp);
          gst_rtp_buffer_unmap (&rtp);
          ck_assert (is_first || (gint16) (actual - last_seqnum) > 0);
          ck_assert_uint_ge (GST_BUFFER_PTS (buffer), last_pts);
          last_pts = GST_BUFFER_PTS (buffer);
          last_seqnum = actual;
          is_first = FALSE;
          gst_buffer_unref (buffer);
        }
    }
  ck_assert_uint_gt (jitter_rig_get_stat (harness, "num-pushed"), 10000);
}
END_TEST

/* 500 packets with contiguous sequence numbers that arrive each 20 ms, with the timestamps of @stamp: they must come
 * out as contiguous audio. */
static void
check_contiguous (guint32 (*stamp) (guint i, GRand *random))
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4712);

  for (guint i = 0; i < 500; i++)
    {
      GstClockTime jitter = (GstClockTime) g_rand_int_range (random, 0, 15) * GST_MSECOND;
      jitter_rig_push (harness, i, stamp (i, random), 96, 4, i * FRAME + (i > 0 ? jitter : 0));
      ck_assert_uint_eq (expect ((guint16) i), i * FRAME);
    }
}

static guint32
stamp_at_capture (guint i, GRand *random)
{
  return 100000 + i * FRAME_TICKS + (guint32) g_rand_int_range (random, -480, 481); /* ±10 ms */
}

static guint32
stamp_twice_as_fast (guint i, GRand *random)
{
  return i * 2 * FRAME_TICKS;
}

static guint32
stamp_in_ticks_of_8_khz (guint i, GRand *random)
{
  return G_MAXUINT32 - 5000 + i * 160;
}

static guint32
stamp_by_a_drifting_clock (guint i, GRand *random)
{
  return i * FRAME_TICKS * 101 / 100;
}

static guint32
stamp_at_random (guint i, GRand *random)
{
  return g_rand_int (random);
}

START_TEST (contiguous_packets_are_contiguous_audio_whatever_their_timestamps)
{
  static guint32 (*const stamps[]) (guint, GRand *) = { stamp_at_capture, stamp_twice_as_fast, stamp_in_ticks_of_8_khz,
                                                        stamp_by_a_drifting_clock, stamp_at_random };
  check_contiguous (stamps[_i]);
}
END_TEST

/* DTX: no sequence number is missing, and the timestamps say how long the silence was. */
START_TEST (a_jump_in_time_that_arrives_late_is_silence)
{
  push (1);
  expect (1);
  jitter_rig_push (harness, 2, 21 * FRAME_TICKS, 96, 4, 21 * FRAME + 7 * GST_MSECOND);
  ck_assert_uint_eq (expect (2), 21 * FRAME);
  /* the network stood still meanwhile: speech, a pause, speech, all at once */
  jitter_rig_push (harness, 3, 22 * FRAME_TICKS, 96, 4, 80 * FRAME);
  jitter_rig_push (harness, 4, 43 * FRAME_TICKS, 96, 4, 80 * FRAME);
  jitter_rig_push (harness, 5, 44 * FRAME_TICKS, 96, 4, 80 * FRAME);
  ck_assert_uint_eq (expect (3), 22 * FRAME);
  ck_assert_uint_eq (expect (4), 43 * FRAME);
  ck_assert_uint_eq (expect (5), 44 * FRAME);
}
END_TEST

/* Pauses below the tolerance add up, and are made good with the next one. */
START_TEST (short_pauses_are_not_lost)
{
  guint32 ticks = 0;

  for (guint i = 0; i < 100; i++)
    {
      jitter_rig_push (harness, i, ticks, 96, 4, gst_util_uint64_scale_int (ticks, GST_SECOND, 48000));
      GstClockTime pts = expect ((guint16) i);
      ck_assert_uint_le (pts, gst_util_uint64_scale_int (ticks, GST_SECOND, 48000));
      ck_assert_uint_ge (pts + 30 * GST_MSECOND, gst_util_uint64_scale_int (ticks, GST_SECOND, 48000));
      ticks += FRAME_TICKS + (i % 3 == 0 ? FRAME_TICKS : 0);
    }
}
END_TEST

START_TEST (a_loss_is_as_long_as_the_packets_are_and_a_pause_beside_it_is_silence)
{
  GstClockTime lost;

  push (1);
  jitter_rig_push (harness, 3, 2 * FRAME_TICKS, 96, 4, 3 * FRAME); /* the timestamps do not move with what was lost */
  jitter_rig_push (harness, 4, 3 * FRAME_TICKS, 96, 4, 6 * FRAME);
  expect (1);
  ck_assert_uint_eq (expect (3), 3 * FRAME);
  ck_assert_uint_eq (expect (4), 4 * FRAME);
  ck_assert_uint_eq (count_lost (&lost), 1);
  ck_assert_uint_eq (lost, FRAME);
  jitter_rig_push (harness, 6, 45 * FRAME_TICKS, 96, 4, 48 * FRAME); /* 40 frames of silence, and one that was lost */
  jitter_rig_push (harness, 7, 46 * FRAME_TICKS, 96, 4, 51 * FRAME);
  ck_assert_uint_ge (expect (6), 45 * FRAME);
  ck_assert_uint_eq (count_lost (&lost), 1);
  ck_assert_uint_eq (lost, FRAME);
}
END_TEST

#define COMFORT_NOISE 13 /* RFC 3389 */

START_TEST (unknown_payload_types_are_ignored_where_it_is_their_turn)
{
  GstClockTime lost;

  g_object_set (harness->element, "payload-type", 96, NULL);
  jitter_rig_push (harness, 1, FRAME_TICKS, COMFORT_NOISE, 20, FRAME);
  push (2);
  jitter_rig_push (harness, 3, 3 * FRAME_TICKS, COMFORT_NOISE, 20, 3 * FRAME);
  jitter_rig_push (harness, 4, 3 * FRAME_TICKS, 96, 0, 3 * FRAME); /* padding only */
  jitter_rig_push (harness, 6, 14 * FRAME_TICKS, 96, 4, 14 * FRAME);
  expect (2);
  expect_nothing ();
  jitter_rig_push (harness, 5, 3 * FRAME_TICKS, 127, 1, 14 * FRAME); /* a keepalive, reordered */
  ck_assert_uint_eq (expect (6), 14 * FRAME);
  ck_assert_uint_eq (count_lost (&lost), 0);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-ignored"), 4);
  ck_assert_uint_eq (jitter_rig_get_stat (harness, "num-lost"), 0);
}
END_TEST

#define DTMF_PAYLOAD_TYPE 110

/* What the signal told, one after the other: "5:100" */
static GString *keys;

static void
on_dtmf (GstElement *element, guint event, guint duration_ms, gpointer user_data)
{
  g_string_append_printf (keys, "%s%u:%u", keys->len > 0 ? " " : "", event, duration_ms);
}

/* A packet of the key @event that began at RTP time @timestamp. */
static void
push_key (guint seqnum, guint32 timestamp, guint8 event, gboolean is_end, guint16 duration)
{
  GstBuffer *buffer = gst_rtp_buffer_new_allocate (4, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map (buffer, GST_MAP_WRITE, &rtp);
  gst_rtp_buffer_set_seq (&rtp, seqnum);
  gst_rtp_buffer_set_timestamp (&rtp, timestamp);
  gst_rtp_buffer_set_payload_type (&rtp, DTMF_PAYLOAD_TYPE);
  guint8 *payload = gst_rtp_buffer_get_payload (&rtp);
  payload[0] = event;
  payload[1] = is_end ? 0x8a : 0x0a;
  GST_WRITE_UINT16_BE (payload + 2, duration);
  gst_rtp_buffer_unmap (&rtp);
  GST_BUFFER_PTS (buffer) = seqnum * FRAME;
  ck_assert_int_eq (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

static void
setup_dtmf (void)
{
  setup ();
  keys = g_string_new (NULL);
  g_object_set (harness->element, "dtmf-payload-type", DTMF_PAYLOAD_TYPE, NULL);
  g_signal_connect (harness->element, "dtmf", G_CALLBACK (on_dtmf), NULL);
}

static void
teardown_dtmf (void)
{
  teardown ();
  g_string_free (keys, TRUE);
}

START_TEST (a_key_is_told_once_and_never_becomes_audio)
{
  push (1);
  push_key (2, 2 * FRAME_TICKS, 5, FALSE, 960);
  push_key (3, 2 * FRAME_TICKS, 5, FALSE, 1920);
  ck_assert_str_eq (keys->str, "");
  for (guint i = 4; i < 7; i++) /* the end is sent three times */
    push_key (i, 2 * FRAME_TICKS, 5, TRUE, 4800);
  ck_assert_str_eq (keys->str, "5:100");
  push (7);
  expect (1);
  ck_assert_uint_eq (expect (7), 7 * FRAME);
  expect_nothing ();
}
END_TEST

START_TEST (the_same_key_twice_is_two_keys)
{
  push (1);
  push_key (2, 2 * FRAME_TICKS, 11, TRUE, 4800);
  push_key (3, 9 * FRAME_TICKS, 11, TRUE, 4800);
  ck_assert_str_eq (keys->str, "11:100 11:100");
}
END_TEST

START_TEST (a_key_without_its_end_is_told_when_it_is_not_renewed)
{
  push (1);
  push_key (2, 2 * FRAME_TICKS, 1, FALSE, 960);
  for (guint i = 3; i < 3 + 10; i++) /* 200 ms */
    push (i);
  ck_assert_str_eq (keys->str, "");
  push (13);
  ck_assert_str_eq (keys->str, "1:20");
  push_key (14, 14 * FRAME_TICKS, 2, FALSE, 960);
  push_key (15, 15 * FRAME_TICKS, 3, FALSE, 960); /* another key: at once */
  ck_assert_str_eq (keys->str, "1:20 2:20");
  gst_harness_push_event (harness, gst_event_new_eos ());
  ck_assert_str_eq (keys->str, "1:20 2:20 3:20");
}
END_TEST

START_TEST (audio_between_the_packets_of_a_key_does_not_end_it)
{
  push (1);
  for (guint i = 2; i < 12; i += 2)
    {
      push_key (i, 2 * FRAME_TICKS, 7, FALSE, (guint16) (i * FRAME_TICKS));
      push (i + 1);
    }
  push_key (12, 2 * FRAME_TICKS, 7, TRUE, 9600);
  ck_assert_str_eq (keys->str, "7:200");
}
END_TEST

/* The audio before has another clock, and none has come yet that would tell the jitter buffer any. */
START_TEST (a_key_has_the_clock_of_its_own_payload_type)
{
  g_object_set (harness->element, "dtmf-clock-rate", 8000u, NULL);
  push_key (1, FRAME_TICKS, 5, TRUE, 800);
  ck_assert_str_eq (keys->str, "5:100");
  push (2);
  push_key (3, 3 * FRAME_TICKS, 6, TRUE, 1600);
  ck_assert_str_eq (keys->str, "5:100 6:200");
}
END_TEST

START_TEST (keys_keep_their_order_and_other_events_are_dropped)
{
  push (1);
  push_key (3, 3 * FRAME_TICKS, 2, TRUE, 960);
  push_key (2, 2 * FRAME_TICKS, 1, TRUE, 960);
  push_key (4, 4 * FRAME_TICKS, 66, TRUE, 960); /* ringing tone, not a key */
  ck_assert_str_eq (keys->str, "1:20 2:20");
}
END_TEST

Suite *
test_suite (void)
{
  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  Suite *suite = suite_create ("vgw-jitter-buffer");
  TCase *tcase = tcase_create ("jitter buffer");
  tcase_set_timeout (tcase, 0);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, packets_in_order_pass_at_once_with_exact_time);
  tcase_add_test (tcase, reordered_packets_come_out_in_order);
  tcase_add_test (tcase, a_missing_packet_is_given_up_after_the_latency);
  tcase_add_test (tcase, late_and_repeated_packets_are_dropped);
  tcase_add_test (tcase, the_jitter_is_the_mean_deviation_of_arrivals);
  tcase_add_test (tcase, sequence_and_time_wrap_around);
  tcase_add_test (tcase, a_jump_begins_a_new_stream_and_time_goes_on);
  tcase_add_test (tcase, what_waits_comes_out_when_the_stream_ends);
  tcase_add_test (tcase, what_is_not_rtp_is_dropped);
  tcase_add_test (tcase, a_flood_behind_a_gap_is_bounded);
  tcase_add_test (tcase, random_order_and_loss_never_goes_backwards);
  tcase_add_loop_test (tcase, contiguous_packets_are_contiguous_audio_whatever_their_timestamps, 0, 5);
  tcase_add_test (tcase, a_jump_in_time_that_arrives_late_is_silence);
  tcase_add_test (tcase, short_pauses_are_not_lost);
  tcase_add_test (tcase, a_loss_is_as_long_as_the_packets_are_and_a_pause_beside_it_is_silence);
  tcase_add_test (tcase, unknown_payload_types_are_ignored_where_it_is_their_turn);
  suite_add_tcase (suite, tcase);
  TCase *dtmf = tcase_create ("keys");
  tcase_set_timeout (dtmf, 0);
  tcase_add_checked_fixture (dtmf, setup_dtmf, teardown_dtmf);
  tcase_add_test (dtmf, a_key_is_told_once_and_never_becomes_audio);
  tcase_add_test (dtmf, the_same_key_twice_is_two_keys);
  tcase_add_test (dtmf, a_key_without_its_end_is_told_when_it_is_not_renewed);
  tcase_add_test (dtmf, audio_between_the_packets_of_a_key_does_not_end_it);
  tcase_add_test (dtmf, a_key_has_the_clock_of_its_own_payload_type);
  tcase_add_test (dtmf, keys_keep_their_order_and_other_events_are_dropped);
  suite_add_tcase (suite, dtmf);
  return suite;
}
