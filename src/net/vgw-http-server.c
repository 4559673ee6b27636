/* libsoup parses requests and writes responses; sockets, their number, their time and a first look at what they bring
 * are VgwHttpListener's, the WebSocket after the handshake is VgwWsChannel's. Debian calls SoupServer unfit for
 * untrusted clients; what is known to be wrong with 3.2.3 is kept away from it here and in vgw-http-soup.c, each with
 * its reason. */
#include "net/vgw-http-server.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-http-origin.h"
#include "net/vgw-http-soup.h"
#include "net/vgw-web-files.h"
#include "net/vgw-ws-channel-private.h"

#define CLOSE_GOING_AWAY 1001                                                 /* RFC 6455 section 7.4.1 */
#define MAX_SUBPROTOCOLS 16                                                   /* of a handshake are looked at */
#define TOKEN_CHARS "!#$%&'*+-.^_`|~" G_CSET_DIGITS G_CSET_A_2_Z G_CSET_a_2_z /* RFC 9110 section 5.6.2 */

/* The page loads nothing from elsewhere, and talks to gateways over WebSockets only. */
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; " \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

struct _VgwHttpServer
{
  GObject parent_instance;

  SoupServer *soup;
  VgwHttpListener *listener; /* NULL once shutting down */
  VgwWebFiles *files;        /* NULL where no page is served */
  char **origins;
  char *engines; /* NULL where none are told of */
  guint max_message_bytes;
  guint idle_timeout_ms;
  char *url;
  guint16 port;
  VgwTokenBucket work;  /* of all channels */
  GHashTable *channels; /* VgwWsChannel*, one reference each until "closed" */
  GTask *shutdown;
  GSource *shutdown_timer;
};

enum
{
  SIGNAL_CHANNEL,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwHttpServer, vgw_http_server, G_TYPE_OBJECT)

static void
respond (SoupServerMessage *message, guint status, const char *text)
{
  vgw_http_soup_respond (message, status, VGW_HTTP_TEXT_PLAIN, text);
}

/* Between the head of a request and its body. */
static void
on_early (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  VgwHttpServer *self = user_data;
  const char *origin = vgw_http_soup_get_header (message, "Origin");
  const char *host = vgw_http_soup_get_header (message, "Host");
  g_autofree char *why = NULL;
  g_autofree char *remote = NULL;

  /* The client library asks so why a WebSocket was not opened; for its own origin a browser sends no Origin then. */
  if (origin == NULL)
    origin = vgw_http_soup_get_header (message, "Page-Origin");
  if (strcmp (path, "/ws") != 0 || vgw_http_origin_is_allowed (origin, host, (const char *const *) self->origins))
    return;
  remote = vgw_http_address_to_string (soup_server_message_get_remote_address (message));
  vgw_info_about (remote, "http: %s: origin %.200s refused; access.origins does not list it", remote, origin);
  why = g_strdup_printf ("pages of %.200s may not call this gateway; to let them, add this origin to access.origins in "
                         "its configuration\n",
                         origin);
  respond (message, SOUP_STATUS_FORBIDDEN, why);
}

/* Lets the pages read it that may call. */
static void
allow_origin (VgwHttpServer *self, SoupServerMessage *message)
{
  const char *origin = vgw_http_soup_get_header (message, "Origin");

  if (origin != NULL && vgw_http_origin_is_listed (origin, (const char *const *) self->origins))
    vgw_http_soup_set_header (message, "Access-Control-Allow-Origin", origin);
  vgw_http_soup_set_header (message, "Vary", "Origin");
}

static gboolean
has_etag (SoupServerMessage *message, const char *etag)
{
  const char *known = vgw_http_soup_get_header (message, "If-None-Match");

  /* RFC 9110 section 13.1.2: weak comparison, so W/"…" counts too */
  return known != NULL && (strcmp (known, "*") == 0 || strstr (known, etag) != NULL);
}

static void
serve_file (VgwHttpServer *self, SoupServerMessage *message, const VgwWebFile *file)
{
  vgw_http_soup_set_header (message, "Cache-Control", "no-cache"); /* ask again each time: the ETag makes that cheap */
  vgw_http_soup_set_header (message, "ETag", file->etag);
  vgw_http_soup_set_header (message, "X-Content-Type-Options", "nosniff");
  vgw_http_soup_set_header (message, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  vgw_http_soup_set_header (message, "Referrer-Policy", "no-referrer");
  allow_origin (self, message);
  if (has_etag (message, file->etag))
    {
      soup_message_headers_set_content_length (soup_server_message_get_response_headers (message),
                                               g_bytes_get_size (file->content));
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      return;
    }
  vgw_http_soup_set_header (message, "Content-Type", file->content_type);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), file->content);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

