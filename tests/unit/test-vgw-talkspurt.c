#include <check.h>
#include <gst/check/gstharness.h>
#include <gst/rtp/rtp.h>
#include <stdlib.h>

#include "elements/vgw-elements.h"
#include "media/vgw-talkspurt.h"
#include "run-suite.h"

#define RATE_HZ 16000
#define FRAME_SAMPLES (RATE_HZ / 50)
#define FRAME (20 * GST_MSECOND)

/* A frame of PCM number @n. */
static void
push_frame (GstHarness *harness, guint n, GstBufferFlags flags)
{
  GstBuffer *buffer = gst_harness_create_buffer (harness, FRAME_SAMPLES * sizeof (gint16));
  gst_buffer_memset (buffer, 0, n, FRAME_SAMPLES * sizeof (gint16));
  GST_BUFFER_PTS (buffer) = n * FRAME;
  GST_BUFFER_DURATION (buffer) = FRAME;
  GST_BUFFER_FLAG_SET (buffer, flags);
  ck_assert_int_eq (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

static gboolean
pull_marker (GstHarness *harness, guint32 *timestamp)
{
  g_autoptr (GstBuffer) buffer = gst_harness_pull (harness);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  ck_assert (gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp));
  gboolean marker = gst_rtp_buffer_get_marker (&rtp);
  *timestamp = gst_rtp_buffer_get_timestamp (&rtp);
  gst_rtp_buffer_unmap (&rtp);
  return marker;
}

START_TEST (opus_has_the_marker_where_a_talkspurt_begins)
{
  g_autoptr (GstElement) bin =
      gst_parse_bin_from_description ("vgwopusenc name=encoder ! rtpopuspay name=payloader", TRUE, NULL);
  gst_object_ref_sink (bin);
  g_autoptr (GstElement) payloader = gst_bin_get_by_name (GST_BIN (bin), "payloader");
  vgw_talkspurt_mark (payloader);
  GstHarness *harness = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_src_caps_str (harness, "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000");
  guint32 before, after;

  for (guint i = 0; i < 5; i++)
    {
      push_frame (harness, i, i == 0 ? GST_BUFFER_FLAG_DISCONT : 0);
      ck_assert_int_eq (pull_marker (harness, &before), i == 0);
    }
  push_frame (harness, 50, GST_BUFFER_FLAG_DISCONT); /* 900 ms of nothing lie between */
  ck_assert (pull_marker (harness, &after));
  ck_assert_uint_eq (after - before, 46 * 960);
  push_frame (harness, 51, 0);
  ck_assert (!pull_marker (harness, &after));
  gst_harness_teardown (harness);
}
END_TEST

START_TEST (a_keep_alive_has_no_marker_and_its_time)
{
  g_autoptr (GstElement) bin =
      gst_parse_bin_from_description ("vgwopusenc name=encoder ! rtpopuspay name=payloader", TRUE, NULL);
  g_autoptr (GstElement) payloader = NULL;
  GstHarness *harness;
  guint32 first, timestamp;

  gst_object_ref_sink (bin);
  payloader = gst_bin_get_by_name (GST_BIN (bin), "payloader");
  vgw_talkspurt_mark (payloader);
  harness = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_src_caps_str (harness, "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=16000");
  push_frame (harness, 0, GST_BUFFER_FLAG_DISCONT);
  ck_assert (pull_marker (harness, &first));
  for (guint i = 20; i <= 100; i += 20)
    {
      push_frame (harness, i, GST_BUFFER_FLAG_GAP);
      ck_assert (!pull_marker (harness, &timestamp));
      ck_assert_uint_eq (timestamp - first, i * 960);
    }
  push_frame (harness, 107, GST_BUFFER_FLAG_DISCONT);
  ck_assert (pull_marker (harness, &timestamp));
  ck_assert_uint_eq (timestamp - first, 107 * 960);
  gst_harness_teardown (harness);
}
END_TEST

Suite *
test_suite (void)
{
  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  Suite *suite = suite_create ("vgw-talkspurt");
  TCase *tcase = tcase_create ("marker");
  tcase_set_timeout (tcase, 0);
  tcase_add_test (tcase, opus_has_the_marker_where_a_talkspurt_begins);
  tcase_add_test (tcase, a_keep_alive_has_no_marker_and_its_time);
  suite_add_tcase (suite, tcase);
  return suite;
}
