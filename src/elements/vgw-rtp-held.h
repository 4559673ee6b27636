/* Packets that wait for one that is missing before them, by sequence number. One thread. */
#pragma once

#include <gst/gst.h>

#include "elements/vgw-rtp-packet.h"

typedef struct
{
  GstBuffer *buffer;
  guint64 seqnum;    /* extended */
  guint32 timestamp; /* RTP */
  guint duration;    /* in RTP ticks; 0: unknown */
  GstClockTime arrival;
  VgwRtpKind kind;
  gboolean is_marked;
} VgwRtpHeldPacket;

void vgw_rtp_held_packet_free (VgwRtpHeldPacket *packet);

typedef struct
{
  GQueue packets; /* VgwRtpHeldPacket* */
} VgwRtpHeld;

void vgw_rtp_held_init (VgwRtpHeld *self);
void vgw_rtp_held_clear (VgwRtpHeld *self);

/* Takes @packet (transfer full). FALSE, and it is gone, where one of that number waits already. */
gboolean vgw_rtp_held_add (VgwRtpHeld *self, VgwRtpHeldPacket *packet);

/* The one with the lowest number, or NULL. peek: (transfer none), pop: (transfer full) */
VgwRtpHeldPacket *vgw_rtp_held_peek (const VgwRtpHeld *self);
VgwRtpHeldPacket *vgw_rtp_held_pop (VgwRtpHeld *self);
guint vgw_rtp_held_count (const VgwRtpHeld *self);
