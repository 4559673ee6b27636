/* The listening socket and how many sockets it has accepted. libsoup's own listener stops listening for good when one
 * accept () fails, and bounds neither number nor time (libsoup 3.2.3, soup-listener.c). Main thread only. */
#pragma once

#include "http/vgw-http-connection.h"

G_BEGIN_DECLS

typedef struct _VgwHttpListener VgwHttpListener;

/* Listens on @address (an IP address) and @port (0: any) for requests within @limits. One more than @max_connections
 * gets a 503. @user_data outlives the listener. Errors: G_IO_ERROR, with address and port in the message.
 * Returns: (transfer full) */
VgwHttpListener *vgw_http_listener_new (const char *address, guint16 port, guint max_connections,
                                        const VgwHttpConnectionLimits *limits, VgwHttpReadyFunc callback,
                                        gpointer user_data, GError **error);

/* Connections that were handed over go on; their deadlines stay. The others close. */
void vgw_http_listener_free (VgwHttpListener *self);

guint16 vgw_http_listener_get_port (VgwHttpListener *self);

/* "http://127.0.0.1:8080/": what opens it from this machine, also where it listens on all addresses. (transfer full) */
char *vgw_http_listener_get_url (VgwHttpListener *self);

G_END_DECLS
