/* An ICE stream of an agent, with one transport: with rtcp-mux there is one component. */
#pragma once

#include "ice/vgw-ice-transport.h"

#include <gst/webrtc/icestream.h>

#define VGW_TYPE_ICE_STREAM (vgw_ice_stream_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceStream, vgw_ice_stream, VGW, ICE_STREAM, GstWebRTCICEStream)

/* Returns: (transfer floating) */
VgwIceStream *vgw_ice_stream_new (VgwIceMux *mux, guint stream_id);

/* (transfer none) */
VgwIceTransport *vgw_ice_stream_get_transport (VgwIceStream *self);
