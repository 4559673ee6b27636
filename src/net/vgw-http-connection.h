/* An accepted socket until it is handed to libsoup with a complete request head, and its deadline after that. Main
 * thread only. */
#pragma once

#include <gio/gio.h>

#include "net/vgw-http-routes.h"
#include "net/vgw-tls-identity.h"

typedef struct _VgwHttpConnection VgwHttpConnection;

typedef struct
{
  guint timeout_ms;           /* from connecting to the end of the request's head, with the TLS handshake; the receiver
                               * sets another deadline */
  VgwHttpRoutes *routes;      /* outlives the connection */
  const char *const *origins; /* (nullable) whose pages may read a refusal; outlives it, too */
  VgwTlsIdentity *tls;        /* (nullable) NULL: no TLS */
} VgwHttpConnectionLimits;

/* A complete head can be read: it is at the beginning of @head, and still in @stream. A reference to @stream keeps the
 * connection open. */
typedef void (*VgwHttpReadyFunc) (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address,
                                  const char *head, gsize length, gpointer user_data);
/* The socket is closed; @self is freed afterwards. */
typedef void (*VgwHttpGoneFunc) (VgwHttpConnection *self, gpointer user_data);

/* Takes over @socket and waits for the head of a request, with TLS after a handshake. A request that
 * vgw_http_head_check () refuses is answered and closed here, as is one without TLS where TLS is expected. One that is
 * late is closed. @limits are copied. Returns: (transfer none), valid until @gone is called; NULL where the client has
 * disconnected already. */
VgwHttpConnection *vgw_http_connection_new (GSocket *socket, const VgwHttpConnectionLimits *limits,
                                            VgwHttpReadyFunc ready, VgwHttpGoneFunc gone, gpointer user_data);

/* Nothing is called afterwards; closes the socket, unless it was handed over. */
void vgw_http_connection_detach (VgwHttpConnection *self);

/* Closes it now, unless it was handed over; @gone is called. */
void vgw_http_connection_drop (VgwHttpConnection *self);

/* Closes it in any state; @gone is called now, or where it was handed over when the stream is closed. */
void vgw_http_connection_abort (VgwHttpConnection *self);

/* Ends @stream, which was handed over: after what has been written to it, sends its end; what the client still sends is
 * read and dropped for a while, since closing with unread bytes might cost the client the response. */
void vgw_http_connection_end (VgwHttpConnection *self, GIOStream *stream);

/* The connection whose VgwHttpReadyFunc was called with @remote_address, or NULL. (transfer none) */
VgwHttpConnection *vgw_http_connection_from_address (GSocketAddress *remote_address);

/* Shuts the socket down in @timeout_ms from now, in any state; 0: never. */
void vgw_http_connection_set_deadline (VgwHttpConnection *self, guint timeout_ms);

/* Whether it ended, or will end, because of its TLS handshake: bytes that are no TLS, an error, or not in time. */
gboolean vgw_http_connection_has_failed_handshake (VgwHttpConnection *self);

/* The socket (transfer none). */
GSocket *vgw_http_connection_get_socket (VgwHttpConnection *self);

/* "192.0.2.1" or "2001:db8::1" without port and zone; an IPv4-mapped IPv6 address as IPv4. (transfer full) */
char *vgw_http_address_to_string (GSocketAddress *address);
