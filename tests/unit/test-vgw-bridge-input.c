/* The samples that an engine hears tell the time, whatever the timestamps of the buffers do. Buffers go straight into
 * an appsink, in the test's own thread. */
#include <gst/app/app.h>

#include "elements/vgw-push-src.h"
#include "media/vgw-bridge.h"

#include <check.h>

#include "run-suite.h"

#define RATE_HZ 16000u
#define FRAME (RATE_HZ * VGW_FRAME_MS / 1000)
#define MS(ms) ((guint64) (ms) *GST_MSECOND)

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

/* One peer's half of the bridge. */
typedef struct
{
  GstElement *pcm_out, *pcm_in;
  GstPad *src;
} Side;

static VgwPacer *pacer;
static VgwBridge *bridge;
static GArray *heard; /* of gint16 */
static gsize largest_call;

static void
on_audio (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  g_array_append_vals (heard, samples, (guint) n_samples);
  largest_call = MAX (largest_call, n_samples);
}

static void
setup (void)
{
  pacer = vgw_pacer_new (1);
  bridge = vgw_bridge_new (pacer, &FORMAT, 1000);
  heard = g_array_new (FALSE, FALSE, sizeof (gint16));
  largest_call = 0;
  vgw_bridge_set_audio_func (bridge, on_audio, NULL, NULL);
}

static void
teardown (void)
{
  g_clear_object (&bridge);
  vgw_pacer_free (pacer);
  g_array_unref (heard);
}

static void
side_init (Side *side)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1");
  g_autoptr (GstPad) sink = NULL;
  GstSegment segment;

  side->pcm_out = gst_object_ref_sink (gst_element_factory_make ("appsink", NULL));
  side->pcm_in = gst_object_ref_sink (vgw_push_src_new (NULL));
  vgw_bridge_prepare (GST_APP_SINK (side->pcm_out), VGW_PUSH_SRC (side->pcm_in), &FORMAT);
  vgw_bridge_attach (bridge, GST_APP_SINK (side->pcm_out), VGW_PUSH_SRC (side->pcm_in), FALSE);
  gst_element_set_state (side->pcm_out, GST_STATE_PLAYING);
  side->src = gst_pad_new ("src", GST_PAD_SRC);
  sink = gst_element_get_static_pad (side->pcm_out, "sink");
  ck_assert_int_eq (gst_pad_link (side->src, sink), GST_PAD_LINK_OK);
  gst_pad_set_active (side->src, TRUE);
  gst_pad_push_event (side->src, gst_event_new_stream_start ("caller"));
  gst_pad_push_event (side->src, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (side->src, gst_event_new_segment (&segment));
}

static void
side_clear (Side *side)
{
  vgw_bridge_detach (bridge, GST_APP_SINK (side->pcm_out));
  gst_element_set_state (side->pcm_out, GST_STATE_NULL);
  gst_object_unref (side->src);
  gst_object_unref (side->pcm_out);
  gst_object_unref (side->pcm_in);
}

/* @n_samples of @value, stamped @pts. */
static void
say_with (Side *side, GstClockTime pts, gint16 value, gsize n_samples, GstBufferFlags flags)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n_samples * sizeof value, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < n_samples; i++)
    ((gint16 *) map.data)[i] = value;
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_FLAG_SET (buffer, flags);
  ck_assert_int_eq (gst_pad_push (side->src, buffer), GST_FLOW_OK);
}

static void
say (Side *side, GstClockTime pts, gint16 value, gsize n_samples)
{
  say_with (side, pts, value, n_samples, 0);
}

/* From sample @at on there are @n_samples of @value. */
static void
assert_heard (guint at, guint n_samples, gint16 value)
{
  guint n_wrong = 0;

  ck_assert_uint_ge (heard->len, at + n_samples);
  for (guint i = at; i < at + n_samples; i++)
    n_wrong += g_array_index (heard, gint16, i) != value;
  ck_assert_uint_eq (n_wrong, 0);
}

START_TEST (a_gap_is_silence_of_its_length)
{
  VgwBridgeInputStats stats;
  Side side;

  side_init (&side);
  say (&side, MS (1000), 1, FRAME);
  say (&side, MS (1020), 2, FRAME);
  say (&side, MS (1140), 3, FRAME); /* 100 ms are missing */
  say (&side, MS (1160), 4, FRAME);
  ck_assert_uint_eq (heard->len, 4 * FRAME + 5 * FRAME);
  assert_heard (0, FRAME, 1);
  assert_heard (FRAME, FRAME, 2);
  assert_heard (2 * FRAME, 5 * FRAME, 0);
  assert_heard (7 * FRAME, FRAME, 3);
  assert_heard (8 * FRAME, FRAME, 4);
  ck_assert_uint_le (largest_call, FRAME);
  vgw_bridge_get_input_stats (bridge, &stats);
  ck_assert_uint_eq (stats.received_ms, 80);
  ck_assert_uint_eq (stats.filled_ms, 100);
  ck_assert_int_gt (stats.last_us, 0);
  side_clear (&side);
}
END_TEST

