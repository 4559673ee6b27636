/* The one UDP port of the gateway, and the threads `vgw-ice` that receive from it (vgw-ice-receiver.h). */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-stats.h"

#define VGW_TYPE_ICE_MUX (vgw_ice_mux_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceMux, vgw_ice_mux, VGW, ICE_MUX, GObject)

/* Binds IPv4 and, where the machine has it, IPv6 on the same @port (0: any). @bind_address (nullable, or ""): only
 * there. @advertise (nullable): addresses for candidates instead of those found; "PUBLIC" or "PUBLIC:PORT", one or
 * several. Errors: G_IO_ERROR with the port or the text that is no address in the message. Returns: (transfer full) */
VgwIceMux *vgw_ice_mux_new (guint16 port, const char *bind_address, const char *const *advertise, GError **error);

/* Joins the threads and closes the sockets. Idempotent; main thread. Needed before the last reference goes. */
void vgw_ice_mux_shutdown (VgwIceMux *self);

guint16 vgw_ice_mux_get_port (VgwIceMux *self);

/* Any thread. */
void vgw_ice_mux_get_stats (VgwIceMux *self, VgwIceStats *stats);
