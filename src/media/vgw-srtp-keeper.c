#include "media/vgw-srtp-keeper.h"

#include "base/vgw-random.h"

#define KEY_BYTES 30 /* AES_CM_128 with its salt (RFC 3711 section 8.2), the default of srtpenc */

/* srtpenc creates its session for the first packet, with caps. */
static void
protect_one_packet (GstPad *sink)
{
  static const guint8 packet[] = { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }; /* a header of RTP, version 2 */
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtp");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (sink, gst_event_new_stream_start ("keeper"));
  gst_pad_send_event (sink, gst_event_new_caps (caps));
  gst_pad_send_event (sink, gst_event_new_segment (&segment));
  gst_pad_chain (sink, gst_buffer_new_memdup (packet, sizeof packet)); /* not linked: it goes nowhere */
}

GstElement *
vgw_srtp_keeper_new (void)
{
  GstElement *keeper = gst_object_ref_sink (gst_element_factory_make ("srtpenc", NULL));
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (keeper, "rtp_sink_0");
  g_autoptr (GstBuffer) key = gst_buffer_new_allocate (NULL, KEY_BYTES, NULL);
  GstMapInfo map;

  if (gst_buffer_map (key, &map, GST_MAP_WRITE))
    {
      vgw_random_bytes (map.data, map.size);
      gst_buffer_unmap (key, &map);
    }
  g_object_set (keeper, "key", key, NULL);
  gst_element_set_state (keeper, GST_STATE_PAUSED);
  protect_one_packet (sink);
  return keeper;
}

void
vgw_srtp_keeper_free (GstElement *keeper)
{
  gst_element_set_state (keeper, GST_STATE_NULL);
  gst_object_unref (keeper);
}
