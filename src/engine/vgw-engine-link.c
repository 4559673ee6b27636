#include "engine/vgw-engine-link.h"

#include <libsoup/soup.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/vgw-error.h"

#define CLOSE_TIMEOUT_MS 1000
#define PING_INTERVAL_S 5 /* a bot whose machine has gone is noticed by the missing acknowledgements */
#define USER_TIMEOUT_MS 10000
#define READ_BYTES 16384
/* Small, so that what a stalled bot does not take is noticed by us, and not stored in the kernel. The kernel doubles it. */
#define SEND_BUFFER_BYTES VGW_ENGINE_LINK_MAX_UNSENT_BYTES

struct _VgwEngineLink
{
  GObject parent_instance;

  const VgwEngineConfig *config;
  const VgwDialect *dialect;
  GCancellable *cancellable;
  GSource *connect_timer;
  gboolean is_open;
  gboolean is_over; /* "closed" was emitted, or close () called */

  /* WebSocket */
  SoupSession *session;
  SoupWebsocketConnection *websocket;

  /* TCP */
  GSocketConnection *connection;
  GByteArray *unsent; /* not yet taken by the kernel */
  GSource *write_source;
  guint8 *read_buffer;
};

G_DEFINE_FINAL_TYPE (VgwEngineLink, vgw_engine_link, G_TYPE_OBJECT)

enum
{
  SIGNAL_OPENED,
  SIGNAL_FRAME,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
drop_sockets (VgwEngineLink *self)
{
  g_cancellable_cancel (self->cancellable);
  clear_source (&self->connect_timer);
  clear_source (&self->write_source);
  if (self->websocket != NULL)
    g_signal_handlers_disconnect_by_data (self->websocket, self);
  if (self->session != NULL)
    soup_session_abort (self->session);
  g_clear_object (&self->websocket);
  g_clear_object (&self->session);
  if (self->connection != NULL)
    g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL); /* a socket: this does not wait */
  g_clear_object (&self->connection);
}

/* Takes @error (nullable). */
static void
end (VgwEngineLink *self, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (VgwEngineLink) keep = g_object_ref (self);

  if (self->is_over)
    return;
  self->is_over = TRUE;
  self->is_open = FALSE;
  drop_sockets (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, owned);
}

static void
set_open (VgwEngineLink *self)
{
  clear_source (&self->connect_timer);
  self->is_open = TRUE;
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
}

static GError *
wrap_error (VgwEngineLink *self, const char *what, const char *reason)
{
  return g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s, %s: %s: %s", self->config->name, self->config->url, what,
                      reason);
}

static void
tune_socket (GSocket *socket)
{
  const int no_delay = 1, user_timeout_ms = USER_TIMEOUT_MS, buffer_bytes = SEND_BUFFER_BYTES;
  int fd = g_socket_get_fd (socket);

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
}

/* --- WebSocket ------------------------------------------------------------------------------------------------------ */

/* The socket below the WebSocket, through TLS or not. (transfer none) (nullable) */
static GSocket *
get_websocket_socket (VgwEngineLink *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->websocket);
  g_autoptr (GIOStream) base = NULL;

  if (stream != NULL && G_IS_TLS_CONNECTION (stream))
    {
      g_object_get (stream, "base-io-stream", &base, NULL);
      stream = base;
    }
  if (stream == NULL || !G_IS_SOCKET_CONNECTION (stream))
    return NULL;
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
}

static void
on_websocket_message (SoupWebsocketConnection *websocket, int type, GBytes *message, VgwEngineLink *self)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (message, &length);
  g_autoptr (VgwEngineLink) keep = g_object_ref (self);

  if (!self->is_over)
    g_signal_emit (self, signals[SIGNAL_FRAME], 0, type == SOUP_WEBSOCKET_DATA_TEXT, data, length);
}

static void
on_websocket_error (SoupWebsocketConnection *websocket, GError *error, VgwEngineLink *self)
{
  end (self, wrap_error (self, "the connection failed", error->message));
}

static void
on_websocket_closed (SoupWebsocketConnection *websocket, VgwEngineLink *self)
{
  guint16 code = soup_websocket_connection_get_close_code (websocket);

  /* without a status is in good order too: what close () sends in JavaScript */
  if (code == SOUP_WEBSOCKET_CLOSE_NORMAL || code == SOUP_WEBSOCKET_CLOSE_NO_STATUS)
    end (self, NULL);
  else
    end (self, wrap_error (self, "the connection was lost", code != 0 ? "closed by the engine" : "no closing frame"));
}

