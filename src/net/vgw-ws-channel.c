/* VgwWsParser parses, VgwReadMeter limits the rate, VgwWsOutput writes, and timers bound each phase. libsoup's own
 * class has no limit on fragments and none on its send queue, whose size is not accessible, buffers data after a
 * protocol error, and waits for ever for a peer that does not read its close frame (libsoup 3.2.3,
 * soup-websocket-connection.c). */
#include "net/vgw-ws-channel.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-dialler.h"
#include "net/vgw-ws-output.h"

#define READ_BYTES 16384                            /* per iteration of the main loop, so that all peers are served */
#define PINGS_PER_TIMEOUT 3                         /* two of them may be lost */
#define MIN_DELAY_US (20 * G_TIME_SPAN_MILLISECOND) /* of reading from a bot */

/* CONNECTING: name, TCP, TLS and handshake of a client → OPEN → CLOSING: our close frame is queued, the peer's is
 * awaited → LINGERING: everything is sent, and input is dropped until the peer closes → CLOSED. A socket that is closed
 * with unread bytes sends a reset, and the peer might not receive the close frame. */
typedef enum
{
  CHANNEL_CONNECTING,
  CHANNEL_OPEN,
  CHANNEL_CLOSING,
  CHANNEL_LINGERING,
  CHANNEL_CLOSED,
} ChannelState;

struct _VgwWsChannel
{
  GObject parent_instance;

  VgwWsChannelSettings settings;
  ChannelState state;
  VgwWsChannel *kept; /* a reference to itself from close () until it is closed */
  char *peer;
  GCancellable *dialling; /* NULL for a server */
  VgwWsParser *parser;    /* NULL for a stream */
  GIOStream *stream;      /* NULL before it is connected */
  GSocket *socket;
  VgwWsOutput output;
  GSource *deadline; /* of connecting, of closing */
  GSource *ping_timer;

  GSource *input_source;        /* or, while reading is paused, the timer that ends the pause */
  gboolean is_delayed, is_lost; /* is_lost: the peer has gone, and not in good order */
  VgwReadMeter meter;
  gint64 received_at_us;
  gsize n_after_close;
  guint16 failure_code; /* the close code of the peer's violation, 0 for none */
  guint n_delays;
};

const VgwWsChannelSettings vgw_ws_channel_server_defaults = {
  .role = VGW_WS_SERVER,
  .max_text_bytes = 65536,
  .max_binary_bytes = 65536,
  .max_queue_bytes = 256 * 1024,
  .max_bytes_after_close = 65536, /* what a client has under way */
  .close_timeout_ms = 3000,
  .idle_timeout_ms = 60000,
  .limits = { .max_frames_per_s = 200, .work_percent = 5, .work_burst_us = 250000 }, /* an offer, some large messages */
};

enum
{
  SIGNAL_OPENED,
  SIGNAL_MESSAGE,
  SIGNAL_BAD,
  SIGNAL_PONG,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwWsChannel, vgw_ws_channel, G_TYPE_OBJECT)

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Closes the socket. Not by g_io_stream_close (), which may wait for TLS. TRUE the first time. */
static gboolean
drop_socket (VgwWsChannel *self)
{
  if (self->state == CHANNEL_CLOSED)
    return FALSE;
  self->state = CHANNEL_CLOSED;
  g_cancellable_cancel (self->dialling);
  vgw_source_clear (&self->deadline);
  vgw_source_clear (&self->ping_timer);
  vgw_source_clear (&self->input_source);
  vgw_ws_output_clear (&self->output);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_clear_object (&self->stream);
  return TRUE;
}

/* Emits "closed". From the main loop only, so that no function of the channel emits it. May drop the last reference:
 * callers from a source hold one. */
static void
finish (VgwWsChannel *self, VgwWsEnd how, const GError *error)
{
  g_autoptr (VgwWsChannel) held = g_object_ref (self);

  if (!drop_socket (held))
    return;
  g_signal_emit (held, signals[SIGNAL_CLOSED], 0, (int) (held->is_lost ? VGW_WS_END_LOST : how), error);
  g_clear_object (&held->kept);
}

