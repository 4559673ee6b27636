/* RTCP of a call whose caller has changed its SSRC: the stream that is shown (vgw-rtp-sources.h) and the source that is
 * heard change places in what comes in, and back in what goes out. Pure. */
#pragma once

#include <glib.h>

#include "media/vgw-rtp-sources.h"

/* For what goes out. All zero to begin with. */
typedef struct
{
  guint n_switches;    /* those that have been seen */
  guint32 lost;        /* what the last report said of the shown stream, of all its sources together */
  guint32 lost_before; /* of the sources before the present one */
} VgwRtpReports;

/* Whether vgw_rtp_reports_take_in () would change @data. */
gboolean vgw_rtp_reports_needs_change (const guint8 *data, gsize length, const VgwRtpMapping *mapping);

/* A compound packet of the caller: reports of the source that is heard become those of the shown stream. A BYE (RFC
 * 3550 section 6.6) becomes an empty receiver report: the stream ends with the call, and another source may go on with
 * it. */
void vgw_rtp_reports_take_in (guint8 *data, gsize length, const VgwRtpMapping *mapping);

/* A compound packet to the caller: what it says of the shown stream becomes what it has to say of the source that is
 * heard (RFC 3550 section 6.4.1): its SSRC, its sequence numbers, its losses. */
void vgw_rtp_reports_send_out (VgwRtpReports *self, guint8 *data, gsize length, const VgwRtpMapping *mapping);
