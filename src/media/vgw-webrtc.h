/* Creates and configures one webrtcbin, with workarounds for 1.22, each with its reason in vgw-webrtc.c. */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-agent.h"
#include "base/vgw-call-connection.h"
#include "base/vgw-mailbox.h"
#include "media/vgw-media.h"
#include "media/vgw-offer.h"
#include "media/vgw-rtp-intake.h"

typedef struct _VgwWebrtc VgwWebrtc; /* reference counted: GStreamer's threads hold it through signal closures */

/* Adds a webrtcbin to @pipeline (transfer floating, also on error), beside the elements of the description.
 * Errors: VGW_ERROR_INTERNAL. Main thread. Returns: (transfer full) */
VgwWebrtc *vgw_webrtc_new (VgwMedia *media, GstElement *pipeline, GError **error);
VgwWebrtc *vgw_webrtc_ref (VgwWebrtc *self);
void vgw_webrtc_unref (VgwWebrtc *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWebrtc, vgw_webrtc_unref)

/* What the answer agrees on: packets of any other payload type are ignored. Before the pipeline is started. Main
 * thread. */
void vgw_webrtc_set_audio (VgwWebrtc *self, const VgwOfferCodec *codec);

/* Handles packets with the payload type of @dtmf as telephone events: @func receives a VgwKey* on the main thread.
 * Once, before the pipeline is started. Main thread. */
void vgw_webrtc_set_dtmf (VgwWebrtc *self, const VgwOfferCodec *dtmf, VgwMailbox *mailbox, VgwMailboxFunc func);

/* Calls @func (payload NULL) on the main thread when the client closes DTLS. Once, before the pipeline is started. Main
 * thread. */
void vgw_webrtc_set_closed (VgwWebrtc *self, VgwMailbox *mailbox, VgwMailboxFunc func);

typedef struct
{
  char digit; /* '0'-'9', '*', '#', 'A'-'D' */
  guint duration_ms;
} VgwKey;

/* The filter of the caller's packets. Valid as long as @self. (transfer none) */
VgwRtpIntake *vgw_webrtc_get_intake (VgwWebrtc *self);

/* Valid until vgw_webrtc_release (). (transfer none) */
GstElement *vgw_webrtc_get_pipeline (VgwWebrtc *self);
GstElement *vgw_webrtc_get_bin (VgwWebrtc *self);

/* Valid until vgw_webrtc_release (); NULL where libnice is the agent. (transfer none) */
VgwIceAgent *vgw_webrtc_get_ice (VgwWebrtc *self);

/* DTLS is connected, with the right certificate: see vgw_ice_agent_confirm_handshake (). Main thread, before
 * vgw_webrtc_release (). */
void vgw_webrtc_confirm_handshake (VgwWebrtc *self);

/* DTLS is connected, and no element of the pipeline blocks: with the mux packets are now processed on the receiving
 * thread (see vgw_ice_src_go_direct ()). Main thread, before vgw_webrtc_release (). */
void vgw_webrtc_go_direct (VgwWebrtc *self);

/* The certificate of the DTLS peer, PEM, once DTLS is connected; NULL before. Main thread. (transfer full) */
char *vgw_webrtc_get_peer_certificate (VgwWebrtc *self);

/* g_get_monotonic_time () of the last packet or connectivity check, 0 for none; but no later than when it became known
 * that the peer does not receive any more. Any thread. */
gint64 vgw_webrtc_get_last_activity_us (VgwWebrtc *self);

/* Fills what is known here: checks, DTLS and packets. Main thread. */
void vgw_webrtc_get_connection (VgwWebrtc *self, VgwCallConnection *connection);

/* Fills received, sent and round_trip_ms of @stats. @ice_us (out): g_get_monotonic_time () when ICE was connected; 0
 * before. Main thread, before vgw_webrtc_release (). */
void vgw_webrtc_get_call_stats (VgwWebrtc *self, VgwCallStats *stats, gint64 *ice_us);

/* Stops the ICE agent and gives the pipeline to the reaper. Main thread. Idempotent. */
void vgw_webrtc_release (VgwWebrtc *self);