/* finish () with an error from @what and @why. While closing, the end is orderly. */
static void
finish_with (VgwWsChannel *self, VgwWsEnd how, const char *what, const char *why)
{
  g_autoptr (GError) error = g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "%s: %s: %s", self->peer, what, why);

  if (self->state == CHANNEL_CONNECTING || self->state == CHANNEL_OPEN)
    finish (self, how, error);
  else
    finish (self, VGW_WS_END_ORDERLY, NULL);
}

/* A reset, or TLS without a closing alert, is the end of the peer's process: lost, not failed. */
static void
finish_by_error (VgwWsChannel *self, const GError *error)
{
  if (self->state == CHANNEL_OPEN
      && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
          || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF)))
    finish_with (self, VGW_WS_END_LOST, "the connection was lost", error->message);
  else
    finish_with (self, VGW_WS_END_FAILED, "the connection failed", error->message);
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwWsChannel *self = user_data;

  if (self->state != CHANNEL_CONNECTING)
    vgw_debug (NULL, "%s did not close its connection in time: connection closed", self->peer);
  finish_with (self, VGW_WS_END_FAILED, "cannot connect", "no response in time");
  return G_SOURCE_REMOVE;
}

static void
set_deadline (VgwWsChannel *self, guint timeout_ms)
{
  vgw_source_clear (&self->deadline);
  self->deadline = vgw_source_start_timer (timeout_ms, on_deadline, self);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* All output is written, or writing has failed. */
static void
on_output (const GError *error, gpointer user_data)
{
  VgwWsChannel *self = user_data;

  if (error != NULL)
    finish_by_error (self, error);
  else if (self->state == CHANNEL_LINGERING)
    g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
}

/* FALSE, and nothing is queued, where the queue is full. A client that does not read is then cut off in the next
 * iteration of the main loop; to a server the message is dropped. */
static gboolean
queue_frame (VgwWsChannel *self, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  if (vgw_ws_output_get_length (&self->output) + length > self->settings.max_queue_bytes)
    {
      if (self->settings.role != VGW_WS_SERVER)
        return FALSE;
      vgw_info_about (self->peer, "http: %s does not read its WebSocket: connection closed", self->peer);
      self->is_lost = TRUE;
      self->state = CHANNEL_LINGERING;
      set_deadline (self, 0);
      return FALSE;
    }
  if (self->settings.role == VGW_WS_STREAM)
    vgw_ws_output_push_bytes (&self->output, data, length);
  else
    vgw_ws_output_push_frame (&self->output, opcode, data, length);
  return TRUE;
}

/* Nothing more is sent; waits until the peer closes or the deadline passes. */
static void
linger (VgwWsChannel *self)
{
  if (self->state == CHANNEL_OPEN)
    set_deadline (self, self->settings.close_timeout_ms);
  self->state = CHANNEL_LINGERING;
  if (vgw_ws_output_get_length (&self->output) == 0)
    g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
}

/* The peer has violated the protocol. "bad" first: a reply of its handler is sent before the close frame. */
static void
handle_violation (VgwWsChannel *self, const GError *error, guint16 close_code)
{
  if (self->state == CHANNEL_OPEN)
    {
      self->failure_code = close_code;
      g_signal_emit (self, signals[SIGNAL_BAD], 0, error);
    }
  if (self->state == CHANNEL_OPEN)
    vgw_ws_output_push_close (&self->output, close_code, error->message);
  if (self->settings.role == VGW_WS_SERVER)
    linger (self);
  else
    finish_with (self, VGW_WS_END_FAILED, "the connection was lost", error->message);
}

/* The peer's close frame: answered with the same code where it is the first one (section 5.5.1). 1000 or no code is an
 * orderly close (sections 7.1.5 and 7.4.1). */
static void
handle_close_frame (VgwWsChannel *self, const VgwWsMessage *message)
{
  guint16 code = vgw_ws_frame_get_close_code (message);
  g_autofree char *why = g_strdup_printf ("closed by the bot with %u", code);

  self->is_lost |= self->state == CHANNEL_OPEN && code != VGW_WS_CLOSE_NO_CODE && code != VGW_WS_CLOSE_NORMAL;
  if (self->state == CHANNEL_OPEN)
    vgw_ws_output_push_close (&self->output, code == VGW_WS_CLOSE_NO_CODE ? VGW_WS_CLOSE_NORMAL : code, NULL);
  if (self->settings.role == VGW_WS_SERVER)
    linger (self);
  else if (code == VGW_WS_CLOSE_NO_CODE || code == VGW_WS_CLOSE_NORMAL)
    finish (self, VGW_WS_END_ORDERLY, NULL);
  else
    finish_with (self, VGW_WS_END_LOST, "the connection was lost", why);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void
handle_frame (VgwWsChannel *self, const VgwWsMessage *message)
{
  gboolean is_text = message->opcode == VGW_WS_TEXT;
  g_autoptr (GError) error = NULL;

  if (message->opcode == VGW_WS_CLOSE)
    handle_close_frame (self, message);
  else if (self->state != CHANNEL_OPEN)
    return;
  else if (message->opcode == VGW_WS_PING)
    queue_frame (self, VGW_WS_PONG, message->data, message->length);
  else if (message->opcode == VGW_WS_PONG)
    g_signal_emit (self, signals[SIGNAL_PONG], 0);
  else if (is_text || self->settings.role != VGW_WS_SERVER)
    g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, is_text, message->data, (gulong) message->length);
  else
    {
      error = g_error_new_literal (VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "a binary message: signaling uses text only");
      g_signal_emit (self, signals[SIGNAL_BAD], 0, error);
    }
}

static gsize
read_frame (VgwWsChannel *self, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  VgwWsMessage message;
  gsize n_taken = 0;

  switch (vgw_ws_parser_read (self->parser, data, length, &n_taken, &message, &error))
    {
    case VGW_WS_MORE:
      break;
    case VGW_WS_MESSAGE:
      handle_frame (self, &message);
      break;
    case VGW_WS_FAILED:
      handle_violation (self, error, vgw_ws_parser_get_close_code (self->parser));
      break;
    }
  if (self->state == CHANNEL_OPEN
      && !vgw_read_meter_count_frames (&self->meter, &self->settings.limits, vgw_ws_parser_get_n_frames (self->parser)))
    {
      error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE, "too many messages in a short time");
      handle_violation (self, error, VGW_WS_CLOSE_POLICY_VIOLATION);
    }
  return n_taken;
}

