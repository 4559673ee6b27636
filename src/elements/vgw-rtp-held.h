/* The packets held after a gap, by sequence number. One thread. */
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
  gsize payload_length;
  VgwRtpKind kind;
  gboolean is_marked;
} VgwRtpHeldPacket;

void vgw_rtp_held_packet_free (VgwRtpHeldPacket *packet);

/* Adds @packet (transfer full) to @packets, a queue of VgwRtpHeldPacket in the order of their numbers. FALSE, and it is
 * freed, where one of that number is held already. */
gboolean vgw_rtp_held_add (GQueue *packets, VgwRtpHeldPacket *packet);

/* The one of @packets after @seqnum that arrived first; NULL where there is none after it. */
const VgwRtpHeldPacket *vgw_rtp_held_find_overtaking (const GQueue *packets, guint64 seqnum);
