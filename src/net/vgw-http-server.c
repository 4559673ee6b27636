/* Debian considers SoupServer unfit for untrusted clients; here and in vgw-http-head.c are the workarounds for the
 * known faults of 3.2.3. */
#include "net/vgw-http-server.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-http-origin.h"

#define RESPONSE_TIMEOUT_MS 30000 /* from the end of the request to the end of the response */
#define MAX_SUBPROTOCOLS 16       /* of a handshake; further ones are ignored */
#define SECRET_MARK ".token."     /* in the name of a subprotocol */
#define TOKEN_CHARS "!#$%&'*+-.^_`|~" G_CSET_DIGITS G_CSET_A_2_Z G_CSET_a_2_z /* RFC 9110 section 5.6.2 */
#define PREFLIGHT_MAX_AGE_S "600"
#define RETRY_AFTER_S "5"

struct _VgwHttpServer
{
  GObject parent_instance;

  SoupServer *soup;
  VgwHttpListener *listener; /* NULL once shutting down */
  VgwHttpForward *forward;   /* (nullable) to other nodes */
  VgwHttpRoutes *routes;
  VgwHttpCheckFunc check; /* (nullable) */
  gpointer check_data;
  char **origins;
  VgwHttpProxies *proxies;
  guint max_message_bytes;
  guint header_timeout_ms;
  guint idle_timeout_ms;
  char *url;
  guint16 port;
  VgwTokenBucket work;  /* of all channels */
  GHashTable *channels; /* VgwWsChannel*, a reference each until "closed" */
  GTask *shutdown;
  GSource *shutdown_timer;
};

G_DEFINE_FINAL_TYPE (VgwHttpServer, vgw_http_server, G_TYPE_OBJECT)

/* --- requests --- */

/* The response headers of CORS (Fetch, "CORS protocol"). @route is NULL for a path that has none. */
static void
add_cors_headers (VgwHttpServer *self, VgwHttpRequest *request, const VgwHttpRoute *route)
{
  const char *origin = vgw_http_request_get_header (request, "Origin");
  const char *wanted = vgw_http_request_get_header (request, "Access-Control-Request-Headers");
  g_autofree char *methods = NULL;

  vgw_http_request_set_header (request, "Vary", "Origin");
  if (origin == NULL || !vgw_http_origin_is_listed (origin, (const char *const *) self->origins))
    return;
  vgw_http_request_set_header (request, "Access-Control-Allow-Origin", origin);
  if (route != NULL && route->exposed_headers != NULL)
    vgw_http_request_set_header (request, "Access-Control-Expose-Headers", route->exposed_headers);
  if (strcmp (vgw_http_request_get_method (request), "OPTIONS") != 0)
    return;
  methods = vgw_http_route_list_methods (route);
  vgw_http_request_set_header (request, "Access-Control-Allow-Methods", methods);
  vgw_http_request_set_header (request, "Access-Control-Max-Age", PREFLIGHT_MAX_AGE_S);
  if (wanted != NULL)
    vgw_http_request_set_header (request, "Access-Control-Allow-Headers", wanted);
}

/* Answers preflights, and GET and HEAD of an unknown path; the listener has refused everything else without a handler.
 * */
static void
reply_without_handler (VgwHttpRequest *request)
{
  if (strcmp (vgw_http_request_get_method (request), "OPTIONS") == 0)
    vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NO_CONTENT, NULL, NULL);
  else
    vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN, "not found\n");
}

/* @mark: (nullable). Returns: (transfer full) (nullable): NULL where the proxies' headers contradict each other */
static char *
find_client (VgwHttpServer *self, SoupServerMessage *message, const VgwHttpForwardMark *mark)
{
  g_autofree char *peer = vgw_http_address_to_string (soup_server_message_get_remote_address (message));
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (mark != NULL && mark->client != NULL)
    return g_strdup (mark->client);
  return vgw_http_proxies_find_client (self->proxies, peer, soup_message_headers_get_list (headers, "X-Forwarded-For"),
                                       soup_message_headers_get_list (headers, "Forwarded"));
}

/* FALSE, and @request has its reply, where it is not to be handled. @mark: (nullable) */
static gboolean
check_mark (VgwHttpRequest *request, const VgwHttpForwardMark *mark)
{
  if (mark == NULL || mark->refusal == NULL)
    return TRUE;
  if (mark->status == VGW_HTTP_STATUS_UNAVAILABLE)
    vgw_http_request_set_header (request, "Retry-After", RETRY_AFTER_S);
  vgw_http_request_reply (request, mark->status, VGW_HTTP_TEXT_PLAIN, mark->refusal);
  return FALSE;
}

