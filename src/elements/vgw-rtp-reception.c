#include "elements/vgw-rtp-reception.h"

#include <stdatomic.h>

#define WINDOW 64u        /* bits of `received` */
#define JITTER_DIVISOR 16 /* RFC 3550 section 6.4.1 */

void
vgw_rtp_reception_count (VgwRtpReception *self, VgwRtpReceptionCount which, guint64 n)
{
  /* there is one writer */
  guint64 count = atomic_load_explicit (&self->counts[which], memory_order_relaxed);

  atomic_store_explicit (&self->counts[which], count + n, memory_order_relaxed);
}

gboolean
vgw_rtp_reception_add (VgwRtpReception *self, guint64 seqnum, gboolean is_late)
{
  guint64 distance;

  if (!self->is_started || seqnum > self->highest_seqnum)
    {
      distance = self->is_started ? seqnum - self->highest_seqnum : WINDOW;
      self->received = distance < WINDOW ? self->received << distance | 1 : 1;
      self->highest_seqnum = seqnum;
      self->is_started = TRUE;
      return TRUE;
    }
  distance = self->highest_seqnum - seqnum;
  if (distance < WINDOW && (self->received >> distance & 1) != 0)
    {
      vgw_rtp_reception_count (self, VGW_RTP_RECEPTION_DUPLICATES, 1);
      return FALSE;
    }
  if (distance < WINDOW)
    self->received |= (guint64) 1 << distance;
  vgw_rtp_reception_count (self, is_late ? VGW_RTP_RECEPTION_LATE : VGW_RTP_RECEPTION_REORDERED, 1);
  return TRUE;
}

void
vgw_rtp_reception_time (VgwRtpReception *self, guint32 timestamp, guint clock_rate_hz, GstClockTime arrival)
{
  gint32 ticks = (gint32) (timestamp - self->last_timestamp);
  double difference_ns = (double) GST_CLOCK_DIFF (self->last_arrival, arrival)
                         - (double) ticks * (double) GST_SECOND / (double) clock_rate_hz;

  if (self->has_transit)
    self->jitter_ns += (ABS (difference_ns) - self->jitter_ns) / JITTER_DIVISOR;
  self->has_transit = TRUE;
  self->last_timestamp = timestamp;
  self->last_arrival = arrival;
  atomic_store_explicit (&self->shown_jitter_ns, (guint64) self->jitter_ns, memory_order_relaxed);
}

void
vgw_rtp_reception_restart (VgwRtpReception *self)
{
  self->is_started = FALSE;
  self->has_transit = FALSE;
}

guint64
vgw_rtp_reception_get (VgwRtpReception *self, VgwRtpReceptionCount which)
{
  return atomic_load_explicit (&self->counts[which], memory_order_relaxed);
}

GstStructure *
vgw_rtp_reception_to_structure (VgwRtpReception *self)
{
  return gst_structure_new ("application/x-rtp-jitterbuffer-stats", "num-pushed", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_PUSHED), "num-bytes", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_BYTES), "num-lost", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_LOST), "num-late", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_LATE), "num-reordered", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_REORDERED), "num-duplicates", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_DUPLICATES), "num-ignored", G_TYPE_UINT64,
                            vgw_rtp_reception_get (self, VGW_RTP_RECEPTION_IGNORED), "avg-jitter", G_TYPE_UINT64,
                            atomic_load_explicit (&self->shown_jitter_ns, memory_order_relaxed), NULL);
}
