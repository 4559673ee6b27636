/* An ICE-lite transport: the source and sink elements for webrtcbin, the route for its packets, and the connection
 * state, which is reported on a thread that may run a DTLS handshake. */
#pragma once

#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-router.h"

#include <gst/webrtc/webrtc.h>
#include <gst/webrtc/icetransport.h>

#define VGW_TYPE_ICE_TRANSPORT (vgw_ice_transport_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceTransport, vgw_ice_transport, VGW, ICE_TRANSPORT, GstWebRTCICETransport)

/* Returns: (transfer floating) */
VgwIceTransport *vgw_ice_transport_new (VgwIceMux *mux, GstWebRTCICEComponent component);

/* The route's, for credentials, path and liveness. (transfer none) */
VgwIceRoute *vgw_ice_transport_get_route (VgwIceTransport *self);

/* The IP_TOS byte of outgoing packets. Any thread. */
void vgw_ice_transport_set_tos (VgwIceTransport *self, guint8 tos);

/* See vgw_ice_src_go_direct (). Any thread. */
void vgw_ice_transport_go_direct (VgwIceTransport *self);

/* Reports the state CHECKING. Any thread. */
void vgw_ice_transport_start (VgwIceTransport *self);

/* No packet is delivered and no state reported afterwards; waits for a running report, unless it is called from one.
 * Idempotent. */
void vgw_ice_transport_stop (VgwIceTransport *self);