static void
note_complete (VgwHttpServer *self, VgwHttpConnection *connection)
{
  if (self->listener != NULL)
    vgw_http_listener_note_request (self->listener, connection);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  VgwHttpServer *self = user_data;
  gpointer handler_data = NULL;
  char **captures = NULL;
  const VgwHttpRoute *route = vgw_http_routes_find (self->routes, path, &handler_data, &captures);
  VgwHttpHandler handler = vgw_http_route_get_handler (route, soup_server_message_get_method (message));
  const VgwHttpForwardMark *mark = vgw_http_forward_get_mark (soup_server_message_get_remote_address (message));
  char *client = find_client (self, message, mark);
  g_autoptr (VgwHttpRequest) request =
      vgw_http_request_new (message, captures, client != NULL ? client : g_strdup ("unknown"));
  VgwHttpConnection *connection = vgw_http_connection_from_address (soup_server_message_get_remote_address (message));

  if (connection != NULL)
    {
      note_complete (self, connection);
      vgw_http_connection_set_deadline (connection, RESPONSE_TIMEOUT_MS);
    }
  if (route == NULL || route->has_cors)
    add_cors_headers (self, request, route);
  if ((self->check != NULL && !self->check (request, self->check_data)) || !check_mark (request, mark))
    return;
  if (client == NULL)
    {
      vgw_http_request_reply (request, VGW_HTTP_STATUS_BAD_REQUEST, VGW_HTTP_TEXT_PLAIN,
                              "X-Forwarded-For and Forwarded name different clients\n");
      return;
    }
  if (handler != NULL)
    handler (request, handler_data);
  else
    reply_without_handler (request);
  vgw_http_request_wait (request);
}

static void
on_got_headers (SoupServerMessage *message, gpointer user_data)
{
  /* many overlapping ranges of a small file would make a large response (CVE-2025-32907); the whole file is sent */
  soup_message_headers_remove (soup_server_message_get_request_headers (message), "Range");
}

/* Runs before the first byte is read, so that libsoup's own error responses have the header, too: it leaks the socket
 * of a client that keeps the connection open. */
static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), NULL);
}

static void
serve (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address, gpointer user_data)
{
  VgwHttpServer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!soup_server_accept_iostream (self->soup, stream, local_address, remote_address, &error))
    vgw_warning (NULL, "http: cannot serve a connection: %s", error->message);
}

static void
on_connection (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address, const char *head,
               gsize length, gpointer user_data)
{
  VgwHttpServer *self = user_data;

  if (self->forward != NULL
      && vgw_http_forward_take (self->forward, stream, local_address, remote_address, head, length))
    note_complete (self, vgw_http_connection_from_address (remote_address)); /* it has limits of its own */
  else
    serve (stream, local_address, remote_address, self);
}

/* --- WebSockets --- */

typedef struct
{
  VgwHttpServer *server; /* outlives the message */
  char *remote;          /* address of the client */
  VgwHttpWebSocketFunc opened;
  gpointer user_data;
  GDestroyNotify destroy;
} Handshake;

static void
handshake_free (gpointer data, GClosure *closure)
{
  Handshake *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->remote);
  g_free (self);
}

static void
finish_shutdown (VgwHttpServer *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->shutdown);

  vgw_source_clear (&self->shutdown_timer);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_channel_closed (VgwWsChannel *channel, int how, const GError *error, gpointer user_data)
{
  VgwHttpServer *self = user_data;

  g_signal_handlers_disconnect_by_data (channel, self);
  g_hash_table_remove (self->channels, channel);
  if (g_hash_table_size (self->channels) == 0)
    finish_shutdown (self);
}

/* The 101 has been written. */
static void
on_upgraded (SoupServerMessage *message, gpointer user_data)
{
  Handshake *handshake = user_data;
  VgwHttpServer *self = handshake->server;
  VgwHttpConnection *connection = vgw_http_connection_from_address (soup_server_message_get_remote_address (message));
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  VgwWsChannel *channel;

  if (stream == NULL || connection == NULL || self->listener == NULL)
    return;
  vgw_http_connection_set_deadline (connection, 0);
  settings.max_text_bytes = settings.max_binary_bytes = self->max_message_bytes;
  settings.idle_timeout_ms = self->idle_timeout_ms;
  settings.limits.shared_work = &self->work;
  channel = vgw_ws_channel_new (stream, vgw_http_connection_get_socket (connection), handshake->remote, &settings);
  g_hash_table_add (self->channels, channel);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), self);
  handshake->opened (channel, handshake->user_data);
}

static void
refuse_handshake (VgwHttpRequest *request, const GError *error)
{
  g_autofree char *text = g_strdup_printf ("this is a WebSocket endpoint: %s\n", error->message);
  gboolean is_bad = g_error_matches (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_BAD_HANDSHAKE);

  vgw_http_request_set_header (request, "Upgrade", "websocket");
  vgw_http_request_set_header (request, "Sec-WebSocket-Version", "13");
  /* RFC 9110 section 7.8: Upgrade is named in Connection */
  vgw_http_request_set_header (request, "Connection", "close, Upgrade");
  vgw_http_request_reply (request, is_bad ? VGW_HTTP_STATUS_BAD_REQUEST : VGW_HTTP_STATUS_UPGRADE_REQUIRED,
                          VGW_HTTP_TEXT_PLAIN, text);
}

