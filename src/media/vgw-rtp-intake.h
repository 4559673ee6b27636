/* What a caller sends, between the wire and webrtcbin's RTP: bounded before it is decrypted, one stream of it before it
 * is counted and decoded. It sits on the pads of webrtcbin's DTLS decoder, so that it is the same for both ICE agents,
 * and works on the thread that brings the packet.
 *
 * Before decryption: packets a second, for RTP, RTCP and DTLS each, and new SSRCs (vgw-rtp-sources.h). After it: the
 * source that is heard, payload types, and milliseconds of audio: real time and a burst. What is too much is dropped
 * and counted. A caller who sends far too much for some seconds is reported. */
#pragma once

#include <gst/gst.h>

#include "base/vgw-mailbox.h"
#include "media/vgw-media-private.h"
#include "media/vgw-offer.h"

typedef struct _VgwRtpIntake VgwRtpIntake; /* reference counted: the probes hold it */

/* Main thread. Returns: (transfer full) */
VgwRtpIntake *vgw_rtp_intake_new (VgwMedia *media);
VgwRtpIntake *vgw_rtp_intake_ref (VgwRtpIntake *self);
void vgw_rtp_intake_unref (VgwRtpIntake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwRtpIntake, vgw_rtp_intake_unref)

/* What was agreed on: @codec, @dtmf (nullable), and the SSRC that we send with. Once, before the pipeline is started.
 */
void vgw_rtp_intake_set_stream (VgwRtpIntake *self, const VgwOfferCodec *codec, const VgwOfferCodec *dtmf,
                                guint32 own_ssrc);

/* Who is notified on the main thread: @switch_func gets a guint32 *, the SSRC that is heard from now on, for the first
 * VGW_RTP_MAX_TOLD_SWITCHES; @flood_func gets NULL, once: the call should end. Once, before the pipeline is started. */
#define VGW_RTP_MAX_TOLD_SWITCHES 8
void vgw_rtp_intake_set_funcs (VgwRtpIntake *self, VgwMailbox *mailbox, VgwMailboxFunc switch_func,
                               VgwMailboxFunc flood_func);

/* Puts the probes on @dtls_dec, a dtlssrtpdec. Any thread, before packets pass. */
void vgw_rtp_intake_watch (VgwRtpIntake *self, GstElement *dtls_dec);

/* Translates the RTCP that @rtpbin sends. Before it has its pads. */
void vgw_rtp_intake_watch_reports (VgwRtpIntake *self, GstElement *rtpbin);

/* g_get_monotonic_time () of the last packet, 0 for none. Any thread. */
gint64 vgw_rtp_intake_get_last_packet_us (VgwRtpIntake *self);

/* Of this call. Any thread. */
void vgw_rtp_intake_get_stats (VgwRtpIntake *self, VgwRtpStats *stats);

/* One line for a call of which something was dropped, however much that was. Any thread. */
void vgw_rtp_intake_log (VgwRtpIntake *self, const char *session_id);
