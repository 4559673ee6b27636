#include "media/vgw-rtp-outgoing.h"

#include "elements/vgw-loss-report.h"
#include "media/vgw-rtp-sources.h"

#define MIN_REPORTED_PACKETS 20u /* since the last report that was passed on */

void
vgw_rtp_outgoing_init (VgwRtpOutgoing *self)
{
  g_weak_ref_init (&self->pad, NULL);
  g_mutex_init (&self->lock);
}

void
vgw_rtp_outgoing_clear (VgwRtpOutgoing *self)
{
  g_weak_ref_clear (&self->pad);
  g_mutex_clear (&self->lock);
}

void
vgw_rtp_outgoing_set_pad (VgwRtpOutgoing *self, GstPad *pad)
{
  g_weak_ref_set (&self->pad, pad);
}

void
vgw_rtp_outgoing_count (VgwRtpOutgoing *self, GstBuffer *buffer)
{
  gint64 n_bytes = (gint64) gst_buffer_get_size (buffer) - VGW_RTP_HEADER_BYTES;

  atomic_fetch_add_explicit (&self->n_packets, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&self->n_bytes, MAX (n_bytes, 0), memory_order_relaxed);
}

void
vgw_rtp_outgoing_send_reports (VgwRtpOutgoing *self, const guint8 *data, gsize length, gint64 now_us)
{
  g_mutex_lock (&self->lock);
  vgw_rtp_feedback_send (&self->feedback, data, length, now_us);
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_rtp_outgoing_receive_reports (VgwRtpOutgoing *self, guint32 ssrc, const guint8 *data, gsize length, gint64 now_us,
                                  gint64 *round_trip_us)
{
  gboolean has_round_trip, is_telling;
  guint8 fraction_lost;
  guint n_reports;

  g_mutex_lock (&self->lock);
  n_reports = self->feedback.n_reports;
  has_round_trip = vgw_rtp_feedback_receive (&self->feedback, ssrc, data, length, now_us);
  is_telling = self->feedback.n_reports != n_reports && self->feedback.highest - self->reported >= MIN_REPORTED_PACKETS;
  if (is_telling)
    self->reported = self->feedback.highest;
  fraction_lost = self->feedback.fraction_lost;
  *round_trip_us = self->feedback.round_trip_us;
  g_mutex_unlock (&self->lock);

  if (is_telling)
    {
      g_autoptr (GstPad) pad = g_weak_ref_get (&self->pad);

      if (pad != NULL)
        gst_pad_send_event (pad, vgw_loss_report_new (fraction_lost));
    }
  return has_round_trip;
}

void
vgw_rtp_outgoing_get_stats (VgwRtpOutgoing *self, guint clock_rate_hz, VgwCallStats *stats)
{
  VgwRtpFeedback feedback;

  g_mutex_lock (&self->lock);
  feedback = self->feedback;
  g_mutex_unlock (&self->lock);
  stats->sent.packets = atomic_load_explicit (&self->n_packets, memory_order_relaxed);
  stats->sent.bytes = atomic_load_explicit (&self->n_bytes, memory_order_relaxed);
  if (feedback.n_reports > 0)
    {
      stats->sent.lost = feedback.n_lost;
      stats->sent.jitter_ms = feedback.jitter * 1000.0 / clock_rate_hz;
    }
  if (feedback.has_round_trip)
    stats->round_trip_ms = (double) feedback.round_trip_us / G_TIME_SPAN_MILLISECOND;
}
