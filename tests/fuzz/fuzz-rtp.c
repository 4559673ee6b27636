/* A caller's packets, one after the other: each with a byte for its length and one for the time since the last. */
#include "fuzz.h"

#include "elements/vgw-rtp-timeline.h"
#include "media/vgw-rtp-reports.h"
#include "media/vgw-rtp-sources.h"

#define OWN_SSRC 0x99999999u
#define AUDIO_TYPE 96
#define EVENT_TYPE 101
#define CLOCK_RATE_HZ 48000

typedef struct
{
  VgwRtpSources sources;
  VgwRtpTimeline timeline;
  VgwRtpReports reports;
  VgwRtpFeedback feedback;
  gint64 now_us;
  GstClockTime last_pts;
} Call;

static void
take_rtp (Call *call, const guint8 *data, gsize length)
{
  VgwRtpPacket packet;
  VgwRtpKind kind;
  gboolean has_evicted, has_switched;
  guint32 evicted;
  guint n_lost, duration;
  GstClockTime pts, gap_begin;

  if (!vgw_rtp_packet_parse (&packet, data, length))
    return;
  g_assert (packet.payload >= data && packet.payload + packet.payload_length <= data + length);
  if (!vgw_rtp_sources_admit (&call->sources, packet.ssrc, call->now_us, &has_evicted, &evicted))
    return;
  kind = vgw_rtp_packet_get_kind (packet.payload_type, packet.payload_length, AUDIO_TYPE, EVENT_TYPE);
  duration = vgw_rtp_codec_get_duration (VGW_RTP_CODEC_OPUS, packet.payload, packet.payload_length);
  if (!vgw_rtp_sources_choose (&call->sources, &packet, kind, duration * 20, call->now_us, &n_lost, &has_switched))
    return;
  g_assert (n_lost < 150);
  if (packet.payload_length % 7 == 6)
    {
      vgw_rtp_sources_skip (&call->sources, &packet);
      return;
    }
  vgw_rtp_sources_show (&call->sources, &packet, call->now_us);
  g_assert (packet.ssrc == call->sources.mapping.shown_ssrc && packet.ssrc != OWN_SSRC);
  g_assert (call->sources.n_sources <= VGW_RTP_MAX_SOURCES);
  if (kind != VGW_RTP_AUDIO)
    return;
  pts = vgw_rtp_timeline_place (&call->timeline, packet.timestamp, duration, n_lost,
                                (GstClockTime) call->now_us * GST_USECOND, &gap_begin);
  g_assert (pts >= call->last_pts && gap_begin <= pts);
  call->last_pts = pts;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Call call = { .sources = { .clock_rate_hz = CLOCK_RATE_HZ, .own_ssrc = OWN_SSRC }, .now_us = 1000000 };

  vgw_rtp_timeline_set_clock_rate (&call.timeline, CLOCK_RATE_HZ);
  while (size >= 2)
    {
      gsize length = MIN (data[0], size - 2);
      g_autofree guint8 *copy = g_memdup2 (data + 2, length); /* so that a byte too far is seen */

      call.now_us += data[1] * 1000;
      take_rtp (&call, data + 2, length);
      if (length > 0)
        {
          vgw_rtp_feedback_receive (&call.feedback, OWN_SSRC, copy, length, call.now_us);
          vgw_rtp_reports_receive (copy, length, &call.sources.mapping);
          vgw_rtp_reports_send (&call.reports, copy, length, &call.sources.mapping);
          vgw_rtp_feedback_send (&call.feedback, copy, length, call.now_us);
        }
      data += 2 + length;
      size -= 2 + length;
    }
  return 0;
}
