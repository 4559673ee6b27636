#include "engine/vgw-engine-link-private.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-source.h"
#include "net/vgw-tls.h"

#define CLOSE_TIMEOUT_MS 1000
/* Small, so that what a stalled bot does not take is noticed by us, and not stored in the kernel, which doubles it. */
#define SEND_BUFFER_BYTES (32 * 1024)
#define DEFAULT_WS_PORT 80
#define DEFAULT_WSS_PORT 443

G_DEFINE_FINAL_TYPE (VgwEngineLink, vgw_engine_link, G_TYPE_OBJECT)

enum
{
  SIGNAL_OPENED,
  SIGNAL_FRAME,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
vgw_engine_link_emit_frame (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length)
{
  if (!self->is_over)
    g_signal_emit (self, signals[SIGNAL_FRAME], 0, is_text, data, (gulong) length);
}

static void
set_timer (VgwEngineLink *self, guint timeout_ms, GSourceFunc func)
{
  vgw_source_clear (&self->timer);
  self->timer = vgw_source_start_timer (timeout_ms, func, self);
}

/* Lets go of the socket. Not by g_io_stream_close (), which may wait for TLS. */
static void
drop_socket (VgwEngineLink *self)
{
  g_cancellable_cancel (self->cancellable);
  vgw_source_clear (&self->timer);
  vgw_source_clear (&self->read_source);
  vgw_source_clear (&self->write_source);
  if (self->connection != NULL)
    g_socket_close (g_socket_connection_get_socket (self->connection), NULL);
  g_clear_object (&self->connection);
}

void
vgw_engine_link_end (VgwEngineLink *self, VgwEngineLinkEnd how, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (VgwEngineLink) keep = g_object_ref (self);

  drop_socket (self);
  if (self->is_over)
    return;
  self->is_over = TRUE;
  self->is_open = FALSE;
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, (int) how, owned);
}

/* The url without its query, which may hold a secret. */
static GError *
make_error (VgwEngineLink *self, const char *what, const char *why)
{
  const char *url = self->config->url;

  return g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s, %.*s: %s: %s", self->config->name,
                      (int) strcspn (url, "?"), url, what, why);
}

void
vgw_engine_link_fail (VgwEngineLink *self, const char *what, const char *why)
{
  vgw_engine_link_end (self, VGW_ENGINE_LINK_FAILED, make_error (self, what, why));
}

void
vgw_engine_link_lose (VgwEngineLink *self, const char *why)
{
  vgw_engine_link_end (self, VGW_ENGINE_LINK_ENDED, make_error (self, "the connection was lost", why));
}

void
vgw_engine_link_set_open (VgwEngineLink *self)
{
  vgw_source_clear (&self->timer);
  self->is_open = TRUE;
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void
tune_socket (VgwEngineLink *self, GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  /* tcp(7): also for bytes that wait for a window, which is what a bot that does not read looks like */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) self->config->stall_ms, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
}

static void
begin (VgwEngineLink *self)
{
  vgw_engine_link_watch_reading (self);
  if (self->ws != NULL)
    {
      g_autofree char *request = vgw_ws_handshake_make_request (self->ws);
      vgw_engine_link_queue_bytes (self, request, strlen (request));
    }
  else
    vgw_engine_link_set_open (self);
}

static void
on_handshaken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = vgw_tls_handshake_finish (result, &error);

  if (self->is_over)
    return;
  self->connection = g_steal_pointer (&connection);
  if (self->connection != NULL)
    begin (self);
  else
    vgw_engine_link_fail (self, "cannot connect", error->message);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (self->is_over)
    return;
  if (connection == NULL)
    {
      vgw_engine_link_fail (self, "cannot connect", error->message);
      return;
    }
  tune_socket (self, g_socket_connection_get_socket (connection));
  if (vgw_tls_is_wanted (self->config->url))
    {
      vgw_tls_handshake_async (connection, self->address, self->config->authorities, self->cancellable, on_handshaken,
                               g_object_ref (self));
      return;
    }
  self->connection = g_steal_pointer (&connection);
  begin (self);
}

