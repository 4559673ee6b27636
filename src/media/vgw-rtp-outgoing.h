/* The stream that is sent to a caller: counted where it leaves, with what the caller reports of it. Its encoder
 * receives the reported loss (elements/vgw-loss-report.h), but not of the few keep-alives of a silence, of which one
 * lost packet would be many percent. */
#pragma once

#include <gst/gst.h>
#include <stdatomic.h>

#include "base/vgw-call-stats.h"
#include "media/vgw-rtp-reports.h"

typedef struct
{
  GWeakRef pad; /* GstPad */

  GMutex lock;
  VgwRtpFeedback feedback; /* guarded by lock */
  guint32 reported;        /* guarded by lock; the highest sequence number of the last report passed to the encoder */

  _Atomic gint64 n_packets, n_bytes; /* written by the thread that sends */
} VgwRtpOutgoing;

void vgw_rtp_outgoing_init (VgwRtpOutgoing *self);
void vgw_rtp_outgoing_clear (VgwRtpOutgoing *self);

/* @pad: the last one of the sender's elements, held weakly. Once, before the first packet. */
void vgw_rtp_outgoing_set_pad (VgwRtpOutgoing *self, GstPad *pad);

/* @buffer, an RTP packet, is sent. */
void vgw_rtp_outgoing_count (VgwRtpOutgoing *self, GstBuffer *buffer);

/* A compound packet of RTCP is sent at @now_us, in g_get_monotonic_time (). Any thread. */
void vgw_rtp_outgoing_send_reports (VgwRtpOutgoing *self, const guint8 *data, gsize length, gint64 now_us);

/* A compound packet of the caller arrived at @now_us; @ssrc: of this stream. Any thread, outside of the locks of @pad's
 * elements. Returns: TRUE and sets *@round_trip_us where that is new */
gboolean vgw_rtp_outgoing_receive_reports (VgwRtpOutgoing *self, guint32 ssrc, const guint8 *data, gsize length,
                                           gint64 now_us, gint64 *round_trip_us);

/* Fills sent and round_trip_ms of @stats. Any thread. */
void vgw_rtp_outgoing_get_stats (VgwRtpOutgoing *self, guint clock_rate_hz, VgwCallStats *stats);
