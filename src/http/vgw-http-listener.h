/* The listening socket and the sockets it accepted: how many, for how long, and who they are. libsoup's own listener
 * stops listening for good when one accept () fails, and bounds neither number nor time (libsoup 3.2.3,
 * soup-listener.c). Main thread only. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _VgwHttpListener VgwHttpListener;
typedef struct _VgwHttpConnection VgwHttpConnection;

/* A client connected. Whoever keeps @stream keeps the connection open. */
typedef void (*VgwHttpAcceptFunc) (GSocketConnection *stream, GSocketAddress *local_address,
                                   GSocketAddress *remote_address, gpointer user_data);

/* Listens on @address (an IP address) and @port (0: any). A client has @timeout_ms until somebody calls
 * vgw_http_connection_set_deadline (). One more than @max_connections gets a 503. The owner frees the listener before
 * what @user_data points to. Errors: G_IO_ERROR, with address and port in the message. Returns: (transfer full) */
VgwHttpListener *vgw_http_listener_new (const char *address, guint16 port, guint max_connections, guint timeout_ms,
                                        VgwHttpAcceptFunc callback, gpointer user_data, GError **error);

/* Connections that are open go on; their deadlines stay. */
void vgw_http_listener_free (VgwHttpListener *self);

guint16 vgw_http_listener_get_port (VgwHttpListener *self);

/* "http://127.0.0.1:8080/": what opens it from this machine, also where it listens on all addresses. (transfer full) */
char *vgw_http_listener_get_url (VgwHttpListener *self);

guint vgw_http_listener_get_n_connections (VgwHttpListener *self);

/* The connection that @remote_address was handed out with; NULL for an address from elsewhere. (transfer none) */
VgwHttpConnection *vgw_http_connection_from_address (GSocketAddress *remote_address);

/* In @timeout_ms from now the socket is shut down, whatever it is doing; 0: never. */
void vgw_http_connection_set_deadline (VgwHttpConnection *self, guint timeout_ms);

/* Answers with an error, and closes when the client has seen it. @stream (transfer none) was stolen from libsoup,
 * which cannot answer before it has read a whole request. @header (nullable): one header line without its end. */
void vgw_http_connection_refuse (VgwHttpConnection *self, GIOStream *stream, guint status, const char *header,
                                 const char *text);

/* The socket (transfer none). */
GSocket *vgw_http_connection_get_socket (VgwHttpConnection *self);

/* "192.0.2.1" or "2001:db8::1" without port and zone; an IPv4 address in IPv6 clothes reads as IPv4. (transfer full) */
char *vgw_http_address_to_string (GSocketAddress *address);

G_END_DECLS
