/* One webrtcbin, built so that what webrtcbin 1.22 gets wrong does not show: each workaround is in vgw-webrtc.c with
 * its reason. The peer drives it; this file only builds and tunes. */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-agent.h"
#include "base/vgw-mailbox.h"
#include "media/vgw-media-private.h"
#include "media/vgw-offer.h"
#include "media/vgw-rtp-intake.h"

typedef struct _VgwWebrtc VgwWebrtc; /* reference counted: GStreamer's threads hold it through signal closures */

/* Puts a webrtcbin into @pipeline (transfer floating), beside the elements of the description.
 * Errors: VGW_ERROR_INTERNAL; @pipeline is gone then. Main thread. Returns: (transfer full) */
VgwWebrtc *vgw_webrtc_new (VgwMedia *media, GstElement *pipeline, GError **error);
VgwWebrtc *vgw_webrtc_ref (VgwWebrtc *self);
void vgw_webrtc_unref (VgwWebrtc *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWebrtc, vgw_webrtc_unref)

/* What the answer agrees on: packets of any other payload type are ignored. Before the pipeline is started. Main
 * thread. */
void vgw_webrtc_set_audio (VgwWebrtc *self, const VgwOfferCodec *codec);

/* Has packets of the payload type of @dtmf taken as telephone events: @func gets a VgwKey* on the main thread. Once,
 * before the pipeline is started. Main thread. */
void vgw_webrtc_set_dtmf (VgwWebrtc *self, const VgwOfferCodec *dtmf, VgwMailbox *mailbox, VgwMailboxFunc func);

/* Calls @func (payload NULL) on the main thread when the client closes DTLS. Once, before the pipeline is started. Main
 * thread. */
void vgw_webrtc_set_closed (VgwWebrtc *self, VgwMailbox *mailbox, VgwMailboxFunc func);

typedef struct
{
  char digit; /* '0'-'9', '*', '#', 'A'-'D' */
  guint duration_ms;
} VgwKey;

/* What the caller sends comes through here. Valid for as long as @self. (transfer none) */
VgwRtpIntake *vgw_webrtc_get_intake (VgwWebrtc *self);

/* Valid until vgw_webrtc_release (). (transfer none) */
GstElement *vgw_webrtc_get_pipeline (VgwWebrtc *self);
GstElement *vgw_webrtc_get_bin (VgwWebrtc *self);

/* Valid until vgw_webrtc_release (); NULL where libnice is the agent. (transfer none) */
VgwIceAgent *vgw_webrtc_get_ice (VgwWebrtc *self);

/* DTLS is up, with the right certificate: for the address that it came from, see vgw_ice_agent_confirm_handshake ().
 * Main thread, before vgw_webrtc_release (). */
void vgw_webrtc_confirm_handshake (VgwWebrtc *self);

/* DTLS is up, and nothing in the pipeline waits: no thread and no wake-up for what comes in from here on, where the mux
 * brings it (see vgw_ice_src_go_direct ()). Main thread, before vgw_webrtc_release (). */
void vgw_webrtc_go_direct (VgwWebrtc *self);

/* The certificate of the DTLS peer, PEM, once DTLS is connected; NULL before. Main thread. (transfer full) */
char *vgw_webrtc_get_peer_certificate (VgwWebrtc *self);

/* g_get_monotonic_time () of the last packet or connectivity check, 0 for none; but no later than when it became known
 * that the peer does not receive any more. Any thread. */
gint64 vgw_webrtc_get_last_activity_us (VgwWebrtc *self);

/* Stops the ICE agent and gives the pipeline to the reaper. Main thread. Idempotent. */
void vgw_webrtc_release (VgwWebrtc *self);
