#include "elements/vgw-rtp-held.h"

void
vgw_rtp_held_packet_free (VgwRtpHeldPacket *packet)
{
  gst_clear_buffer (&packet->buffer);
  g_free (packet);
}

void
vgw_rtp_held_init (VgwRtpHeld *self)
{
  g_queue_init (&self->packets);
}

void
vgw_rtp_held_clear (VgwRtpHeld *self)
{
  g_queue_clear_full (&self->packets, (GDestroyNotify) vgw_rtp_held_packet_free);
}

gboolean
vgw_rtp_held_add (VgwRtpHeld *self, VgwRtpHeldPacket *packet)
{
  GList *after = self->packets.tail;

  while (after != NULL && ((VgwRtpHeldPacket *) after->data)->seqnum > packet->seqnum)
    after = after->prev;
  if (after != NULL && ((VgwRtpHeldPacket *) after->data)->seqnum == packet->seqnum)
    {
      vgw_rtp_held_packet_free (packet);
      return FALSE;
    }
  g_queue_insert_after (&self->packets, after, packet);
  return TRUE;
}

VgwRtpHeldPacket *
vgw_rtp_held_peek (const VgwRtpHeld *self)
{
  return self->packets.head != NULL ? self->packets.head->data : NULL;
}

VgwRtpHeldPacket *
vgw_rtp_held_pop (VgwRtpHeld *self)
{
  return g_queue_pop_head (&self->packets);
}

guint
vgw_rtp_held_count (const VgwRtpHeld *self)
{
  return self->packets.length;
}