static void
on_websocket_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SoupWebsocketConnection) websocket
      = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);

  if (self->is_over)
    return;
  if (websocket == NULL)
    {
      end (self, wrap_error (self, "cannot connect", error->message));
      return;
    }
  self->websocket = g_steal_pointer (&websocket);
  soup_websocket_connection_set_max_incoming_payload_size (self->websocket, VGW_ENGINE_LINK_MAX_FRAME_BYTES);
  soup_websocket_connection_set_keepalive_interval (self->websocket, PING_INTERVAL_S);
  g_signal_connect (self->websocket, "message", G_CALLBACK (on_websocket_message), self);
  g_signal_connect (self->websocket, "error", G_CALLBACK (on_websocket_error), self);
  g_signal_connect (self->websocket, "closed", G_CALLBACK (on_websocket_closed), self);
  if (get_websocket_socket (self) != NULL)
    tune_socket (get_websocket_socket (self));
  set_open (self);
}

static void
connect_websocket (VgwEngineLink *self)
{
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, self->config->url);
  char *protocols[] = { (char *) self->dialect->subprotocol, NULL };

  if (message == NULL)
    {
      end (self, wrap_error (self, "cannot connect", "the url is malformed"));
      return;
    }
  self->session = soup_session_new ();
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER); /* no deflate */
  if (*self->config->authorization != '\0')
    soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                  self->config->authorization);
  soup_session_websocket_connect_async (self->session, message, NULL,
                                        self->dialect->subprotocol != NULL ? protocols : NULL, G_PRIORITY_DEFAULT,
                                        self->cancellable, on_websocket_connected, g_object_ref (self));
}

/* --- TCP ------------------------------------------------------------------------------------------------------------ */

static void read_more (VgwEngineLink *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (self->is_over)
    return;
  if (length > 0)
    {
      g_signal_emit (self, signals[SIGNAL_FRAME], 0, FALSE, self->read_buffer, (gsize) length);
      read_more (self);
    }
  else
    end (self, length == 0 ? NULL : wrap_error (self, "the connection failed", error->message));
}

static void
read_more (VgwEngineLink *self)
{
  if (self->is_over)
    return;
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->read_buffer,
                             READ_BYTES, G_PRIORITY_DEFAULT, self->cancellable, on_read, g_object_ref (self));
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  VgwEngineLink *self = user_data;
  g_autoptr (VgwEngineLink) keep = g_object_ref (self);
  GError *error = NULL;
  gssize length = g_socket_send (socket, (const char *) self->unsent->data, self->unsent->len, NULL, &error);

  if (length > 0)
    g_byte_array_remove_range (self->unsent, 0, length);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  if (error != NULL)
    {
      g_autoptr (GError) owned = error;
      end (self, wrap_error (self, "the connection failed", owned->message));
      return G_SOURCE_REMOVE;
    }
  if (self->unsent->len > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->write_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
write_more (VgwEngineLink *self)
{
  if (self->write_source != NULL)
    return;
  self->write_source = g_socket_create_source (g_socket_connection_get_socket (self->connection), G_IO_OUT, NULL);
  g_source_set_callback (self->write_source, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->write_source, g_main_context_get_thread_default ());
}

static void
on_tcp_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_uri_finish (G_SOCKET_CLIENT (source), result, &error);

  if (self->is_over)
    return;
  if (connection == NULL)
    {
      end (self, wrap_error (self, "cannot connect", error->message));
      return;
    }
  self->connection = g_steal_pointer (&connection);
  self->read_buffer = g_malloc (READ_BYTES);
  g_socket_set_blocking (g_socket_connection_get_socket (self->connection), FALSE);
  tune_socket (g_socket_connection_get_socket (self->connection));
  set_open (self);
  read_more (self);
}

static void
connect_tcp (VgwEngineLink *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_connect_to_uri_async (client, self->config->url, 0, self->cancellable, on_tcp_connected,
                                        g_object_ref (self));
}

/* --- the object ----------------------------------------------------------------------------------------------------- */

