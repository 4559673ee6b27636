/* The listening socket and its accepted connections. libsoup's own listener stops for good when one accept () fails,
 * and limits neither number nor time (libsoup 3.2.3, soup-listener.c). Main thread only. */
#pragma once

#include "base/vgw-capacity.h"
#include "net/vgw-http-connection.h"
#include "net/vgw-http-proxies.h"

typedef struct _VgwHttpListener VgwHttpListener;

typedef struct
{
  const char *address; /* an IP address */
  guint16 port;        /* 0: any */
  guint max_connections;
  guint max_connections_per_address; /* 0: no limit; loopback addresses and proxies are exempt */
  VgwHttpProxies *proxies;           /* (nullable) outlives the listener */
  VgwHttpConnectionLimits limits;
  VgwCapacity *capacity; /* (nullable) outlives the listener */
} VgwHttpListenerSettings;

typedef enum
{
  VGW_HTTP_FULL,         /* max_connections */
  VGW_HTTP_FULL_ADDRESS, /* max_connections_per_address */
  VGW_HTTP_FULL_FILES,   /* too few descriptors */
} VgwHttpRefusal;

#define VGW_HTTP_N_REFUSALS (VGW_HTTP_FULL_FILES + 1)

/* Counts since the start, except open. */
typedef struct
{
  guint64 open;                         /* current connections */
  guint64 refused[VGW_HTTP_N_REFUSALS]; /* answered with 503, or closed */
  guint64 displaced;                    /* without a complete request, closed to make room for a new one */
  guint64 failed_handshakes;            /* of TLS */
  guint64 certificate_expiry_s;         /* since 1970; 0 without TLS */
} VgwHttpListenerStats;

/* Listens for requests within the limits. A connection beyond them replaces the oldest one without a complete request,
 * of the address that has the most of them; where there is none, the new one is answered with 503, or with TLS, whose
 * handshake would be more work, only closed.
 * @settings is copied. @user_data outlives the listener. Errors: G_IO_ERROR, with address and port in the message.
 * Returns: (transfer full) */
VgwHttpListener *vgw_http_listener_new (const VgwHttpListenerSettings *settings, VgwHttpReadyFunc callback,
                                        gpointer user_data, GError **error);

/* The request of @connection is complete, with its body, or was taken to be sent on, with other limits: it is not
 * replaced any more. */
void vgw_http_listener_note_request (VgwHttpListener *self, VgwHttpConnection *connection);

void vgw_http_listener_get_stats (VgwHttpListener *self, VgwHttpListenerStats *stats);
const char *vgw_http_refusal_to_string (VgwHttpRefusal refusal); /* "full", … */

/* Closes all connections that were not handed over; the others keep their deadlines. */
void vgw_http_listener_free (VgwHttpListener *self);

guint16 vgw_http_listener_get_port (VgwHttpListener *self);

/* New connections have TLS with @identity (nullable: no TLS); the open ones keep what they have. */
void vgw_http_listener_set_tls (VgwHttpListener *self, VgwTlsIdentity *identity);

/* "http://127.0.0.1:8080/" or "https:", for use on this machine, also where it listens on all addresses. (transfer
 * full) */
char *vgw_http_listener_get_url (VgwHttpListener *self);
