#include "jitter-rig.h"

#include <check.h>
#include <gst/rtp/rtp.h>
#include <string.h>

#define OPUS_TOC_20_MS 0x78 /* RFC 6716 table 2: configuration 15, one frame */
#define CAPS "application/x-rtp, media=audio, clock-rate=48000, encoding-name=OPUS, payload=96"

GstHarness *
jitter_rig_new (guint latency_ms)
{
  GstHarness *harness = gst_harness_new ("vgwjitterbuffer");

  g_object_set (harness->element, "latency", latency_ms, NULL);
  gst_harness_set_src_caps_str (harness, CAPS);
  return harness;
}

void
jitter_rig_push (GstHarness *harness, guint seqnum, guint32 timestamp, guint8 payload_type, gsize length,
                 GstClockTime arrival)
{
  GstBuffer *buffer = gst_rtp_buffer_new_allocate ((guint) length, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  gst_rtp_buffer_map (buffer, GST_MAP_WRITE, &rtp);
  gst_rtp_buffer_set_seq (&rtp, (guint16) seqnum);
  gst_rtp_buffer_set_timestamp (&rtp, timestamp);
  gst_rtp_buffer_set_payload_type (&rtp, payload_type);
  memset (gst_rtp_buffer_get_payload (&rtp), OPUS_TOC_20_MS, length);
  gst_rtp_buffer_unmap (&rtp);
  GST_BUFFER_PTS (buffer) = arrival;
  ck_assert_int_eq (gst_harness_push (harness, buffer), GST_FLOW_OK);
}

guint64
jitter_rig_get_stat (GstHarness *harness, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  g_object_get (harness->element, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, name, &value));
  return value;
}
