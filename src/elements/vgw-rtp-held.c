#include "elements/vgw-rtp-held.h"

void
vgw_rtp_held_packet_free (VgwRtpHeldPacket *packet)
{
  gst_clear_buffer (&packet->buffer);
  g_free (packet);
}

gboolean
vgw_rtp_held_add (GQueue *packets, VgwRtpHeldPacket *packet)
{
  GList *after = packets->tail;

  while (after != NULL && ((VgwRtpHeldPacket *) after->data)->seqnum > packet->seqnum)
    after = after->prev;
  if (after != NULL && ((VgwRtpHeldPacket *) after->data)->seqnum == packet->seqnum)
    {
      vgw_rtp_held_packet_free (packet);
      return FALSE;
    }
  g_queue_insert_after (packets, after, packet);
  return TRUE;
}

const VgwRtpHeldPacket *
vgw_rtp_held_find_overtaking (const GQueue *packets, guint64 seqnum)
{
  const VgwRtpHeldPacket *first = NULL;

  for (GList *l = packets->tail; l != NULL && ((VgwRtpHeldPacket *) l->data)->seqnum > seqnum; l = l->prev)
    {
      const VgwRtpHeldPacket *packet = l->data;

      if (first == NULL || packet->arrival < first->arrival)
        first = packet;
    }
  return first;
}
