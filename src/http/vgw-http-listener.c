#include "http/vgw-http-listener.h"

#include <libsoup/soup.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vgw-log.h"

#define ACCEPTS_PER_TURN 16       /* then the main loop has a turn */
#define ACCEPT_PAUSE_MS 250       /* after an error, usually no file descriptor left */
#define USER_TIMEOUT_MS 30000     /* unacknowledged bytes, or a closed window: tcp(7), TCP_USER_TIMEOUT */
#define SEND_BUFFER_BYTES 131072  /* the kernel would let it grow to 4 MiB for a client that does not read */
#define LINGER_MS 2000            /* a refused client has this long to read why */
#define DISCARD_BYTES 65536       /* and may send this much meanwhile */
#define WARN_INTERVAL_US (10 * G_USEC_PER_SEC)

struct _VgwHttpListener
{
  GSocket *socket;
  GSource *source;
  GSource *pause;
  guint max_connections;
  guint timeout_ms;
  guint16 port;
  GHashTable *connections; /* of VgwHttpConnection*, borrowed: an entry goes when its stream does */
  gint64 warned_at_us;     /* about being full */
  VgwHttpAcceptFunc callback;
  gpointer user_data;
};

/* Counted by references: of the stream (until it is gone) and of the address (which libsoup may keep longer). */
struct _VgwHttpConnection
{
  VgwHttpListener *listener; /* NULL once it or the stream is gone */
  GSocket *socket;
  char *remote_address;
  GSource *deadline;
};

/* A refused connection: what it still sends is thrown away, so that closing does not reset it. */
typedef struct
{
  GIOStream *stream; /* keeps the socket open */
  gsize n_discarded;
} Discard;

static G_DEFINE_QUARK (vgw-http-connection, connection)

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
connection_clear (gpointer data)
{
  VgwHttpConnection *self = data;

  clear_source (&self->deadline);
  g_clear_object (&self->socket);
  g_free (self->remote_address);
}

static void
connection_unref (gpointer data)
{
  g_rc_box_release_full (data, connection_clear);
}

static void
on_stream_gone (gpointer user_data, GObject *stream)
{
  VgwHttpConnection *self = user_data;

  clear_source (&self->deadline);
  if (self->listener != NULL)
    g_hash_table_remove (self->listener->connections, self);
  self->listener = NULL;
  connection_unref (self);
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwHttpConnection *self = user_data;

  vgw_debug (NULL, "http: %s took too long, cut off", self->remote_address);
  clear_source (&self->deadline);
  /* whoever reads or writes sees the end of the stream and gives it up */
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
set_socket_options (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
}

static void
accept_socket (VgwHttpListener *self, GSocket *socket, GSocketAddress *local, GSocketAddress *remote)
{
  g_autoptr (GSocketConnection) stream = NULL;
  VgwHttpConnection *connection = g_rc_box_new0 (VgwHttpConnection);

  set_socket_options (socket);
  stream = g_socket_connection_factory_create_connection (socket);
  connection->listener = self;
  connection->socket = g_object_ref (socket);
  connection->remote_address = vgw_http_address_to_string (remote);
  g_hash_table_add (self->connections, connection);
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, connection);
  g_object_set_qdata_full (G_OBJECT (remote), connection_quark (), g_rc_box_acquire (connection), connection_unref);
  vgw_http_connection_set_deadline (connection, self->timeout_ms);
  self->callback (stream, local, remote, self->user_data);
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
      vgw_warning (NULL, "http: %u connections are open, the bound of http.max-connections: further ones get a 503",
                   self->max_connections);
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
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;

  if (socket == NULL)
    return FALSE;
  if (g_hash_table_size (self->connections) >= self->max_connections)
    {
      turn_away (self, socket);
      return TRUE;
    }
  local = g_socket_get_local_address (socket, NULL);
  remote = g_socket_get_remote_address (socket, NULL);
  /* without an address the client has already gone */
  if (local != NULL && remote != NULL)
    accept_socket (self, socket, local, remote);
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

static gboolean
on_discard (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Discard *self = user_data;
  char data[4096];
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive (socket, data, sizeof data, NULL, &error);

  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  self->n_discarded += MAX (n, 0);
  return n > 0 && self->n_discarded < DISCARD_BYTES;
}

static void
discard_free (gpointer data)
{
  Discard *self = data;

  g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->stream);
  g_free (self);
}

VgwHttpListener *
vgw_http_listener_new (const char *address, guint16 port, guint max_connections, guint timeout_ms,
                       VgwHttpAcceptFunc callback, gpointer user_data, GError **error)
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
  self->timeout_ms = timeout_ms;
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
    ((VgwHttpConnection *) connection)->listener = NULL;
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

guint
vgw_http_listener_get_n_connections (VgwHttpListener *self)
{
  return g_hash_table_size (self->connections);
}

VgwHttpConnection *
vgw_http_connection_from_address (GSocketAddress *remote_address)
{
  return remote_address != NULL ? g_object_get_qdata (G_OBJECT (remote_address), connection_quark ()) : NULL;
}

void
vgw_http_connection_set_deadline (VgwHttpConnection *self, guint timeout_ms)
{
  clear_source (&self->deadline);
  if (timeout_ms == 0)
    return;
  self->deadline = g_timeout_source_new (timeout_ms);
  g_source_set_callback (self->deadline, on_deadline, self, NULL);
  g_source_attach (self->deadline, g_main_context_get_thread_default ());
}

void
vgw_http_connection_refuse (VgwHttpConnection *self, GIOStream *stream, guint status, const char *header,
                            const char *text)
{
  g_autofree char *answer =
      g_strdup_printf ("HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\n%s%s\r\n%s",
                       status, soup_status_get_phrase (status), strlen (text), header != NULL ? header : "",
                       header != NULL ? "\r\n" : "", text);
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  g_autoptr (GSource) source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  Discard *discard = g_new0 (Discard, 1);

  /* the first bytes on this socket: they fit the kernel's buffer, or the client is not worth the trouble */
  g_pollable_output_stream_write_nonblocking (output, answer, strlen (answer), NULL, NULL);
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  vgw_http_connection_set_deadline (self, LINGER_MS);
  discard->stream = g_object_ref (stream);
  g_source_set_callback (source, (GSourceFunc) (void *) on_discard, discard, discard_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

GSocket *
vgw_http_connection_get_socket (VgwHttpConnection *self)
{
  return self->socket;
}

char *
vgw_http_address_to_string (GSocketAddress *address)
{
  static const guint8 v4_prefix[12] = { [10] = 0xff, [11] = 0xff }; /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */
  g_autoptr (GInetAddress) v4 = NULL;
  GInetAddress *host;
  const guint8 *bytes;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("unknown");
  host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  bytes = g_inet_address_to_bytes (host);
  if (g_inet_address_get_family (host) != G_SOCKET_FAMILY_IPV6 || memcmp (bytes, v4_prefix, sizeof v4_prefix) != 0)
    return g_inet_address_to_string (host);
  v4 = g_inet_address_new_from_bytes (bytes + sizeof v4_prefix, G_SOCKET_FAMILY_IPV4);
  return g_inet_address_to_string (v4);
}