/* Delivers the complete messages in @data. Handlers may send, close, and drop their reference. */
static void
handle_bytes (VgwWsChannel *self, const guint8 *data, gsize length)
{
  gsize n_done = 0;

  if (self->settings.role == VGW_WS_STREAM)
    {
      if (self->state == CHANNEL_OPEN)
        g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, FALSE, data, (gulong) length);
      return;
    }
  while (n_done < length && (self->state == CHANNEL_OPEN || self->state == CHANNEL_CLOSING))
    n_done += read_frame (self, data + n_done, length - n_done);
}

static gboolean on_readable (GObject *stream, gpointer user_data);

/* A server's stream is libsoup's, which may hold bytes that it has read after the request's head; its source is then
 * ready at once. That is decided when the source is created, so there is a new one after each read. */
static void
watch_input (VgwWsChannel *self)
{
  GInputStream *input = g_io_stream_get_input_stream (self->stream);

  vgw_source_clear (&self->input_source);
  self->input_source = vgw_source_start (g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL),
                                         G_SOURCE_FUNC (on_readable), self);
}

static gboolean
on_delay_over (gpointer user_data)
{
  VgwWsChannel *self = user_data;

  self->is_delayed = FALSE;
  self->received_at_us = g_get_monotonic_time (); /* the pause was ours */
  watch_input (self);
  return G_SOURCE_REMOVE;
}

static void
delay_reading (VgwWsChannel *self, gint64 delay_us)
{
  if (self->settings.role != VGW_WS_SERVER)
    delay_us = MAX (delay_us, MIN_DELAY_US);
  self->is_delayed = TRUE;
  vgw_source_clear (&self->input_source);
  self->input_source = vgw_source_start_timer ((guint) (delay_us / 1000) + 1, on_delay_over, self);
}