/* Frames that are no whole number of the gap's unit, over and over: the error of each must not add up. */
START_TEST (many_gaps_do_not_add_up_to_an_error)
{
  GstClockTime pts = 0;
  Side side;

  side_init (&side);
  for (guint i = 0; i < 100; i++)
    {
      say (&side, pts, 1, FRAME);
      pts += MS (20) + (i % 2 == 0 ? 7333333 : 11111111); /* ns */
    }
  say (&side, pts, 2, FRAME);
  ck_assert_uint_le (
      ABS ((gint64) heard->len - FRAME - (gint64) gst_util_uint64_scale_round (pts, RATE_HZ, GST_SECOND)), 1);
  side_clear (&side);
}
END_TEST

START_TEST (small_steps_are_let_pass_until_they_are_a_gap)
{
  Side side;

  side_init (&side);
  for (guint i = 0; i < 10; i++)
    say (&side, MS (20 * i) + i * 500 * GST_USECOND, 1, FRAME); /* a clock that is off by half a ms each time */
  ck_assert_uint_ge (heard->len, 10 * FRAME + 2 * RATE_HZ / 1000);
  ck_assert_uint_le (heard->len, 10 * FRAME + 5 * RATE_HZ / 1000);
  side_clear (&side);
}
END_TEST

START_TEST (a_long_gap_is_shortened)
{
  Side side;

  side_init (&side);
  say (&side, 0, 1, FRAME);
  say (&side, 3600 * GST_SECOND, 2, FRAME);
  ck_assert_uint_gt (heard->len, 3 * RATE_HZ);
  ck_assert_uint_lt (heard->len, 5 * RATE_HZ);
  say (&side, 3600 * GST_SECOND + MS (20), 3, FRAME); /* and there is credit left for what comes next */
  assert_heard (heard->len - FRAME, FRAME, 3);
  assert_heard (heard->len - 2 * FRAME, FRAME, 2);
  side_clear (&side);
}
END_TEST

/* Looks at the clock because the clock is what is tested. */
static void
wait_for_filled (guint64 filled_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  VgwBridgeInputStats stats = { 0 };

  while (stats.filled_ms < filled_ms && g_get_monotonic_time () < deadline_us)
    {
      g_usleep (5000);
      vgw_bridge_get_input_stats (bridge, &stats);
    }
  ck_assert_uint_ge (stats.filled_ms, filled_ms);
}

/* For longer than what may be filled at one time. */
START_TEST (a_caller_who_sends_nothing_is_heard_as_silence)
{
  gint64 begin_us = g_get_monotonic_time ();
  guint elapsed_ms;
  Side side;

  side_init (&side);
  say (&side, 0, 1, FRAME);
  wait_for_filled (4500);
  elapsed_ms = (guint) ((g_get_monotonic_time () - begin_us) / 1000);
  ck_assert_uint_ge (elapsed_ms, 4500); /* and not faster than real time */
  say (&side, MS (elapsed_ms), 2, FRAME);
  say (&side, MS (elapsed_ms + VGW_FRAME_MS), 3, FRAME);
  side_clear (&side);
  ck_assert_uint_eq (heard->len, elapsed_ms * RATE_HZ / 1000 + 2 * FRAME);
  assert_heard (0, FRAME, 1);
  assert_heard (FRAME, heard->len - 3 * FRAME, 0);
  assert_heard (heard->len - 2 * FRAME, FRAME, 2);
  assert_heard (heard->len - FRAME, FRAME, 3);
  ck_assert_uint_le (largest_call, FRAME);
}
END_TEST

/* DTX: what the last packet announces is heard while it happens, not with the next packet 400 ms later. */
START_TEST (a_caller_who_pauses_is_heard_as_silence_at_once)
{
  gint64 begin_us = g_get_monotonic_time ();
  guint elapsed_ms;
  Side side;

  side_init (&side);
  say (&side, 0, 1, FRAME);
  say_with (&side, MS (VGW_FRAME_MS), 2, FRAME, GST_BUFFER_FLAG_GAP);
  wait_for_filled (200);
  elapsed_ms = (guint) ((g_get_monotonic_time () - begin_us) / 1000);
  ck_assert_uint_ge (elapsed_ms, 200);
  ck_assert_uint_lt (elapsed_ms, 1000); /* that is how long a caller is waited for who does not say it */
  say (&side, MS (VGW_FRAME_MS + elapsed_ms), 3, FRAME);
  side_clear (&side);
  ck_assert_uint_eq (heard->len, (VGW_FRAME_MS + elapsed_ms) * RATE_HZ / 1000 + FRAME);
  assert_heard (2 * FRAME, heard->len - 3 * FRAME, 0);
  assert_heard (heard->len - FRAME, FRAME, 3);
  ck_assert_uint_le (largest_call, FRAME);
}
END_TEST