/* The first subprotocol of the client that is no secret ("….token.…", which must not be in a response), NULL for none.
 * A browser fails a connection where it requested some and none is selected (RFC 6455 section 4.1); the protocol is the
 * same for all of them. (transfer full) */
static char *
choose_subprotocol (const char *wanted)
{
  g_auto (GStrv) names = g_strsplit (wanted != NULL ? wanted : "", ",", MAX_SUBPROTOCOLS);

  for (char **name = names; *name != NULL; name++)
    {
      g_strstrip (*name);
      if (**name != '\0' && strstr (*name, SECRET_MARK) == NULL && strspn (*name, TOKEN_CHARS) == strlen (*name))
        return g_strdup (*name);
    }
  return NULL;
}

/* Sends a 101, then calls on_upgraded (). Without extensions: with permessage-deflate 117 KB can become 120 MB, and
 * libsoup's has a race. */
static void
accept_handshake (VgwHttpRequest *request, Handshake *handshake)
{
  g_autofree char *subprotocol = choose_subprotocol (vgw_http_request_get_header (request, "Sec-WebSocket-Protocol"));
  g_autoptr (SoupServerMessage) message = vgw_http_request_steal_message (request);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_remove (headers, "Connection");
  soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL);
  if (subprotocol != NULL)
    soup_message_headers_replace (headers, "Sec-WebSocket-Protocol", subprotocol);
  g_signal_connect_data (message, "wrote-informational", G_CALLBACK (on_upgraded), handshake, handshake_free, 0);
}

void
vgw_http_server_open_websocket (VgwHttpServer *self, VgwHttpRequest *request, VgwHttpWebSocketFunc opened,
                                gpointer user_data, GDestroyNotify destroy)
{
  Handshake *handshake = g_new (Handshake, 1);
  g_autoptr (GError) error = NULL;

  *handshake =
      (Handshake){ self, g_strdup (vgw_http_request_get_remote_address (request)), opened, user_data, destroy };
  if (self->listener == NULL)
    vgw_http_request_reply (request, VGW_HTTP_STATUS_UNAVAILABLE, VGW_HTTP_TEXT_PLAIN, "shutting down\n");
  else if (!soup_websocket_server_check_handshake (vgw_http_request_get_message (request), NULL, NULL, NULL, &error))
    refuse_handshake (request, error);
  else
    {
      accept_handshake (request, handshake);
      return;
    }
  handshake_free (handshake, NULL);
}

/* --- the end --- */

static gboolean
on_shutdown_timeout (gpointer user_data)
{
  g_autoptr (VgwHttpServer) self = g_object_ref (VGW_HTTP_SERVER (user_data));
  GHashTableIter iter;
  gpointer channel;

  vgw_info (NULL, "http: closed %u WebSockets that did not close in time", g_hash_table_size (self->channels));
  /* each is removed from the table as it closes, and the last one completes the shutdown */
  for (g_hash_table_iter_init (&iter, self->channels); g_hash_table_iter_next (&iter, &channel, NULL);
       g_hash_table_iter_init (&iter, self->channels))
    vgw_ws_channel_cut (channel);
  return G_SOURCE_REMOVE;
}

/* Accepts no new connections, and drops pending requests. */
static void
stop_listening (VgwHttpServer *self)
{
  g_clear_pointer (&self->listener, vgw_http_listener_free);
  g_clear_pointer (&self->forward, vgw_http_forward_free);
  soup_server_disconnect (self->soup);
}

static void
vgw_http_server_dispose (GObject *object)
{
  VgwHttpServer *self = VGW_HTTP_SERVER (object);
  GHashTableIter iter;
  gpointer channel;

  stop_listening (self);
  g_hash_table_iter_init (&iter, self->channels);
  while (g_hash_table_iter_next (&iter, &channel, NULL))
    {
      g_signal_handlers_disconnect_by_data (channel, self);
      g_hash_table_iter_remove (&iter);
    }
  G_OBJECT_CLASS (vgw_http_server_parent_class)->dispose (object);
}

static void
vgw_http_server_finalize (GObject *object)
{
  VgwHttpServer *self = VGW_HTTP_SERVER (object);

  g_object_unref (self->soup);
  g_hash_table_unref (self->channels);
  vgw_http_routes_free (self->routes);
  vgw_http_proxies_free (self->proxies);
  g_strfreev (self->origins);
  g_free (self->url);
  G_OBJECT_CLASS (vgw_http_server_parent_class)->finalize (object);
}

