/* The positions in time of the packets of a stream. Pure; one thread.
 *
 * Packets with consecutive sequence numbers are contiguous audio, and a lost packet is as long as the others: so
 * jittery timestamps, or a clock of another rate, have no effect. But a stream may also pause (DTX, talkspurts, keys),
 * for a time that only its timestamps have. So where the timestamps and the count of packets differ by more than a
 * frame or so, the arrival time decides:
 *   - a jump of the timestamps that arrives as late as it is long is silence of that length;
 *   - otherwise the position follows the arrival time, limited to the range between the two others.
 * The result is the new base of both. */
#pragma once

#include <gst/gst.h>

/* Zero-initialised. */
typedef struct
{
  guint clock_rate_hz;
  gboolean is_started;
  GstClockTime base_pts; /* of position 0 */
  GstClockTime end_pts;  /* of the last packet; the next one does not begin before it */
  guint32 timestamp;     /* RTP, of the last packet */
  guint duration;        /* of the last packet, in ticks; 0: unknown */
  gint64 position;       /* of the last packet, in ticks */
  gint64 stamped;        /* the same by the timestamps */
} VgwRtpTimeline;

/* Before the first packet; another rate restarts the time. */
void vgw_rtp_timeline_set_clock_rate (VgwRtpTimeline *self, guint clock_rate_hz);

/* The next packet begins a new stream: time continues from its arrival. */
void vgw_rtp_timeline_restart (VgwRtpTimeline *self);

/* The duration of the last packet; GST_CLOCK_TIME_NONE for unknown. */
GstClockTime vgw_rtp_timeline_get_duration (const VgwRtpTimeline *self);

/* The PTS of the next packet, by its RTP @timestamp, its @duration in ticks (0: unknown, then the timestamps are used),
 * the number of packets lost before it, and its arrival time. Never before the end of the last packet.
 * @gap_begin (out): that end. */
GstClockTime vgw_rtp_timeline_place (VgwRtpTimeline *self, guint32 timestamp, guint duration, guint64 n_lost,
                                     GstClockTime arrival, GstClockTime *gap_begin);
