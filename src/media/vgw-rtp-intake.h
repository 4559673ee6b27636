/* Limits the packets of a caller before webrtcbin decrypts and decodes them, and merges their SSRCs into one stream. It
 * uses probes on the pads of webrtcbin's DTLS decoder, with either ICE agent, on the thread that pushes the packet.
 *
 * Before decryption: packets per second, for RTP, RTCP and DTLS each, and new SSRCs (vgw-rtp-sources.h). After it: the
 * selected source, payload types, and the duration of audio: real time with bursts. Excess packets are dropped and
 * counted. A caller who sends far too much for some seconds is reported. */
#pragma once

#include <gst/gst.h>

#include "base/vgw-call-stats.h"
#include "base/vgw-mailbox.h"
#include "media/vgw-media.h"
#include "media/vgw-offer.h"

typedef struct _VgwRtpIntake VgwRtpIntake; /* reference counted: the probes hold it */

/* Main thread. Returns: (transfer full) */
VgwRtpIntake *vgw_rtp_intake_new (VgwMedia *media);
VgwRtpIntake *vgw_rtp_intake_ref (VgwRtpIntake *self);
void vgw_rtp_intake_unref (VgwRtpIntake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwRtpIntake, vgw_rtp_intake_unref)

/* The negotiated @codec and @dtmf (nullable), and the SSRC of outgoing packets. Once, before the pipeline is started.
 * */
void vgw_rtp_intake_set_stream (VgwRtpIntake *self, const VgwOfferCodec *codec, const VgwOfferCodec *dtmf,
                                guint32 own_ssrc);

/* Sets the functions for the main thread: @switch_func receives a guint32 *, the newly selected SSRC, for the first
 * VGW_RTP_MAX_REPORTED_SWITCHES; @flood_func receives NULL, once: the call should end. Once, before the pipeline is
 * started. */
#define VGW_RTP_MAX_REPORTED_SWITCHES 8
void vgw_rtp_intake_set_funcs (VgwRtpIntake *self, VgwMailbox *mailbox, VgwMailboxFunc switch_func,
                               VgwMailboxFunc flood_func);

/* Adds the probes to @dtls_dec, a dtlssrtpdec. Any thread, before the first packet. */
void vgw_rtp_intake_watch (VgwRtpIntake *self, GstElement *dtls_dec);

/* Translates the RTCP sent by @rtpbin. Before it has its pads. */
void vgw_rtp_intake_watch_reports (VgwRtpIntake *self, GstElement *rtpbin);

/* Counts what leaves @rtp_out, the last element before webrtcbin. Once, before the pipeline is started. */
void vgw_rtp_intake_watch_sent (VgwRtpIntake *self, GstElement *rtp_out);

/* g_get_monotonic_time () of the last packet, 0 for none. Any thread. */
gint64 vgw_rtp_intake_get_last_packet_us (VgwRtpIntake *self);

/* The same of the last packet that was passed on as audio, or as a key. Any thread. */
gint64 vgw_rtp_intake_get_last_audio_us (VgwRtpIntake *self);

/* Whether a DTLS packet was received. Any thread. */
gboolean vgw_rtp_intake_has_dtls (VgwRtpIntake *self);

/* The SSRC of the source that is selected, 0 for none yet. Any thread. */
guint32 vgw_rtp_intake_get_ssrc (VgwRtpIntake *self);

/* Of this call. Any thread. */
void vgw_rtp_intake_get_stats (VgwRtpIntake *self, VgwRtpStats *stats);

/* Fills received.duplicated, sent and round_trip_ms of @stats. Any thread. */
void vgw_rtp_intake_get_call_stats (VgwRtpIntake *self, VgwCallStats *stats);

/* One line for a call of which something was dropped, however much that was. Any thread. */
void vgw_rtp_intake_log (VgwRtpIntake *self, const char *session_id);
