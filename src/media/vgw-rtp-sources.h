/* The synchronization sources (SSRC) of one caller, of which one is selected (RFC 3550 sections 3, 8).
 *
 * A device that restarts its sender uses another SSRC, with or without a BYE for the old one; some return to an earlier
 * one. Elements downstream see a single continuous stream: the SSRC of the first packet, consecutive sequence numbers,
 * timestamps that follow the elapsed time. So there is one jitter buffer and one source in RTP's statistics. Outgoing
 * reports are translated back (vgw-rtp-reports.h).
 *
 * The newest source is selected. A source that is new, or was silent for a second, becomes current with its first audio
 * packet; if the other one sends before its second packet, the first was a stray one. Of two simultaneous sources the
 * first one stays current until it is silent, or the other one has sent several consecutive packets. Telephone events
 * of another source are inserted.
 *
 * A source needs a decryption context (srtpdec creates one for each SSRC before it has authenticated the packet, and
 * keeps it), so that there are VGW_RTP_MAX_SOURCES at a time, and new ones at a limited rate. Pure; one thread. */
#pragma once

#include <glib.h>

#include "base/vgw-token-bucket.h"
#include "elements/vgw-rtp-packet.h"

#define VGW_RTP_MAX_SOURCES 8

typedef struct
{
  guint32 ssrc;
  gboolean is_genuine; /* a packet of it was authenticated */
  gboolean has_seqnum; /* the next two are set */
  guint16 seqnum;      /* the newest */
  guint32 cycles;      /* times 65536, as counted by a receiver of this source */
  gint64 heard_us;     /* when its last audio or event arrived; 0: never */
  gint64 seen_us;      /* when its last packet arrived */
  guint16 seq_offset;  /* added to its sequence numbers */
  guint32 time_offset;
} VgwRtpSource;

/* The difference of the selected source and the shown stream. */
typedef struct
{
  guint32 shown_ssrc;
  guint32 heard_ssrc;
  guint32 seq_surplus; /* of the shown extended sequence numbers */
  guint n_switches;
} VgwRtpMapping;

/* Zero-initialised, except the first two. */
typedef struct
{
  guint clock_rate_hz;
  guint32 own_ssrc; /* of the stream to the caller; the shown one must differ (RFC 3550 section 8.2) */

  VgwRtpSource sources[VGW_RTP_MAX_SOURCES];
  guint n_sources;
  VgwRtpSource *current; /* inside of sources; NULL: none yet */
  VgwTokenBucket fresh;

  VgwRtpSource *rival; /* the current source has sent one packet so far, and took over from this one; NULL otherwise */
  guint32 reported_ssrc; /* the last that was reported */
  VgwRtpSource *runner;  /* has sent n_run packets with none of the current one's in between, since run_us */
  guint n_run;
  gint64 run_us;

  VgwRtpMapping mapping;
  gboolean has_shown; /* the next four are set: of the newest packet that was shown */
  guint16 shown_seqnum;
  guint32 shown_cycles;
  guint32 shown_timestamp;
  gint64 shown_us;
} VgwRtpSources;

/* Whether a packet of @ssrc, not yet authenticated, may be decrypted at @now_us. @has_evicted, @evicted (out): the SSRC
 * whose decryption context is to be removed, if any. */
gboolean vgw_rtp_sources_admit (VgwRtpSources *self, guint32 ssrc, gint64 now_us, gboolean *has_evicted,
                                guint32 *evicted);

/* Whether an authenticated @packet of @duration_us passes. @n_lost (out): the number missing before it. @has_switched
 * (out): another source was selected. */
gboolean vgw_rtp_sources_choose (VgwRtpSources *self, const VgwRtpPacket *packet, VgwRtpKind kind, gint64 duration_us,
                                 gint64 now_us, guint *n_lost, gboolean *has_switched);

/* Then sets ssrc, seqnum and timestamp of @packet to those of the stream. FALSE where they are equal. */
gboolean vgw_rtp_sources_show (VgwRtpSources *self, VgwRtpPacket *packet, gint64 now_us);

/* … or the packet is dropped nevertheless, and the stream continues without it. */
void vgw_rtp_sources_skip (VgwRtpSources *self, const VgwRtpPacket *packet);
