#include "engine/vgw-engine-link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/vgw-error.h"
#include "engine/vgw-engine-ws.h"

#define CLOSE_TIMEOUT_MS 1000
#define READ_BYTES 16384
#define CLOSE_NORMAL 1000
#define CLOSE_NO_CODE 1005 /* RFC 6455 section 7.4.1: never sent */
#define PAUSE_MS 20 /* of reading, for a bot that floods */
/* Small, so that what a stalled bot does not take is noticed by us, and not stored in the kernel, which doubles it. */
#define SEND_BUFFER_BYTES (32 * 1024)
#define DEFAULT_WS_PORT 80
#define DEFAULT_WSS_PORT 443

struct _VgwEngineLink
{
  GObject parent_instance;

  VgwEngineConfig *config; /* a copy: a closing link outlives its call */
  const VgwDialect *dialect;
  GCancellable *cancellable; /* of connecting */
  GSource *timer;            /* until it is open, and while it closes */
  GSocketConnection *connection;
  VgwEngineWs *ws; /* NULL for a TCP stream */
  gboolean is_open;
  gboolean is_over; /* "closed" was emitted, or close () called */

  GSource *read_source; /* or, while a flood waits, the timer that brings it back */
  gint64 credit_bytes;  /* that may be read now */
  gint64 credited_at_us;

  GSource *write_source; /* while `unsent` waits for room */
  GByteArray *unsent;
  GError *write_error; /* (nullable) */
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
set_timer (VgwEngineLink *self, guint timeout_ms, GSourceFunc func)
{
  clear_source (&self->timer);
  self->timer = g_timeout_source_new (timeout_ms);
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/* Lets go of the socket. Not by g_io_stream_close (), which may wait for TLS. */
static void
drop_socket (VgwEngineLink *self)
{
  g_cancellable_cancel (self->cancellable);
  clear_source (&self->timer);
  clear_source (&self->read_source);
  clear_source (&self->write_source);
  if (self->connection != NULL)
    g_socket_close (g_socket_connection_get_socket (self->connection), NULL);
  g_clear_object (&self->connection);
}

/* Takes @error (nullable). */
static void
end (VgwEngineLink *self, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (VgwEngineLink) keep = g_object_ref (self);

  drop_socket (self);
  if (self->is_over)
    return;
  self->is_over = TRUE;
  self->is_open = FALSE;
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, owned);
}

/* The url without its query, which may hold a secret. */
static void
fail (VgwEngineLink *self, const char *what, const char *why)
{
  const char *url = self->config->url;

  end (self, g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s, %.*s: %s: %s", self->config->name,
                          (int) strcspn (url, "?"), url, what, why));
}

static void
set_open (VgwEngineLink *self)
{
  clear_source (&self->timer);
  self->is_open = TRUE;
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void write_more (VgwEngineLink *self);

/* Told from the loop, not from within send (). */
static gboolean
on_write_failed (gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  fail (self, "the connection failed", self->write_error->message);
  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  clear_source (&self->write_source);
  write_more (self);
  return G_SOURCE_REMOVE;
}

/* A half of a closing TCP stream, when its last byte is out. */
static void
finish_writing (VgwEngineLink *self)
{
  if (self->is_over && self->ws == NULL)
    g_socket_shutdown (g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
}

/* Hands `unsent` to the kernel as far as it takes it. */
static void
write_more (VgwEngineLink *self)
{
  GPollableOutputStream *stream = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)));
  g_autoptr (GError) error = NULL;

  while (self->unsent->len > 0 && self->write_source == NULL)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (stream, self->unsent->data, self->unsent->len, NULL, &error);

      if (n >= 0)
        {
          g_byte_array_remove_range (self->unsent, 0, n);
          continue;
        }
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          self->write_source = g_pollable_output_stream_create_source (stream, NULL);
          g_source_set_callback (self->write_source, G_SOURCE_FUNC (on_writable), self, NULL);
        }
      else
        {
          self->write_error = g_steal_pointer (&error);
          self->write_source = g_timeout_source_new (0);
          g_source_set_callback (self->write_source, on_write_failed, self, NULL);
        }
      g_source_attach (self->write_source, g_main_context_get_thread_default ());
    }
  if (self->unsent->len == 0)
    finish_writing (self);
}

static void
queue_bytes (VgwEngineLink *self, gconstpointer data, gsize length)
{
  g_byte_array_append (self->unsent, data, length);
  if (self->write_source == NULL)
    write_more (self);
}