static void
connect_socket (VgwEngineLink *self)
{
  const char *url = self->config->url;
  gboolean is_tls = vgw_tls_is_wanted (url);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnectable *address;

  address = g_network_address_parse_uri (url, is_tls ? DEFAULT_WSS_PORT : DEFAULT_WS_PORT, &error);
  if (address == NULL) /* not with a configuration that has been checked; the timer tells of it */
    return;
  g_socket_client_set_enable_proxy (client, FALSE);
  self->address = G_NETWORK_ADDRESS (address);
  g_socket_client_connect_async (client, address, self->cancellable, on_connected, g_object_ref (self));
}

/* --- the object --------------------------------------------------------------------------------------------------- */

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
  g_clear_object (&self->address);
  g_byte_array_unref (self->unsent);
  g_clear_error (&self->write_error);
  vgw_engine_config_free (self->config);
  vgw_ws_handshake_free (self->ws);
  G_OBJECT_CLASS (vgw_engine_link_parent_class)->finalize (object);
}

static void
vgw_engine_link_class_init (VgwEngineLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_engine_link_dispose;
  G_OBJECT_CLASS (klass)->finalize = vgw_engine_link_finalize;
  signals[SIGNAL_OPENED] =
      g_signal_new ("opened", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FRAME] = g_signal_new ("frame", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 3, G_TYPE_BOOLEAN, G_TYPE_POINTER, G_TYPE_ULONG);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", VGW_TYPE_ENGINE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
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

  vgw_engine_link_fail (self, "cannot connect", "no answer in time");
  return G_SOURCE_REMOVE;
}

static const char *
null_if_empty (const char *text)
{
  return *text != '\0' ? text : NULL;
}

/* A bot may send as much at once as the playout queue takes. */
static gsize
compute_max_binary_bytes (const VgwEngineConfig *config)
{
  const guint64 queue_bytes = (guint64) config->max_playout_ms * config->sample_rate_hz * sizeof (gint16) / 1000;

  return (gsize) MAX (queue_bytes, VGW_ENGINE_LINK_MIN_FRAME_BYTES);
}

/* What is no audio in base64 is refused above VGW_DIALECT_MAX_TEXT_BYTES by the dialect, and costs its frame only. */
static gsize
compute_max_text_bytes (const VgwEngineConfig *config, const VgwDialect *dialect)
{
  if (!dialect->has_audio_in_text)
    return VGW_ENGINE_LINK_MIN_FRAME_BYTES;
  return compute_max_binary_bytes (config) / 3 * 4 + VGW_DIALECT_MAX_TEXT_BYTES;
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
  /* what was kept while there was no connection is handed over in one go, in base64 at the worst */
  self->max_unsent_bytes = VGW_ENGINE_LINK_MAX_UNSENT_BYTES
                           + (gsize) config->sample_rate_hz * sizeof (gint16) * config->buffer_ms / 1000 * 3 / 2;
  if (!dialect->is_stream)
    self->ws = vgw_ws_handshake_new (config->url, dialect->subprotocol, null_if_empty (config->authorization),
                                     compute_max_text_bytes (config, dialect), compute_max_binary_bytes (config));
  set_timer (self, timeout_ms, on_connect_timeout);
  connect_socket (self);
  return self;
}

gboolean
vgw_engine_link_is_open (VgwEngineLink *self)
{
  return self->is_open;
}

void
vgw_engine_link_set_may_read_func (VgwEngineLink *self, VgwEngineLinkMayReadFunc func, gpointer user_data)
{
  self->may_read = func;
  self->may_read_data = user_data;
}

gboolean
vgw_engine_link_send (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length)
{
  if (!self->is_open || self->unsent->len > self->max_unsent_bytes)
    return FALSE;
  if (self->ws != NULL)
    vgw_engine_link_queue_frame (self, is_text ? VGW_WS_TEXT : VGW_WS_BINARY, data, length);
  else
    vgw_engine_link_queue_bytes (self, data, length);
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
    vgw_engine_link_queue_close (self, VGW_ENGINE_LINK_CLOSE_NORMAL, NULL);
  else
    vgw_engine_link_write_more (self);
}