/* What a client may put into /ws?engine=NAME. */
static void
serve_engines (VgwHttpServer *self, SoupServerMessage *message)
{
  vgw_http_soup_set_header (message, "Cache-Control", "no-store"); /* another configuration, other names */
  vgw_http_soup_set_header (message, "X-Content-Type-Options", "nosniff");
  allow_origin (self, message);
  vgw_http_soup_respond (message, SOUP_STATUS_OK, "application/json", self->engines);
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
on_channel_closed (VgwWsChannel *channel, gpointer user_data)
{
  VgwHttpServer *self = user_data;

  g_signal_handlers_disconnect_by_data (channel, self);
  g_hash_table_remove (self->channels, channel);
  if (g_hash_table_size (self->channels) == 0)
    finish_shutdown (self);
}

/* The 101 has been written: from here on the socket speaks WebSocket. */
static void
on_upgraded (SoupServerMessage *message, gpointer user_data)
{
  VgwHttpServer *self = user_data;
  VgwHttpConnection *connection = vgw_http_soup_get_connection (message);
  g_autofree char *remote = vgw_http_address_to_string (soup_server_message_get_remote_address (message));
  g_autofree char *query = g_strdup (g_uri_get_query (soup_server_message_get_uri (message)));
  g_autofree char *origin = g_strdup (vgw_http_soup_get_header (message, "Origin"));
  g_autofree char *user_agent = g_strdup (vgw_http_soup_get_header (message, "User-Agent"));
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  VgwWsChannelSettings settings = vgw_ws_channel_defaults;
  VgwWsChannel *channel;

  if (stream == NULL || connection == NULL || self->listener == NULL)
    return;
  vgw_http_connection_set_deadline (connection, 0);
  settings.max_message_bytes = self->max_message_bytes;
  settings.idle_timeout_ms = self->idle_timeout_ms;
  settings.shared_work = &self->work;
  channel = vgw_ws_channel_new (stream, vgw_http_connection_get_socket (connection), remote, query, &settings);
  vgw_ws_channel_set_page (channel, origin, user_agent);
  g_hash_table_add (self->channels, channel);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), self);
  g_signal_emit (self, signals[SIGNAL_CHANNEL], 0, channel);
}

static void
refuse_handshake (SoupServerMessage *message, const GError *error)
{
  g_autofree char *text = g_strdup_printf ("this is a WebSocket endpoint: %s\n", error->message);
  gboolean is_bad = g_error_matches (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_BAD_HANDSHAKE);

  vgw_http_soup_set_header (message, "Upgrade", "websocket");
  vgw_http_soup_set_header (message, "Sec-WebSocket-Version", "13");
  /* RFC 9110 section 7.8: Upgrade is named in Connection */
  vgw_http_soup_set_header (message, "Connection", "close, Upgrade");
  respond (message, is_bad ? SOUP_STATUS_BAD_REQUEST : 426 /* Upgrade Required */, text);
}

/* The first of the subprotocols that the client names, NULL for none. A browser fails a connection for which it named
 * some and got none (RFC 6455 section 4.1), and what is spoken is the same for all of them. The first only, since those
 * that follow may be a token that does not belong into a response. (transfer full) */
static char *
choose_subprotocol (SoupServerMessage *message)
{
  const char *wanted = vgw_http_soup_get_header (message, "Sec-WebSocket-Protocol");
  g_auto (GStrv) names = g_strsplit (wanted != NULL ? wanted : "", ",", MAX_SUBPROTOCOLS);

  for (char **name = names; *name != NULL; name++)
    {
      g_strstrip (*name);
      if (**name != '\0' && strspn (*name, TOKEN_CHARS) == strlen (*name))
        return g_strdup (*name);
    }
  return NULL;
}

