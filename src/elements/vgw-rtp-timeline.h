/* Where the packets of one stream belong in time. Pure; one thread.
 *
 * Two packets with no sequence number between them are contiguous audio, and what is missing between others is as long
 * as the packets are: so a timestamp that jitters, or a clock that counts at another rate, moves nothing. A stream is
 * silent on purpose, too (DTX, talkspurts, keys), and then only its timestamps say for how long. So where the
 * timestamps and the count of packets differ by more than a frame or so, the arrival time decides:
 *   - a jump that arrives as late as it says is silence of just that length;
 *   - else the truth is what the arrival says, but never outside of what the two others say.
 * What was believed is the new base for both. */
#pragma once

#include <gst/gst.h>

/* All zero to begin with. */
typedef struct
{
  guint clock_rate_hz;
  gboolean is_started;
  GstClockTime base_pts; /* of position 0 */
  GstClockTime end_pts;  /* of the last packet; before nothing may begin */
  guint32 timestamp;     /* RTP, of the last packet */
  guint duration;        /* of the last packet, in ticks; 0: unknown */
  gint64 position;       /* of the last packet, in ticks */
  gint64 stamped;        /* where the timestamps have it */
} VgwRtpTimeline;

/* Before the first packet; another rate restarts the time. */
void vgw_rtp_timeline_set_clock_rate (VgwRtpTimeline *self, guint clock_rate_hz);

/* The next packet is the first of another stream: time goes on from its arrival. */
void vgw_rtp_timeline_restart (VgwRtpTimeline *self);

/* The duration of the last packet; GST_CLOCK_TIME_NONE for unknown. */
GstClockTime vgw_rtp_timeline_get_duration (const VgwRtpTimeline *self);

/* The PTS of the next packet: its RTP @timestamp, its @duration in ticks (0: unknown, then the timestamps are
 * believed), how many packets were lost before it, and when it arrived. It is never before the end of the last one.
 * @gap_begin (out): that end. */
GstClockTime vgw_rtp_timeline_place (VgwRtpTimeline *self, guint32 timestamp, guint duration, guint64 n_lost,
                                     GstClockTime arrival, GstClockTime *gap_begin);
