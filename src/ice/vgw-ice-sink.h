/* The element that sends the encrypted packets of webrtcbin, on the streaming thread. */
#pragma once

#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-router.h"

#define VGW_TYPE_ICE_SINK (vgw_ice_sink_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceSink, vgw_ice_sink, VGW, ICE_SINK, GstElement)

/* Sends on the current path of @route, drops packets where there is none, and never returns an error. The element holds
 * references. Returns: (transfer floating) */
GstElement *vgw_ice_sink_new (VgwIceMux *mux, VgwIceRoute *route);

/* The IP_TOS byte of packets from now on. Any thread. */
void vgw_ice_sink_set_tos (VgwIceSink *self, guint8 tos);
