/* ICE-lite for one webrtcbin on the shared port: a GstWebRTCICE for its "ice-agent" construct property. */
#pragma once

#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-parameters.h"

#include <gst/webrtc/webrtc.h>
#include <gst/webrtc/ice.h>

#define VGW_TYPE_ICE_AGENT (vgw_ice_agent_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceAgent, vgw_ice_agent, VGW, ICE_AGENT, GstWebRTCICE)

/* webrtcbin takes the floating reference. The agent keeps @mux alive. */
VgwIceAgent *vgw_ice_agent_new (VgwIceMux *mux);

/* g_get_monotonic_time () of the last valid connectivity check or answer to one, 0 for none yet. Any thread. */
gint64 vgw_ice_agent_get_last_check_us (VgwIceAgent *self);

/* The time since which nothing is sent to the peer, for lack of consent; 0: sending is allowed. Any thread. */
gint64 vgw_ice_agent_get_silent_since_us (VgwIceAgent *self);

/* The DTLS handshake is complete, with the right certificate: see vgw_ice_route_confirm_handshake (). Any thread. */
void vgw_ice_agent_confirm_handshake (VgwIceAgent *self);

/* To be called when DTLS is connected and no element of the pipeline blocks: packets are then decrypted and decoded on
 * the thread that receives them, see vgw_ice_src_go_direct (). Any thread. */
void vgw_ice_agent_go_direct (VgwIceAgent *self);

/* An ICE restart (RFC 8445 section 9), see vgw_ice_route_restart (), with the client's new credentials. The transport's
 * state stays what it is, as media goes on. Once webrtcbin has set its descriptions; any thread.
 * Returns: (transfer full) our new credentials, and the candidates */
VgwIceParameters *vgw_ice_agent_restart (VgwIceAgent *self, const char *remote_ufrag, const char *remote_pwd);

/* Removes its transports from the mux: no packet is delivered afterwards. Idempotent; main thread, before the pipeline
 * is set to NULL. */
void vgw_ice_agent_stop (VgwIceAgent *self);
