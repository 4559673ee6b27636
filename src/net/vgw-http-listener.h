/* The listening socket and how many sockets it has accepted. libsoup's own listener stops listening for good when one
 * accept () fails, and bounds neither number nor time (libsoup 3.2.3, soup-listener.c). Main thread only. */
#pragma once

#include "base/vgw-capacity.h"
#include "net/vgw-http-connection.h"

G_BEGIN_DECLS

typedef struct _VgwHttpListener VgwHttpListener;

typedef struct
{
  const char *address; /* an IP address */
  guint16 port;        /* 0: any */
  guint max_connections;
  guint max_connections_per_address; /* 0: no bound; this machine has none either */
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

/* Since the start, but for open. */
typedef struct
{
  guint64 open;                         /* connections that there are now */
  guint64 refused[VGW_HTTP_N_REFUSALS]; /* got a 503 */
  guint64 displaced;                    /* without a whole request, closed for the sake of a new one */
} VgwHttpListenerStats;

/* Listens for requests within the limits. Where there is no room for a new connection, the oldest one that has not sent
 * a whole request is closed for it, of the address that has the most of them; where there is none, the new one gets a
 * 503.
 * @settings is copied. @user_data outlives the listener. Errors: G_IO_ERROR, with address and port in the message.
 * Returns: (transfer full) */
VgwHttpListener *vgw_http_listener_new (const VgwHttpListenerSettings *settings, VgwHttpReadyFunc callback,
                                        gpointer user_data, GError **error);

void vgw_http_listener_get_stats (VgwHttpListener *self, VgwHttpListenerStats *stats);
const char *vgw_http_refusal_to_string (VgwHttpRefusal refusal); /* "full", … */

/* Connections that were handed over go on; their deadlines stay. The others close. */
void vgw_http_listener_free (VgwHttpListener *self);

guint16 vgw_http_listener_get_port (VgwHttpListener *self);

/* "http://127.0.0.1:8080/": what opens it from this machine, also where it listens on all addresses. (transfer full) */
char *vgw_http_listener_get_url (VgwHttpListener *self);

G_END_DECLS
