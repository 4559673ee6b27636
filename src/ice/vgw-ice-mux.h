/* The UDP port of the gateway, and the threads `vgw-ice` that receive from it (vgw-ice-receiver.h). */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-router.h"
#include "ice/vgw-ice-stats.h"
#include "ice/vgw-ice-tcp-settings.h"

#define VGW_TYPE_ICE_MUX (vgw_ice_mux_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceMux, vgw_ice_mux, VGW, ICE_MUX, GObject)

/* Binds IPv4 and, where the machine has it, IPv6 on the same @port (0: any). @bind_address (nullable, or ""): only
 * there. Errors: G_IO_ERROR with the port, or the text that is no address, in the message. Returns: (transfer full) */
VgwIceMux *vgw_ice_mux_new (guint16 port, const char *bind_address, GError **error);

/* The addresses for candidates from now on, of vgw_ice_advertise_resolve (); NULL: those that are found. A reference is
 * kept. Any thread. */
void vgw_ice_mux_set_advertise (VgwIceMux *self, GArray *addresses);

/* Listens for ICE over TCP, too, at the same addresses. Once, before there is a session. Errors: G_IO_ERROR. */
gboolean vgw_ice_mux_listen_tcp (VgwIceMux *self, const VgwIceTcpSettings *settings, GError **error);

/* Joins the threads and closes the sockets. Idempotent; main thread. Required before the last reference is dropped. */
void vgw_ice_mux_shutdown (VgwIceMux *self);

guint16 vgw_ice_mux_get_port (VgwIceMux *self);

/* Any thread. */
void vgw_ice_mux_get_stats (VgwIceMux *self, VgwIceStats *stats);

/* --- for the transports of this folder --- */

GST_DEBUG_CATEGORY_EXTERN (vgw_ice_debug);

/* The tables that its threads look packets up in. (transfer none) */
VgwIceRouter *vgw_ice_mux_get_router (VgwIceMux *self);

/* The addresses to offer as host candidates, with their ports, best first: `advertise`, else the bound address, else
 * those of the interfaces now; where there is TCP, the same once more for that. Any thread.
 * Returns: (transfer full) (element-type VgwIceAddress) */
GArray *vgw_ice_mux_list_addresses (VgwIceMux *self);

/* Sends one packet over @path; @tos as in vgw_ice_socket_send (). FALSE where it was dropped, which is counted. Any
 * thread. */
gboolean vgw_ice_mux_send (VgwIceMux *self, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos);

/* Runs @func (@data) on one of the two threads for work that a receiving thread must not do: telling webrtcbin of
 * a state starts DTLS on the spot. FALSE after the shutdown: it will not run. Any thread. */
gboolean vgw_ice_mux_defer (VgwIceMux *self, GFunc func, gpointer data);
