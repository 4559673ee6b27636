#include "elements/vgw-rtp-lost.h"

#define MAX_EVENTS 50 /* of one gap */
/* Of them together; the last one has the rest, of which a decoder conceals one packet. */
#define MAX_TIME (3 * GST_SECOND)

static void
send_event (GstPad *src, guint64 seqnum, GstClockTime pts, GstClockTime duration)
{
  GstStructure *structure =
      gst_structure_new ("GstRTPPacketLost", "seqnum", G_TYPE_UINT, (guint) (seqnum & 0xffff), "timestamp",
                         G_TYPE_UINT64, pts, "duration", G_TYPE_UINT64, duration, "retry", G_TYPE_UINT, 0, NULL);

  gst_pad_push_event (src, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, structure));
}

void
vgw_rtp_lost_send (GstPad *src, guint64 seqnum, guint64 n_lost, GstClockTime begin, GstClockTime end,
                   GstClockTime longest)
{
  GstClockTime spacing = MIN ((end - begin) / n_lost, longest);
  guint64 n_events = MIN (n_lost, spacing > 0 ? MIN (MAX_EVENTS, MAX_TIME / spacing) : 0);

  for (guint64 i = 0; i < n_events; i++)
    {
      gboolean is_rest = i + 1 < n_lost && i + 1 == n_events;
      GstClockTime pts = begin + i * spacing;

      send_event (src, seqnum - n_lost + i, pts, is_rest ? end - pts : spacing);
    }
}