static void
queue_frame (VgwEngineLink *self, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GBytes) frame = vgw_engine_ws_make_frame (self->ws, opcode, data, length);

  queue_bytes (self, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

static void
queue_close (VgwEngineLink *self, guint16 code)
{
  const guint8 payload[] = { code >> 8, code & 0xff };

  queue_frame (self, VGW_WS_CLOSE, payload, sizeof payload);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* The bot closes. Section 7.1.5 and 7.4.1: 1000, or no code at all, is good order. */
static void
handle_close (VgwEngineLink *self, const VgwWsMessage *message)
{
  guint code = message->length >= 2 ? message->data[0] << 8 | message->data[1] : CLOSE_NO_CODE;
  g_autofree char *why = g_strdup_printf ("closed by the bot with %u", code);

  if (!self->is_over)
    queue_frame (self, VGW_WS_CLOSE, message->data, MIN (message->length, 2));
  if (code == CLOSE_NO_CODE || code == CLOSE_NORMAL)
    end (self, NULL);
  else
    fail (self, "the connection was lost", why);
}

static void
handle_message (VgwEngineLink *self, const VgwWsMessage *message)
{
  switch (message->opcode)
    {
    case VGW_WS_TEXT:
    case VGW_WS_BINARY:
      if (!self->is_over)
        g_signal_emit (self, signals[SIGNAL_FRAME], 0, message->opcode == VGW_WS_TEXT, message->data,
                       (gulong) message->length);
      break;
    case VGW_WS_CLOSE:
      handle_close (self, message);
      break;
    case VGW_WS_PING:
      /* a bot that pings and does not read gets no more answers than it has room for */
      if (self->unsent->len < VGW_ENGINE_LINK_MAX_UNSENT_BYTES)
        queue_frame (self, VGW_WS_PONG, message->data, message->length);
      break;
    case VGW_WS_PONG:
      break;
    }
}

static void
take_websocket_bytes (VgwEngineLink *self, const guint8 *data, gsize length)
{
  while (length > 0 && self->connection != NULL)
    {
      g_autoptr (GError) error = NULL;
      VgwWsMessage message;
      gsize n_taken = 0;
      guint16 code;

      switch (vgw_engine_ws_read (self->ws, data, length, &n_taken, &message, &error))
        {
        case VGW_ENGINE_WS_MORE:
          return;
        case VGW_ENGINE_WS_OPENED:
          if (!self->is_over)
            set_open (self);
          break;
        case VGW_ENGINE_WS_MESSAGE:
          handle_message (self, &message);
          break;
        case VGW_ENGINE_WS_FAILED:
          code = vgw_engine_ws_get_close_code (self->ws);
          if (code != 0 && !self->is_over)
            queue_close (self, code);
          fail (self, self->is_open ? "the connection was lost" : "cannot connect", error->message);
          return;
        }
      data += n_taken;
      length -= n_taken;
    }
}

/* The stream has ended. */
static void
handle_eof (VgwEngineLink *self)
{
  if (self->ws == NULL)
    end (self, NULL);
  else if (self->is_open)
    fail (self, "the connection was lost", "it ended without a closing frame");
  else
    fail (self, "cannot connect", "the connection was closed during the handshake");
}

static void watch_reading (VgwEngineLink *self);

static gboolean
on_pause_over (gpointer user_data)
{
  VgwEngineLink *self = user_data;

  clear_source (&self->read_source);
  watch_reading (self);
  return G_SOURCE_REMOVE;
}

/* A bucket of bytes that fills at the rate, up to the burst. FALSE where nothing may be read now. */
static gboolean
has_credit (VgwEngineLink *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 fresh = (now_us - self->credited_at_us) * VGW_ENGINE_LINK_MAX_BYTES_PER_S / G_USEC_PER_SEC;

  self->credit_bytes = MIN (self->credit_bytes + fresh, VGW_ENGINE_LINK_MAX_BURST_BYTES);
  self->credited_at_us = now_us;
  return self->credit_bytes > 0;
}

/* One piece for each turn of the loop: the others have theirs in between. */
static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;
  guint8 data[READ_BYTES];
  gssize n;

  if (!has_credit (self))
    {
      clear_source (&self->read_source);
      self->read_source = g_timeout_source_new (PAUSE_MS);
      g_source_set_callback (self->read_source, on_pause_over, self, NULL);
      g_source_attach (self->read_source, g_main_context_get_thread_default ());
      return G_SOURCE_REMOVE;
    }
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), data, sizeof data, NULL, &error);
  if (n > 0)
    {
      self->credit_bytes -= n;
      if (self->ws != NULL)
        take_websocket_bytes (self, data, n);
      else if (!self->is_over)
        g_signal_emit (self, signals[SIGNAL_FRAME], 0, FALSE, data, (gulong) n);
    }
  else if (n == 0)
    handle_eof (self);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    fail (self, "the connection failed", error->message);
  return self->read_source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