/* Continues after a read of @n bytes: now, later, or not at all. */
static void
continue_reading (VgwWsChannel *self, gsize n)
{
  gint64 delay_us = vgw_read_meter_stop (&self->meter, &self->settings.limits, n);

  if (self->state != CHANNEL_OPEN)
    self->n_after_close += n;
  /* a peer that goes on sending is held back by TCP, receives the close frame, and is cut off at the deadline */
  if (self->n_after_close >= self->settings.max_bytes_after_close)
    vgw_source_clear (&self->input_source);
  else if (delay_us > 0)
    {
      if (self->n_delays++ == 0 && self->settings.role == VGW_WS_SERVER)
        vgw_info_about (self->peer, "http: the messages of %s take too much time: reading them more slowly",
                        self->peer);
      delay_reading (self, delay_us);
    }
  else if (self->settings.role == VGW_WS_SERVER)
    watch_input (self);
}

static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwWsChannel) self = g_object_ref (VGW_WS_CHANNEL (user_data));
  g_autoptr (GError) error = NULL;
  guint8 data[READ_BYTES];
  gssize n;

  if (self->state == CHANNEL_OPEN && self->settings.may_read != NULL
      && !self->settings.may_read (self->settings.user_data))
    {
      delay_reading (self, MIN_DELAY_US);
      return G_SOURCE_REMOVE;
    }
  vgw_read_meter_start (&self->meter);
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), data, sizeof data, NULL, &error);
  if (n > 0)
    {
      self->received_at_us = g_get_monotonic_time ();
      handle_bytes (self, data, n);
    }
  else if (n == 0 && self->settings.role != VGW_WS_STREAM && self->state == CHANNEL_OPEN)
    finish_with (self, VGW_WS_END_LOST, "the connection was lost", "it ended without a close frame");
  else if (n == 0)
    finish (self, VGW_WS_END_ORDERLY, NULL);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    finish_by_error (self, error);
  if (self->state != CHANNEL_CLOSED)
    continue_reading (self, MAX (n, 0));
  return G_SOURCE_CONTINUE; /* where it was not cleared */
}

