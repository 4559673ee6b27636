/* One accepted socket until libsoup has its request, and its deadline after that. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "net/vgw-http-routes.h"

G_BEGIN_DECLS

typedef struct _VgwHttpConnection VgwHttpConnection;

typedef struct
{
  guint
      timeout_ms; /* from connecting to the end of the request's head; whoever it is handed to sets another deadline */
  VgwHttpRoutes *routes; /* outlives the connection */
} VgwHttpConnectionLimits;

/* A whole head is waiting in the socket. Whoever keeps @stream keeps the connection open. */
typedef void (*VgwHttpReadyFunc) (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address,
                                  gpointer user_data);
/* The socket is closed; @self is about to go. */
typedef void (*VgwHttpGoneFunc) (VgwHttpConnection *self, gpointer user_data);

/* Takes @socket over and waits for the head of a request. One that vgw_http_head_check () does not like is answered and
 * closed here; one that does not come in time is cut off. @limits are copied. Returns: (transfer none), valid until
 * @gone is called; NULL where the client has gone already. */
VgwHttpConnection *vgw_http_connection_new (GSocket *socket, const VgwHttpConnectionLimits *limits,
                                            VgwHttpReadyFunc ready, VgwHttpGoneFunc gone, gpointer user_data);

/* No callback any more; closed, unless it was handed over. */
void vgw_http_connection_detach (VgwHttpConnection *self);

/* Closes it now, unless it was handed over; @gone is called. */
void vgw_http_connection_drop (VgwHttpConnection *self);

/* The connection that @remote_address was handed out with; NULL for an address from elsewhere. (transfer none) */
VgwHttpConnection *vgw_http_connection_from_address (GSocketAddress *remote_address);

/* In @timeout_ms from now the socket is shut down, whatever it is doing; 0: never. */
void vgw_http_connection_set_deadline (VgwHttpConnection *self, guint timeout_ms);

/* The socket (transfer none). */
GSocket *vgw_http_connection_get_socket (VgwHttpConnection *self);

/* "192.0.2.1" or "2001:db8::1" without port and zone; an IPv4 address in IPv6 clothes reads as IPv4. (transfer full) */
char *vgw_http_address_to_string (GSocketAddress *address);

G_END_DECLS