static void
vgw_engine_link_dispose (GObject *object)
{
  VgwEngineLink *self = VGW_ENGINE_LINK (object);

  self->is_over = TRUE;
  drop_sockets (self);
  G_OBJECT_CLASS (vgw_engine_link_parent_class)->dispose (object);
}

static void
vgw_engine_link_finalize (GObject *object)
{
  VgwEngineLink *self = VGW_ENGINE_LINK (object);

  g_object_unref (self->cancellable);
  g_byte_array_unref (self->unsent);
  g_free (self->read_buffer);
  G_OBJECT_CLASS (vgw_engine_link_parent_class)->finalize (object);
}

static void
vgw_engine_link_class_init (VgwEngineLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_engine_link_dispose;
  G_OBJECT_CLASS (klass)->finalize = vgw_engine_link_finalize;
  signals[SIGNAL_OPENED] = g_signal_new ("opened", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
  signals[SIGNAL_FRAME] = g_signal_new ("frame", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 3, G_TYPE_BOOLEAN, G_TYPE_POINTER, G_TYPE_ULONG);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
vgw_engine_link_init (VgwEngineLink *self)
{
  self->cancellable = g_cancellable_new ();
  self->unsent = g_byte_array_new ();
}

static gboolean
on_connect_timeout (gpointer user_data)
{
  VgwEngineLink *self = user_data;

  end (self, wrap_error (self, "cannot connect", "no answer in time"));
  return G_SOURCE_REMOVE;
}

VgwEngineLink *
vgw_engine_link_new (const VgwEngineConfig *config, const VgwDialect *dialect)
{
  VgwEngineLink *self = g_object_new (VGW_TYPE_ENGINE_LINK, NULL);

  self->config = config;
  self->dialect = dialect;
  self->connect_timer = g_timeout_source_new (config->connect_timeout_ms);
  g_source_set_callback (self->connect_timer, on_connect_timeout, self, NULL);
  g_source_attach (self->connect_timer, g_main_context_get_thread_default ());
  if (dialect->is_stream)
    connect_tcp (self);
  else
    connect_websocket (self);
  return self;
}

gboolean
vgw_engine_link_is_open (VgwEngineLink *self)
{
  return self->is_open;
}

gsize
vgw_engine_link_get_unsent_bytes (VgwEngineLink *self)
{
  GSocket *socket = self->websocket != NULL    ? get_websocket_socket (self)
                    : self->connection != NULL ? g_socket_connection_get_socket (self->connection)
                                               : NULL;
  int n_queued = 0;

  if (socket != NULL)
    ioctl (g_socket_get_fd (socket), SIOCOUTQ, &n_queued);
  return self->unsent->len + MAX (n_queued, 0);
}

gboolean
vgw_engine_link_send (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length)
{
  /* libsoup's own queue has no bound and cannot be seen; it stays empty as long as the kernel's has room */
  if (!self->is_open || vgw_engine_link_get_unsent_bytes (self) > VGW_ENGINE_LINK_MAX_UNSENT_BYTES)
    return FALSE;
  if (self->websocket != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, length);
      soup_websocket_connection_send_message (
          self->websocket, is_text ? SOUP_WEBSOCKET_DATA_TEXT : SOUP_WEBSOCKET_DATA_BINARY, bytes);
    }
  else
    {
      g_byte_array_append (self->unsent, data, length);
      write_more (self);
    }
  return TRUE;
}

/* Keeps the closing link alive until the bot has answered, or the time is over. */
static gboolean
on_close_timeout (gpointer user_data)
{
  VgwEngineLink *self = user_data;

  drop_sockets (self);
  return G_SOURCE_REMOVE;
}

void
vgw_engine_link_close (VgwEngineLink *self)
{
  if (self->is_over)
    return;
  self->is_over = TRUE;
  clear_source (&self->connect_timer);
  if (!self->is_open)
    {
      drop_sockets (self);
      return;
    }
  self->is_open = FALSE;
  if (self->websocket != NULL && soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->websocket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  g_autoptr (GSource) timer = g_timeout_source_new (CLOSE_TIMEOUT_MS);
  g_source_set_callback (timer, on_close_timeout, g_object_ref (self), g_object_unref);
  g_source_attach (timer, g_main_context_get_thread_default ());
}
