/* The public listener: the page, the client library, and /ws. Main thread only.
 *
 * Signals:
 *   "channel" (VgwWsChannel *channel)   a client opened /ws; whoever handles it takes a reference
 */
#pragma once

#include "net/vgw-http-listener.h"
#include "net/vgw-ws-channel.h"

G_BEGIN_DECLS

#define VGW_TYPE_HTTP_SERVER (vgw_http_server_get_type ())
G_DECLARE_FINAL_TYPE (VgwHttpServer, vgw_http_server, VGW, HTTP_SERVER, GObject)

/* The group [http] of the configuration with access.origins, and what the app adds: engines, capacity,
 * max_message_bytes. */
typedef struct
{
  const char *address;        /* to listen on */
  guint16 port;               /* 0: any free port */
  const char *const *origins; /* allowed beside the page's own; "*" for any */
  const char *web_root;       /* (nullable) or empty; a directory in place of the built-in page */
  gboolean serves_page;
  const char *engines;               /* (nullable) JSON that GET /engines answers with */
  guint header_timeout_ms;           /* from connecting to the end of the request's head */
  guint idle_timeout_ms;             /* a WebSocket that answers no ping for so long is closed */
  guint max_connections;             /* open sockets in all */
  guint max_connections_per_address; /* 0: no bound */
  VgwCapacity *capacity;             /* (nullable) outlives the server */
  guint max_message_bytes;
} VgwHttpSettings;

/* @settings is copied. Errors: as soup_server_listen (), with the address in the message. Returns: (transfer full) */
VgwHttpServer *vgw_http_server_new (const VgwHttpSettings *settings, GError **error);

/* "http://127.0.0.1:8080/" (transfer full), with the real port. */
char *vgw_http_server_get_url (VgwHttpServer *self);
guint16 vgw_http_server_get_port (VgwHttpServer *self);

/* What became of connections; all 0 once it is shutting down. */
void vgw_http_server_get_stats (VgwHttpServer *self, VgwHttpListenerStats *stats);

/* Stops listening; closes every channel with 1001 and calls back when all are gone, or after @timeout_ms. */
void vgw_http_server_shutdown_async (VgwHttpServer *self, guint timeout_ms, GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean vgw_http_server_shutdown_finish (VgwHttpServer *self, GAsyncResult *result, GError **error);

G_END_DECLS