static gboolean
on_ping_time (gpointer user_data)
{
  VgwWsChannel *self = user_data;
  gint64 silent_ms = (g_get_monotonic_time () - self->received_at_us) / 1000;

  if (silent_ms > self->settings.idle_timeout_ms && !self->is_delayed)
    {
      vgw_info_about (self->peer,
                      "http: %s has sent nothing for %" G_GINT64_FORMAT " ms, not even a pong: connection closed",
                      self->peer, silent_ms);
      finish_with (self, VGW_WS_END_FAILED, "the connection was lost", "silence");
      return G_SOURCE_REMOVE;
    }
  vgw_ws_channel_ping (self);
  return G_SOURCE_CONTINUE;
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
vgw_ws_channel_dispose (GObject *object)
{
  drop_socket (VGW_WS_CHANNEL (object));
  G_OBJECT_CLASS (vgw_ws_channel_parent_class)->dispose (object);
}

static void
vgw_ws_channel_finalize (GObject *object)
{
  VgwWsChannel *self = VGW_WS_CHANNEL (object);

  g_clear_object (&self->dialling);
  vgw_ws_parser_free (self->parser);
  g_free (self->peer);
  G_OBJECT_CLASS (vgw_ws_channel_parent_class)->finalize (object);
}

static void
vgw_ws_channel_init (VgwWsChannel *self)
{
  self->state = CHANNEL_CLOSED; /* until it has a stream or a target */
}

static void
vgw_ws_channel_class_init (VgwWsChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_ws_channel_dispose;
  object_class->finalize = vgw_ws_channel_finalize;

  signals[SIGNAL_OPENED] =
      g_signal_new ("opened", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_MESSAGE] = g_signal_new ("message", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 3, G_TYPE_BOOLEAN, G_TYPE_POINTER, G_TYPE_ULONG);
  signals[SIGNAL_BAD] = g_signal_new ("bad", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                      1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_PONG] =
      g_signal_new ("pong", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
attach_stream (VgwWsChannel *self, GIOStream *stream, GSocket *socket)
{
  self->stream = g_object_ref (stream);
  self->socket = g_object_ref (socket);
  vgw_ws_output_init (&self->output, g_io_stream_get_output_stream (stream), self->settings.role == VGW_WS_CLIENT,
                      on_output, self);
  self->received_at_us = g_get_monotonic_time ();
  if (self->settings.idle_timeout_ms > 0)
    self->ping_timer =
        vgw_source_start_timer (MAX (1, self->settings.idle_timeout_ms / PINGS_PER_TIMEOUT), on_ping_time, self);
  watch_input (self);
}

VgwWsChannel *
vgw_ws_channel_new (GIOStream *stream, GSocket *socket, const char *peer, const VgwWsChannelSettings *settings)
{
  VgwWsChannel *self = g_object_new (VGW_TYPE_WS_CHANNEL, NULL);

  self->settings = *settings;
  self->state = CHANNEL_OPEN;
  self->peer = g_strdup (peer);
  self->parser = vgw_ws_parser_new (TRUE, settings->max_text_bytes, settings->max_binary_bytes);
  attach_stream (self, stream, socket);
  return self;
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwWsChannel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GSocketConnection) connection = vgw_dial_finish (result, &rest, &error);

  if (connection == NULL || self->state != CHANNEL_CONNECTING)
    {
      finish_with (self, VGW_WS_END_FAILED, "cannot connect", error != NULL ? error->message : "closed");
      return;
    }
  vgw_source_clear (&self->deadline);
  self->state = CHANNEL_OPEN;
  attach_stream (self, G_IO_STREAM (connection), g_socket_connection_get_socket (connection));
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
  if (rest != NULL) /* received after the answer to the handshake */
    handle_bytes (self, g_bytes_get_data (rest, NULL), g_bytes_get_size (rest));
}

VgwWsChannel *
vgw_ws_channel_new_client (const VgwDialTarget *target, guint timeout_ms, const VgwWsChannelSettings *settings)
{
  VgwWsChannel *self = g_object_new (VGW_TYPE_WS_CHANNEL, NULL);

  self->settings = *settings;
  self->state = CHANNEL_CONNECTING;
  self->peer = g_strndup (target->url, strcspn (target->url, "?"));
  self->dialling = g_cancellable_new ();
  if (settings->role == VGW_WS_CLIENT)
    self->parser = vgw_ws_parser_new (FALSE, settings->max_text_bytes, settings->max_binary_bytes);
  set_deadline (self, timeout_ms);
  vgw_dial_async (target, self->dialling, on_dialled, g_object_ref (self));
  return self;
}

gboolean
vgw_ws_channel_send (VgwWsChannel *self, gboolean is_text, gconstpointer data, gsize length)
{
  /* nothing may follow the close frame (RFC 6455 section 5.5.1) */
  return self->state == CHANNEL_OPEN && queue_frame (self, is_text ? VGW_WS_TEXT : VGW_WS_BINARY, data, length);
}

void
vgw_ws_channel_ping (VgwWsChannel *self)
{
  if (self->state == CHANNEL_OPEN)
    queue_frame (self, VGW_WS_PING, NULL, 0);
}

void
vgw_ws_channel_close (VgwWsChannel *self, guint16 code, const char *reason)
{
  if (self->state != CHANNEL_CONNECTING && self->state != CHANNEL_OPEN)
    return;
  g_set_object (&self->kept, self);
  if (self->state == CHANNEL_CONNECTING)
    {
      self->state = CHANNEL_LINGERING;
      g_cancellable_cancel (self->dialling); /* on_dialled () finishes */
    }
  else if (self->settings.role == VGW_WS_STREAM)
    linger (self);
  else
    {
      self->state = CHANNEL_CLOSING;
      set_deadline (self, self->settings.close_timeout_ms);
      /* not limited; after "bad" the code of the violation is kept */
      vgw_ws_output_push_close (&self->output, self->failure_code != 0 ? self->failure_code : code, reason);
    }
}

void
vgw_ws_channel_cut (VgwWsChannel *self)
{
  finish (self, VGW_WS_END_ORDERLY, NULL);
}

const char *
vgw_ws_channel_get_peer (VgwWsChannel *self)
{
  return self->peer;
}

gsize
vgw_ws_channel_get_backlog (VgwWsChannel *self)
{
  int n_unacked = 0; /* tcp(7) */

  if (self->socket != NULL && ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, &n_unacked) != 0)
    n_unacked = 0;
  return vgw_ws_output_get_length (&self->output) + (gsize) MAX (n_unacked, 0);
}

guint
vgw_ws_channel_count_delays (VgwWsChannel *self)
{
  return self->n_delays;
}

gsize
vgw_ws_channel_get_queued_bytes (VgwWsChannel *self)
{
  return vgw_ws_output_get_length (&self->output);
}