START_TEST (who_never_sends_anything_is_heard_as_silence_too)
{
  VgwBridgeInputStats stats;
  Side side;

  side_init (&side);
  wait_for_filled (1500);
  vgw_bridge_get_input_stats (bridge, &stats);
  ck_assert_uint_eq (stats.received_ms, 0);
  ck_assert_int_eq (stats.last_us, 0); /* the caller was not heard */
  side_clear (&side);
  assert_heard (0, heard->len, 0);
}
END_TEST

START_TEST (time_never_goes_back)
{
  Side side;

  side_init (&side);
  say (&side, MS (1000), 1, FRAME);
  say (&side, MS (400), 2, FRAME);
  say (&side, MS (420), 3, FRAME);
  say (&side, GST_CLOCK_TIME_NONE, 4, FRAME);
  say (&side, MS (480), 5, FRAME);
  assert_heard (0, FRAME, 1);
  assert_heard (FRAME, FRAME, 2);
  assert_heard (2 * FRAME, FRAME, 3);
  assert_heard (3 * FRAME, FRAME, 4);
  assert_heard (4 * FRAME, FRAME, 0);
  assert_heard (5 * FRAME, FRAME, 5);
  ck_assert_uint_eq (heard->len, 6 * FRAME);
  side_clear (&side);
}
END_TEST

START_TEST (what_is_dropped_as_too_much_is_no_gap)
{
  guint n_heard;
  Side side;

  side_init (&side);
  for (guint i = 0; i < 10 * 50; i++) /* 10 s at once */
    say (&side, MS (20 * i), 1, FRAME);
  n_heard = heard->len;
  ck_assert_uint_ge (n_heard, 4 * RATE_HZ);
  ck_assert_uint_le (n_heard, 8 * RATE_HZ);
  assert_heard (0, n_heard, 1);
  side_clear (&side);
}
END_TEST

START_TEST (nothing_passes_while_it_is_detached)
{
  Side side;

  side_init (&side);
  vgw_bridge_detach (bridge, GST_APP_SINK (side.pcm_out));
  say (&side, 0, 1, FRAME);
  vgw_bridge_attach (bridge, GST_APP_SINK (side.pcm_out), VGW_PUSH_SRC (side.pcm_in), FALSE);
  say (&side, MS (5000), 2, FRAME);
  ck_assert_uint_eq (heard->len, FRAME);
  assert_heard (0, FRAME, 2);
  side_clear (&side);
}
END_TEST

START_TEST (between_two_peers_time_goes_on)
{
  gint64 until_us;
  GMutex lock;
  GCond never;
  Side side;

  side_init (&side);
  say (&side, MS (70000), 1, FRAME);
  side_clear (&side);
  /* the wait is on the clock because the clock is what is tested */
  g_mutex_init (&lock);
  g_cond_init (&never);
  g_mutex_lock (&lock);
  until_us = g_get_monotonic_time () + 200 * G_TIME_SPAN_MILLISECOND;
  while (g_cond_wait_until (&never, &lock, until_us))
    continue;
  g_mutex_unlock (&lock);
  g_mutex_clear (&lock);
  g_cond_clear (&never);

  side_init (&side);
  say (&side, MS (3), 2, FRAME); /* on another clock */
  ck_assert_uint_ge (heard->len, FRAME + 9 * FRAME + FRAME);
  assert_heard (FRAME, 9 * FRAME, 0);
  assert_heard (heard->len - FRAME, FRAME, 2);
  side_clear (&side);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-bridge-input");
  TCase *tcase = tcase_create ("time");

  gst_init (NULL, NULL);
  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_gap_is_silence_of_its_length);
  tcase_add_test (tcase, many_gaps_do_not_add_up_to_an_error);
  tcase_add_test (tcase, small_steps_are_let_pass_until_they_are_a_gap);
  tcase_add_test (tcase, a_long_gap_is_shortened);
  tcase_add_test (tcase, a_caller_who_sends_nothing_is_heard_as_silence);
  tcase_add_test (tcase, a_caller_who_pauses_is_heard_as_silence_at_once);
  tcase_add_test (tcase, who_never_sends_anything_is_heard_as_silence_too);
  tcase_add_test (tcase, time_never_goes_back);
  tcase_add_test (tcase, what_is_dropped_as_too_much_is_no_gap);
  tcase_add_test (tcase, nothing_passes_while_it_is_detached);
  tcase_add_test (tcase, between_two_peers_time_goes_on);
  tcase_add_unchecked_fixture (tcase, NULL, gst_deinit);
  suite_add_tcase (suite, tcase);
  return suite;
}