watch_reading (VgwEngineLink *self)
{
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  self->read_source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (stream), NULL);
  g_source_set_callback (self->read_source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->read_source, g_main_context_get_thread_default ());
}

/* --- connecting ----------------------------------------------------------------------------------------------------- */

static void
tune_socket (VgwEngineLink *self)
{
  GSocket *socket = g_socket_connection_get_socket (self->connection);

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  /* tcp(7): also for bytes that wait for a window, which is what a bot that does not read looks like */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) self->config->stall_ms, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL || self->is_over)
    {
      g_clear_object (&connection);
      if (error != NULL && !self->is_over)
        fail (self, "cannot connect", error->message);
      return;
    }
  self->connection = connection;
  self->credit_bytes = VGW_ENGINE_LINK_MAX_BURST_BYTES;
  self->credited_at_us = g_get_monotonic_time ();
  tune_socket (self);
  watch_reading (self);
  if (self->ws != NULL)
    {
      g_autofree char *request = vgw_engine_ws_make_request (self->ws);
      queue_bytes (self, request, strlen (request));
    }
  else
    set_open (self);
}

static void
connect_socket (VgwEngineLink *self)
{
  const char *url = self->config->url;
  gboolean is_tls = g_str_has_prefix (url, "wss:");
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address
      = g_network_address_parse_uri (url, is_tls ? DEFAULT_WSS_PORT : DEFAULT_WS_PORT, &error);

  if (address == NULL) /* not with a configuration that has been checked; the timer tells of it */
    return;
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_tls (client, is_tls);
  g_socket_client_connect_async (client, address, self->cancellable, on_connected, g_object_ref (self));
}

/* --- the object ----------------------------------------------------------------------------------------------------- */

static void
vgw_engine_link_dispose (GObject *object)
{
  VgwEngineLink *self = VGW_ENGINE_LINK (object);

  self->is_over = TRUE;
  drop_socket (self);
  G_OBJECT_CLASS (vgw_engine_link_parent_class)->dispose (object);
}

static void
vgw_engine_link_finalize (GObject *object)
{
  VgwEngineLink *self = VGW_ENGINE_LINK (object);

  g_object_unref (self->cancellable);
  g_byte_array_unref (self->unsent);
  g_clear_error (&self->write_error);
  vgw_engine_config_free (self->config);
  vgw_engine_ws_free (self->ws);
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
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  fail (self, "cannot connect", "no answer in time");
  return G_SOURCE_REMOVE;
}

static const char *
null_if_empty (const char *text)
{
  return *text != '\0' ? text : NULL;
}

static void
on_link_gone (gpointer io, GObject *link)
{
  vgw_engine_io_release (io);
}

VgwEngineLink *
vgw_engine_link_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect, guint timeout_ms)
{
  VgwEngineLink *self = g_object_new (VGW_TYPE_ENGINE_LINK, NULL);

  vgw_engine_io_hold (io);
  g_object_weak_ref (G_OBJECT (self), on_link_gone, io);
  self->config = vgw_engine_config_copy (config);
  self->dialect = dialect;
  if (!dialect->is_stream)
    self->ws = vgw_engine_ws_new (config->url, dialect->subprotocol, null_if_empty (config->authorization),
                                  VGW_ENGINE_LINK_MAX_FRAME_BYTES);
  set_timer (self, timeout_ms, on_connect_timeout);
  connect_socket (self);
  return self;
}

gboolean
vgw_engine_link_is_open (VgwEngineLink *self)
{
  return self->is_open;
}

gboolean
vgw_engine_link_send (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length)
{
  if (!self->is_open || self->unsent->len > VGW_ENGINE_LINK_MAX_UNSENT_BYTES)
    return FALSE;
  if (self->ws != NULL)
    queue_frame (self, is_text ? VGW_WS_TEXT : VGW_WS_BINARY, data, length);
  else
    queue_bytes (self, data, length);
  return TRUE;
}

static gboolean
on_close_timeout (gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  drop_socket (self);
  return G_SOURCE_REMOVE;
}

/* What is queued goes out, and the bot's answer is waited for; the timer keeps the link alive meanwhile. */
void
vgw_engine_link_close (VgwEngineLink *self)
{
  if (self->is_over)
    return;
  self->is_over = TRUE;
  if (!self->is_open)
    {
      drop_socket (self);
      return;
    }
  self->is_open = FALSE;
  set_timer (self, CLOSE_TIMEOUT_MS, on_close_timeout);
  g_source_set_callback (self->timer, on_close_timeout, g_object_ref (self), g_object_unref);
  if (self->ws != NULL)
    queue_close (self, CLOSE_NORMAL);
  else
    write_more (self);
}
