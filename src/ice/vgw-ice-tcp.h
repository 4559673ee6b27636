/* ICE over TCP (RFC 6544, passive candidates): a listener, and one thread for all connections of clients. To the
 * transports a connection is a path, as a remote address of the UDP port is. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-shared.h"
#include "ice/vgw-ice-tcp-settings.h"

typedef struct _VgwIceTcp VgwIceTcp;

/* Listens on the port of @settings (0: any) and starts the thread. @bound: the address to bind to; family 0: all.
 * @shared must outlive it. Errors: G_IO_ERROR, G_THREAD_ERROR. Returns: (transfer full) */
VgwIceTcp *vgw_ice_tcp_new (VgwIceShared *shared, const VgwIceAddress *bound, const VgwIceTcpSettings *settings,
                            GError **error);

/* Joins the thread; nothing is received afterwards. Idempotent. Any thread but its own. */
void vgw_ice_tcp_stop (VgwIceTcp *self);

/* Stops, and closes all. */
void vgw_ice_tcp_free (VgwIceTcp *self);

guint16 vgw_ice_tcp_get_port (VgwIceTcp *self);

/* Sends one packet on the connection that @path is. @n_dropped: (out) packets that were dropped for it. FALSE where
 * there is no such connection. Any thread. */
gboolean vgw_ice_tcp_send (VgwIceTcp *self, const VgwIcePath *path, gconstpointer data, gsize length, guint *n_dropped);

/* Open connections. Any thread. */
guint vgw_ice_tcp_count (VgwIceTcp *self);
