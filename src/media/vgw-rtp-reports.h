/* Translates the RTCP of a call whose caller has changed its SSRC, between the selected source and the stream shown to
 * webrtcbin (vgw-rtp-sources.h). Pure. */
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

/* Whether vgw_rtp_reports_receive () would change @data. */
gboolean vgw_rtp_reports_needs_change (const guint8 *data, gsize length, const VgwRtpMapping *mapping);

/* A compound packet of the caller: reports of the selected source become those of the shown stream. A BYE (RFC 3550
 * section 6.6) becomes an empty receiver report: another source may continue the stream, which ends with the call. */
void vgw_rtp_reports_receive (guint8 *data, gsize length, const VgwRtpMapping *mapping);

/* A compound packet to the caller: the report of the shown stream becomes that of the selected source (RFC 3550 section
 * 6.4.1): its SSRC, its sequence numbers, its losses. */
void vgw_rtp_reports_send (VgwRtpReports *self, guint8 *data, gsize length, const VgwRtpMapping *mapping);
