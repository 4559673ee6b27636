/* The synchronization sources (SSRC) of one caller, of which one is heard (RFC 3550 sections 3, 8).
 *
 * A device that restarts its sender takes another SSRC, with or without a BYE for the old one; some go back to an
 * earlier one later. Everything behind this sees a single stream that goes on: the SSRC of the first packet, sequence
 * numbers that continue, timestamps that follow the time between the two. So there is one jitter buffer and one source
 * in RTP's statistics, however often the caller changes. The reports that go out are translated back
 * (vgw-rtp-reports.h).
 *
 * Which one is heard: the newest. A source that is new, or that was silent for a second, takes over with its first
 * packet of audio, unless the other one goes on before its second: then that one was a stray. Of two that send at the
 * same time the first one stays, until it falls silent, or the other one has sent several packets in a row with none in
 * between. Telephone events of another source are put in between.
 *
 * A source costs a decryption context (srtpdec makes one for each SSRC before it knows whether the packet is genuine,
 * and keeps it), so that there are VGW_RTP_MAX_SOURCES at a time, and new ones at a bounded rate. Pure; one thread. */
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
  guint32 cycles;      /* times 65536, as a receiver of this source counts them */
  gint64 heard_us;     /* when its last audio or event arrived; 0: never */
  gint64 seen_us;      /* when it was last known to be there */
  guint16 seq_offset;  /* what is added to its numbers and timestamps */
  guint32 time_offset;
} VgwRtpSource;

/* How the source that is heard differs from the stream that is shown. */
typedef struct
{
  guint32 shown_ssrc;
  guint32 heard_ssrc;
  guint32 seq_surplus; /* of the extended sequence numbers that are shown */
  guint n_switches;
} VgwRtpMapping;

/* All zero to begin with, but for the first two. */
typedef struct
{
  guint clock_rate_hz;
  guint32 own_ssrc; /* of the stream to the caller, which the shown one must not have (RFC 3550 section 8.2) */

  VgwRtpSource sources[VGW_RTP_MAX_SOURCES];
  guint n_sources;
  VgwRtpSource *current; /* inside of sources; NULL: none yet */
  VgwTokenBucket fresh;

  VgwRtpSource *rival;  /* the current source has sent one packet so far, and took over from this one; NULL otherwise */
  guint32 told_ssrc;    /* the last that was reported */
  VgwRtpSource *runner; /* has sent n_run packets with none of the current one's in between, since run_us */
  guint n_run;
  gint64 run_us;

  VgwRtpMapping mapping;
  gboolean has_shown; /* the next four are set: of the newest packet that was shown */
  guint16 shown_seqnum;
  guint32 shown_cycles;
  guint32 shown_timestamp;
  gint64 shown_us;
} VgwRtpSources;

/* Whether a packet of @ssrc may be decrypted at @now_us; nothing in it is known to be genuine. @has_evicted, @evicted
 * (out): the SSRC whose decryption context has to go, if any. */
gboolean vgw_rtp_sources_admit (VgwRtpSources *self, guint32 ssrc, gint64 now_us, gboolean *has_evicted,
                                guint32 *evicted);

/* Whether a genuine @packet, which lasts @duration_us, passes. @n_lost (out): how many are missing before it.
 * @has_switched (out): another source than before is heard for good. */
gboolean vgw_rtp_sources_choose (VgwRtpSources *self, const VgwRtpPacket *packet, VgwRtpKind kind, gint64 duration_us,
                                 gint64 now_us, guint *n_lost, gboolean *has_switched);

/* Then @packet gets the ssrc, seqnum and timestamp of the stream. FALSE where it has them already. */
gboolean vgw_rtp_sources_show (VgwRtpSources *self, VgwRtpPacket *packet, gint64 now_us);

/* … or it is dropped all the same, and the stream goes on as if it had not been sent. */
void vgw_rtp_sources_skip (VgwRtpSources *self, const VgwRtpPacket *packet);
