/* RTCP of a call: translates it where the caller has changed its SSRC, between the selected source and the stream shown
 * to webrtcbin (vgw-rtp-sources.h); reads what the caller reports. Pure. */
#pragma once

#include <glib.h>

#include "media/vgw-rtp-sources.h"

/* For outgoing reports. Zero-initialised. */
typedef struct
{
  guint n_switches;    /* handled so far */
  guint32 lost;        /* of the shown stream by the last report, of all its sources together */
  guint32 lost_before; /* of the sources before the present one */
} VgwRtpReports;

#define VGW_RTP_N_SENT_REPORTS 4

/* What the caller reports about the stream that is sent to it. Zero-initialised. */
typedef struct
{
  struct
  {
    guint32 time; /* as the report has it: the middle 32 bits of its NTP timestamp */
    gint64 sent_us;
  } sent[VGW_RTP_N_SENT_REPORTS]; /* our last sender reports */
  guint n_sent;

  guint n_reports;      /* the next four are set unless it is 0 */
  guint8 fraction_lost; /* since the report before, in 1/256 */
  guint32 highest;      /* the highest sequence number received, extended */
  guint32 jitter;       /* in ticks of the RTP clock */
  /* The most that was reported, at least 0: a packet that was late is not lost any more in the next report, a duplicate
   * is one less (RFC 3550 section 6.4.1), and a total must not decrease. */
  gint32 n_lost;
  gboolean has_round_trip;
  gint64 round_trip_us;
} VgwRtpFeedback;

/* A compound packet is sent to the caller at @now_us. */
void vgw_rtp_feedback_send (VgwRtpFeedback *self, const guint8 *data, gsize length, gint64 now_us);

/* A compound packet of the caller arrived at @now_us; @ssrc: of the stream to it. The round trip follows from the time
 * that our last sender report was sent, and the delay that the caller reports (RFC 3550 section 6.4.1). Returns: TRUE
 * where there is a new one */
gboolean vgw_rtp_feedback_receive (VgwRtpFeedback *self, guint32 ssrc, const guint8 *data, gsize length, gint64 now_us);

/* A compound packet of the caller: reports of the selected source become those of the shown stream. Only sender and
 * receiver reports of the source that the compound begins with are left in it; anything else becomes an empty receiver
 * report of that source. Of a BYE (RFC 3550 section 6.6) nothing may remain, since another source may continue the
 * stream, which ends with the call. The others are a danger: rtpsession creates a source, without a limit, for each
 * SSRC that a report or a description (SDES) names, and an event for each packet that a NACK requests, 17 with 4 bytes,
 * whether or not NACK was negotiated. FALSE where it is malformed: it must not be used. */
gboolean vgw_rtp_reports_receive (guint8 *data, gsize length, const VgwRtpMapping *mapping);

/* A compound packet to the caller: the report of the shown stream becomes that of the selected source (RFC 3550 section
 * 6.4.1): its SSRC, its sequence numbers, its losses. */
void vgw_rtp_reports_send (VgwRtpReports *self, guint8 *data, gsize length, const VgwRtpMapping *mapping);