/* Without extensions: permessage-deflate turns 117 KB into 120 MB, and libsoup has a race in it. */
static void
serve_ws (VgwHttpServer *self, SoupServerMessage *message)
{
  g_autofree char *subprotocol = choose_subprotocol (message);
  g_autoptr (GError) error = NULL;

  if (self->listener == NULL)
    {
      respond (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "shutting down\n");
      return;
    }
  if (!soup_websocket_server_check_handshake (message, NULL, NULL, NULL, &error))
    {
      refuse_handshake (message, error);
      return;
    }
  soup_message_headers_remove (soup_server_message_get_response_headers (message), "Connection");
  soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL);
  if (subprotocol != NULL)
    vgw_http_soup_set_header (message, "Sec-WebSocket-Protocol", subprotocol);
  g_signal_connect_object (message, "wrote-informational", G_CALLBACK (on_upgraded), self, 0);
}

/* An escaped slash is none: it names nothing here. */
static const VgwWebFile *
find_file (VgwHttpServer *self, const char *path)
{
  g_autofree char *decoded = self->files != NULL ? g_uri_unescape_string (path, "/") : NULL;

  return decoded != NULL ? vgw_web_files_lookup (self->files, decoded) : NULL;
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  VgwHttpServer *self = user_data;
  const VgwWebFile *file = find_file (self, path);

  if (strcmp (path, "/ws") == 0)
    serve_ws (self, message);
  else if (strcmp (path, "/healthz") == 0)
    respond (message, SOUP_STATUS_OK, "ok\n");
  else if (strcmp (path, "/engines") == 0 && self->engines != NULL)
    serve_engines (self, message);
  else if (file != NULL)
    serve_file (self, message, file);
  else
    respond (message, SOUP_STATUS_NOT_FOUND, "there is nothing here\n");
}

static gboolean
on_shutdown_timeout (gpointer user_data)
{
  g_autoptr (VgwHttpServer) self = g_object_ref (VGW_HTTP_SERVER (user_data));
  GHashTableIter iter;
  gpointer channel;

  vgw_info (NULL, "http: %u WebSockets did not close in time, cut off", g_hash_table_size (self->channels));
  /* each one leaves the table as it closes, and the last one finishes the shutdown */
  for (g_hash_table_iter_init (&iter, self->channels); g_hash_table_iter_next (&iter, &channel, NULL);
       g_hash_table_iter_init (&iter, self->channels))
    vgw_ws_channel_cut (channel);
  return G_SOURCE_REMOVE;
}

/* No new connections; requests that are being answered are given up. */
static void
stop_listening (VgwHttpServer *self)
{
  g_clear_pointer (&self->listener, vgw_http_listener_free);
  if (self->soup != NULL)
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
  g_clear_object (&self->soup);
  G_OBJECT_CLASS (vgw_http_server_parent_class)->dispose (object);
}

static void
vgw_http_server_finalize (GObject *object)
{
  VgwHttpServer *self = VGW_HTTP_SERVER (object);

  g_hash_table_unref (self->channels);
  vgw_web_files_free (self->files);
  g_strfreev (self->origins);
  g_free (self->engines);
  g_free (self->url);
  G_OBJECT_CLASS (vgw_http_server_parent_class)->finalize (object);
}

static void
vgw_http_server_init (VgwHttpServer *self)
{
  self->channels = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->soup = vgw_http_soup_new ();
  soup_server_add_early_handler (self->soup, NULL, on_early, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
}

static void
vgw_http_server_class_init (VgwHttpServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_http_server_dispose;
  object_class->finalize = vgw_http_server_finalize;
  signals[SIGNAL_CHANNEL] = g_signal_new ("channel", VGW_TYPE_HTTP_SERVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, VGW_TYPE_WS_CHANNEL);
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
    .limits = { .timeout_ms = settings->header_timeout_ms,
                .methods = "GET, HEAD",
                .max_body_bytes = 0 /* nothing here takes one */ },
    .capacity = settings->capacity,
  };

  self->origins = g_strdupv ((char **) settings->origins);
  self->engines = g_strdup (settings->engines);
  self->max_message_bytes = settings->max_message_bytes;
  self->idle_timeout_ms = settings->idle_timeout_ms;
  if (settings->serves_page)
    {
      self->files = vgw_web_files_new (settings->web_root, error);
      if (self->files == NULL)
        return NULL;
    }
  self->listener = vgw_http_listener_new (&listener_settings, vgw_http_soup_accept, self->soup, error);
  if (self->listener == NULL)
    return NULL;
  self->url = vgw_http_listener_get_url (self->listener);
  self->port = vgw_http_listener_get_port (self->listener);
  return g_steal_pointer (&self);
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
    vgw_ws_channel_close (channel, CLOSE_GOING_AWAY, "shutting down");
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
