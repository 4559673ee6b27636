#include "http/vgw-http-listener.h"

#include <string.h>
#include <sys/socket.h>

#include "base/vgw-log.h"

#define ACCEPTS_PER_TURN 16 /* then the main loop has a turn */
#define ACCEPT_PAUSE_MS 250 /* after an error, usually no file descriptor left */
#define WARN_INTERVAL_US (10 * G_USEC_PER_SEC)

struct _VgwHttpListener
{
  GSocket *socket;
  GSource *source; /* NULL during a pause */
  GSource *pause;  /* always there; its ready time ends a pause */
  guint max_connections;
  VgwHttpConnectionLimits limits;
  guint16 port;
  GHashTable *connections; /* of VgwHttpConnection*, each until it is gone */
  gint64 warned_at_us;     /* about being full */
  VgwHttpReadyFunc callback;
  gpointer user_data;
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
on_gone (VgwHttpConnection *connection, gpointer user_data)
{
  VgwHttpListener *self = user_data;

  g_hash_table_remove (self->connections, connection);
}

static void
on_ready (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address, gpointer user_data)
{
  VgwHttpListener *self = user_data;

  self->callback (stream, local_address, remote_address, self->user_data);
}

/* One small write and out: a client beyond the bound gets no time at all. */
static void
turn_away (VgwHttpListener *self, GSocket *socket)
{
  static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 21\r\n\r\ntoo many connections\n";
  gint64 now_us = g_get_monotonic_time ();

  if (self->warned_at_us == 0 || now_us - self->warned_at_us > WARN_INTERVAL_US)
    {
      vgw_warning (NULL, "http: port %u: %u connections are open, as many as it takes: further ones get a 503",
                   self->port, self->max_connections);
      self->warned_at_us = now_us;
    }
  g_socket_set_blocking (socket, FALSE);
  g_socket_send (socket, answer, sizeof answer - 1, NULL, NULL);
  g_socket_close (socket, NULL);
}

static gboolean
accept_one (VgwHttpListener *self, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_accept (self->socket, NULL, error);
  VgwHttpConnection *connection;

  if (socket == NULL)
    return FALSE;
  if (g_hash_table_size (self->connections) >= self->max_connections)
    {
      turn_away (self, socket);
      return TRUE;
    }
  connection = vgw_http_connection_new (socket, &self->limits, on_ready, on_gone, self);
  if (connection != NULL)
    g_hash_table_add (self->connections, connection);
  return TRUE;
}

static gboolean
on_incoming (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwHttpListener *self = user_data;

  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      g_autoptr (GError) error = NULL;

      if (accept_one (self, &error))
        continue;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
      /* the socket stays readable: without a pause the main loop would do nothing else */
      vgw_warning (NULL, "http: cannot accept a connection: %s", error->message);
      g_source_set_ready_time (self->pause, g_get_monotonic_time () + ACCEPT_PAUSE_MS * 1000);
      clear_source (&self->source);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
watch (VgwHttpListener *self)
{
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, (GSourceFunc) (void *) on_incoming, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static gboolean
on_pause_over (gpointer user_data)
{
  VgwHttpListener *self = user_data;

  g_source_set_ready_time (self->pause, -1);
  watch (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_pause (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSource *
pause_source_new (VgwHttpListener *self)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_pause };
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_callback (source, on_pause_over, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static GSocket *
listen_on (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, SOMAXCONN);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

VgwHttpListener *
vgw_http_listener_new (const char *address, guint16 port, guint max_connections, const VgwHttpConnectionLimits *limits,
                       VgwHttpReadyFunc callback, gpointer user_data, GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocketAddress) real = NULL;
  g_autoptr (GSocket) socket = NULL;
  VgwHttpListener *self;

  if (wanted == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is no IP address to listen on", address);
      return NULL;
    }
  socket = listen_on (wanted, error);
  if (socket != NULL)
    real = g_socket_get_local_address (socket, error);
  if (real == NULL)
    {
      g_prefix_error (error, "listening on %s port %u: ", address, port);
      return NULL;
    }

  self = g_new0 (VgwHttpListener, 1);
  self->socket = g_steal_pointer (&socket);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (real));
  self->max_connections = max_connections;
  self->limits = *limits;
  self->connections = g_hash_table_new (NULL, NULL);
  self->callback = callback;
  self->user_data = user_data;
  self->pause = pause_source_new (self);
  watch (self);
  return self;
}

void
vgw_http_listener_free (VgwHttpListener *self)
{
  GHashTableIter iter;
  gpointer connection;

  if (self == NULL)
    return;
  clear_source (&self->source);
  clear_source (&self->pause);
  g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    vgw_http_connection_detach (connection);
  g_hash_table_unref (self->connections);
  g_free (self);
}

guint16
vgw_http_listener_get_port (VgwHttpListener *self)
{
  return self->port;
}

char *
vgw_http_listener_get_url (VgwHttpListener *self)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->socket, NULL);
  GInetAddress *host = address != NULL ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)) : NULL;
  gboolean is_v6 = host != NULL && g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6;
  g_autofree char *text = NULL;

  if (host == NULL || g_inet_address_get_is_any (host))
    text = g_strdup (is_v6 ? "::1" : "127.0.0.1");
  else
    text = g_inet_address_to_string (host);
  return g_strdup_printf (is_v6 ? "http://[%s]:%u/" : "http://%s:%u/", text, self->port);
}
