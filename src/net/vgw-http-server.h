/* An HTTP listener with its routes, and the WebSockets made from requests. A connection carries one request. libsoup
 * parses requests and writes responses; VgwHttpListener limits the sockets and checks request heads, VgwWsChannel is
 * the WebSocket after the handshake. Main thread only. */
#pragma once

#include "net/vgw-http-forward.h"
#include "net/vgw-http-listener.h"
#include "net/vgw-http-request.h"
#include "net/vgw-ws-channel.h"

#define VGW_TYPE_HTTP_SERVER (vgw_http_server_get_type ())
G_DECLARE_FINAL_TYPE (VgwHttpServer, vgw_http_server, VGW, HTTP_SERVER, GObject)

/* The group [http] of the configuration, and what the app adds: origins, capacity, max_message_bytes. */
typedef struct
{
  const char *address;                /* to listen on */
  const char *const *trusted_proxies; /* (nullable) see vgw_http_proxies_new () */
  guint16 port;                       /* 0: any free port */
  const char *tls_certificate;        /* for the configuration: the files of the next one */
  const char *tls_key;
  VgwTlsIdentity *tls;               /* (nullable) NULL: no TLS */
  const char *const *origins;        /* (nullable) whose pages may use routes with has_cors; "*" for any */
  guint header_timeout_ms;           /* from connecting to the end of the request, its body included */
  guint max_connections;             /* open sockets in all */
  guint max_connections_per_address; /* 0: no limit */
  VgwCapacity *capacity;             /* (nullable) outlives the server */
  guint max_message_bytes;           /* of a WebSocket */
  guint idle_timeout_ms;             /* a WebSocket that answers no ping for that long is closed */
} VgwHttpSettings;

/* @settings is copied. Errors: G_IO_ERROR, with address and port in the message. Returns: (transfer full) */
VgwHttpServer *vgw_http_server_new (const VgwHttpSettings *settings, GError **error);

/* The other nodes. @ids outlives the server. */
typedef struct
{
  const VgwNodeIds *ids;
  VgwNodeDirectory *directory;
  GTlsDatabase *authorities;     /* (nullable: those of the system) of nodes with https: */
  gboolean is_admin;             /* the server is the admin listener */
  VgwHttpForwardCheckFunc check; /* (nullable) */
  gpointer check_data;           /* outlives the server */
} VgwHttpNodes;

/* Requests for sessions of other nodes are sent on to them from now on, and those that other nodes send are accepted:
 * see vgw-http-forward.h. Once. */
void vgw_http_server_set_nodes (VgwHttpServer *self, const VgwHttpNodes *nodes);

/* All 0 without vgw_http_server_set_nodes (). */
void vgw_http_server_get_forward_stats (VgwHttpServer *self, VgwHttpForwardStats *stats);

/* Before the main loop runs. @route is copied; @user_data outlives the server, or its shutdown. */
void vgw_http_server_add_route (VgwHttpServer *self, const VgwHttpRoute *route, gpointer user_data);

/* Runs before each handler; returns FALSE where it has replied. */
typedef gboolean (*VgwHttpCheckFunc) (VgwHttpRequest *request, gpointer user_data);
void vgw_http_server_set_check (VgwHttpServer *self, VgwHttpCheckFunc check, gpointer user_data);

/* @channel (transfer none) is open; the callee keeps a reference. */
typedef void (*VgwHttpWebSocketFunc) (VgwWsChannel *channel, gpointer user_data);

/* Answers the WebSocket handshake of @request, in its handler. Calls @opened when the channel is open, then @destroy
 * (nullable); only @destroy where the handshake was refused or the client has disconnected. */
void vgw_http_server_open_websocket (VgwHttpServer *self, VgwHttpRequest *request, VgwHttpWebSocketFunc opened,
                                     gpointer user_data, GDestroyNotify destroy);

/* For new connections: see vgw_http_listener_set_tls (). No effect once it is shutting down. */
void vgw_http_server_set_tls (VgwHttpServer *self, VgwTlsIdentity *identity);

/* "http://127.0.0.1:8080/" or "https:" (transfer full), with the real port. */
char *vgw_http_server_get_url (VgwHttpServer *self);
guint16 vgw_http_server_get_port (VgwHttpServer *self);

/* Connection counts; all 0 once it is shutting down. */
void vgw_http_server_get_stats (VgwHttpServer *self, VgwHttpListenerStats *stats);

/* Stops listening, drops requests without a reply, closes every channel with 1001, and calls back when all are closed,
 * or after @timeout_ms. */
void vgw_http_server_shutdown_async (VgwHttpServer *self, guint timeout_ms, GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean vgw_http_server_shutdown_finish (VgwHttpServer *self, GAsyncResult *result, GError **error);