static void
vgw_http_server_init (VgwHttpServer *self)
{
  self->channels = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->routes = vgw_http_routes_new ();
  /* raw-paths: libsoup does not decode paths, so that they are compared as they were sent */
  self->soup = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_remove_websocket_extension (self->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (on_request_started), NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
}

static void
vgw_http_server_class_init (VgwHttpServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_http_server_dispose;
  object_class->finalize = vgw_http_server_finalize;
}

VgwHttpServer *
vgw_http_server_new (const VgwHttpSettings *settings, GError **error)
{
  g_autoptr (VgwHttpServer) self = g_object_new (VGW_TYPE_HTTP_SERVER, NULL);
  VgwHttpListenerSettings listener_settings = {
    .address = settings->address,
    .port = settings->port,
    .max_connections = settings->max_connections,
    .max_connections_per_address = settings->max_connections_per_address,
    .limits = { .timeout_ms = settings->header_timeout_ms, .routes = self->routes, .tls = settings->tls },
    .capacity = settings->capacity,
  };

  self->origins = g_strdupv ((char **) settings->origins);
  listener_settings.limits.origins = (const char *const *) self->origins;
  listener_settings.proxies = self->proxies = vgw_http_proxies_new (settings->trusted_proxies);
  self->max_message_bytes = settings->max_message_bytes;
  self->header_timeout_ms = settings->header_timeout_ms;
  self->idle_timeout_ms = settings->idle_timeout_ms;
  self->listener = vgw_http_listener_new (&listener_settings, on_connection, self, error);
  if (self->listener == NULL)
    return NULL;
  self->url = vgw_http_listener_get_url (self->listener);
  self->port = vgw_http_listener_get_port (self->listener);
  return g_steal_pointer (&self);
}

void
vgw_http_server_set_nodes (VgwHttpServer *self, const VgwHttpNodes *nodes)
{
  const VgwHttpForwardSettings settings = {
    .ids = nodes->ids,
    .directory = nodes->directory,
    .authorities = nodes->authorities,
    .proxies = self->proxies,
    .is_admin = nodes->is_admin,
    .check = nodes->check,
    .check_data = nodes->check_data,
    .header_timeout_ms = self->header_timeout_ms,
    .idle_timeout_ms = self->idle_timeout_ms,
  };

  self->forward = vgw_http_forward_new (&settings, serve, self);
}

void
vgw_http_server_get_forward_stats (VgwHttpServer *self, VgwHttpForwardStats *stats)
{
  *stats = (VgwHttpForwardStats){ 0 };
  if (self->forward != NULL)
    vgw_http_forward_get_stats (self->forward, stats);
}

void
vgw_http_server_add_route (VgwHttpServer *self, const VgwHttpRoute *route, gpointer user_data)
{
  vgw_http_routes_add (self->routes, route, user_data);
}

void
vgw_http_server_set_check (VgwHttpServer *self, VgwHttpCheckFunc check, gpointer user_data)
{
  self->check = check;
  self->check_data = user_data;
}

void
vgw_http_server_set_tls (VgwHttpServer *self, VgwTlsIdentity *identity)
{
  if (self->listener == NULL)
    return;
  vgw_http_listener_set_tls (self->listener, identity);
  g_free (self->url);
  self->url = vgw_http_listener_get_url (self->listener);
}

char *
vgw_http_server_get_url (VgwHttpServer *self)
{
  return g_strdup (self->url);
}

guint16
vgw_http_server_get_port (VgwHttpServer *self)
{
  return self->port;
}

void
vgw_http_server_get_stats (VgwHttpServer *self, VgwHttpListenerStats *stats)
{
  *stats = (VgwHttpListenerStats){ 0 };
  if (self->listener != NULL)
    vgw_http_listener_get_stats (self->listener, stats);
}

void
vgw_http_server_shutdown_async (VgwHttpServer *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GHashTableIter iter;
  gpointer channel;

  g_task_set_source_tag (task, vgw_http_server_shutdown_async);
  if (self->shutdown != NULL)
    {
      g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_BAD_STATE, "the HTTP server is shutting down already");
      return;
    }
  stop_listening (self);
  self->shutdown = g_steal_pointer (&task);
  g_hash_table_iter_init (&iter, self->channels);
  while (g_hash_table_iter_next (&iter, &channel, NULL))
    vgw_ws_channel_close (channel, VGW_WS_CLOSE_GOING_AWAY, "shutting down");
  if (g_hash_table_size (self->channels) == 0)
    {
      finish_shutdown (self);
      return;
    }
  self->shutdown_timer = vgw_source_start_timer (timeout_ms, on_shutdown_timeout, self);
}

gboolean
vgw_http_server_shutdown_finish (VgwHttpServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
