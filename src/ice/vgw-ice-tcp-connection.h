/* One TCP connection of a client: packets in both directions, bounded in both. The receiving thread reads and closes
 * it, any thread sends. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-framing.h"

typedef struct _VgwIceTcpConnection VgwIceTcpConnection;

/* @fd is the connection's from here on, also where it fails; it is watched by @epoll_fd, with the connection as data.
 * NULL where the peer is gone already. Returns: (transfer full) (nullable) */
VgwIceTcpConnection *vgw_ice_tcp_connection_new (int fd, int epoll_fd, gint64 now_us);
VgwIceTcpConnection *vgw_ice_tcp_connection_ref (VgwIceTcpConnection *self);
void vgw_ice_tcp_connection_unref (VgwIceTcpConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwIceTcpConnection, vgw_ice_tcp_connection_unref)

/* Constant. (transfer none) */
const VgwIcePath *vgw_ice_tcp_connection_get_path (VgwIceTcpConnection *self);

/* Queues one packet and writes what can be written without waiting; where the peer does not read, the oldest media is
 * dropped. @n_dropped: (out) packets, this one perhaps among them. FALSE where the connection is closed. Any
 * thread. */
gboolean vgw_ice_tcp_connection_send (VgwIceTcpConnection *self, gconstpointer data, gsize length, guint *n_dropped);

/* --- receiving thread --- */

/* Reads once and calls @func for each whole packet. FALSE where it is to be closed: the peer has closed it, or sends
 * what is no packet, or too much before vgw_ice_tcp_connection_confirm (). */
gboolean vgw_ice_tcp_connection_read (VgwIceTcpConnection *self, VgwIceFrameFunc func, gpointer user_data);

/* Writes what waits. FALSE where the connection is broken. */
gboolean vgw_ice_tcp_connection_flush (VgwIceTcpConnection *self);

/* What came is of a session. */
void vgw_ice_tcp_connection_confirm (VgwIceTcpConnection *self, gint64 now_us);
gboolean vgw_ice_tcp_connection_is_confirmed (VgwIceTcpConnection *self);

/* No session has the connection any more: it is never confirmed again, and expires soon; until then it can be sent on,
 * for the closing alert of DTLS. */
void vgw_ice_tcp_connection_lose (VgwIceTcpConnection *self, gint64 now_us);
gboolean vgw_ice_tcp_connection_is_lost (VgwIceTcpConnection *self);

/* Nothing of a session has come for too long. */
gboolean vgw_ice_tcp_connection_is_expired (VgwIceTcpConnection *self, gint64 now_us);

/* Idempotent; nothing is read or written afterwards. */
void vgw_ice_tcp_connection_close (VgwIceTcpConnection *self);
gboolean vgw_ice_tcp_connection_is_closed (VgwIceTcpConnection *self);
