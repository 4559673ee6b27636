/* Bytes and frames of a link: what comes is read in turns and at a bounded rate, what goes waits in `unsent`. */
#include "engine/vgw-engine-link-private.h"

#include <string.h>
#include <time.h>

#include "base/vgw-source.h"
#include "net/vgw-tls.h"

#define READ_BYTES 16384
#define PAUSE_MS 20 /* of reading, for a bot that floods, or is to wait */
#define WORK_US_PER_SECOND (G_USEC_PER_SEC * VGW_ENGINE_LINK_TIME_PERCENT / 100)
#define WORK_BURST_US 100000 /* of the thread's time: two seconds' share */
#define CLOSE_NO_CODE 1005   /* RFC 6455 section 7.4.1: never sent */
#define MAX_REASON_BYTES 123 /* section 5.5 */

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A bot whose process ends resets the connection, or ends its TLS without a word: that is its end, and no failure. */
static void
fail_by_error (VgwEngineLink *self, const GError *error)
{
  if (self->is_open
      && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
          || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF)))
    vgw_engine_link_lose (self, error->message);
  else
    vgw_engine_link_fail (self, "the connection failed", error->message);
}

/* Told from the loop, not from within send (). */
static gboolean
on_write_failed (gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  fail_by_error (self, self->write_error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);

  vgw_source_clear (&self->write_source);
  vgw_engine_link_write_more (self);
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
void
vgw_engine_link_write_more (VgwEngineLink *self)
{
  GPollableOutputStream *stream =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)));
  g_autoptr (GError) error = NULL;

  while (self->unsent->len > 0 && self->write_source == NULL)
    {
      gssize n =
          g_pollable_output_stream_write_nonblocking (stream, self->unsent->data, self->unsent->len, NULL, &error);

      if (n >= 0)
        {
          g_byte_array_remove_range (self->unsent, 0, n);
          continue;
        }
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          self->write_source = vgw_source_start (g_pollable_output_stream_create_source (stream, NULL),
                                                 G_SOURCE_FUNC (on_writable), self);
        }
      else
        {
          self->write_error = g_steal_pointer (&error);
          self->write_source = vgw_source_start_timer (0, on_write_failed, self);
        }
    }
  if (self->unsent->len == 0)
    finish_writing (self);
}

void
vgw_engine_link_queue_bytes (VgwEngineLink *self, gconstpointer data, gsize length)
{
  g_byte_array_append (self->unsent, data, length);
  if (self->write_source == NULL)
    vgw_engine_link_write_more (self);
}

void
vgw_engine_link_queue_frame (VgwEngineLink *self, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GBytes) frame = vgw_ws_handshake_make_frame (self->ws, opcode, data, length);

  vgw_engine_link_queue_bytes (self, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

void
vgw_engine_link_queue_close (VgwEngineLink *self, guint16 code, const char *reason)
{
  guint8 payload[2 + MAX_REASON_BYTES] = { code >> 8, code & 0xff };
  gsize length = reason != NULL ? MIN (strlen (reason), MAX_REASON_BYTES) : 0; /* our own texts, in ASCII */

  if (length > 0)
    memcpy (payload + 2, reason, length);
  vgw_engine_link_queue_frame (self, VGW_WS_CLOSE, payload, 2 + length);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The bot closes. Section 7.1.5 and 7.4.1: 1000, or no code at all, is good order. */
static void
handle_close (VgwEngineLink *self, const VgwWsMessage *message)
{
  guint code = message->length >= 2 ? message->data[0] << 8 | message->data[1] : CLOSE_NO_CODE;
  g_autofree char *why = g_strdup_printf ("closed by the bot with %u", code);

  if (!self->is_over)
    vgw_engine_link_queue_frame (self, VGW_WS_CLOSE, message->data, MIN (message->length, 2));
  if (code == CLOSE_NO_CODE || code == VGW_ENGINE_LINK_CLOSE_NORMAL)
    vgw_engine_link_end (self, VGW_ENGINE_LINK_CLOSED, NULL);
  else
    vgw_engine_link_lose (self, why);
}

static void
handle_message (VgwEngineLink *self, const VgwWsMessage *message)
{
  switch (message->opcode)
    {
    case VGW_WS_TEXT:
    case VGW_WS_BINARY:
      vgw_engine_link_emit_frame (self, message->opcode == VGW_WS_TEXT, message->data, message->length);
      break;
    case VGW_WS_CLOSE:
      handle_close (self, message);
      break;
    case VGW_WS_PING:
      /* a bot that pings and does not read gets no more answers than it has room for */
      if (self->unsent->len < self->max_unsent_bytes)
        vgw_engine_link_queue_frame (self, VGW_WS_PONG, message->data, message->length);
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

      switch (vgw_ws_handshake_read (self->ws, data, length, &n_taken, &message, &error))
        {
        case VGW_WS_HANDSHAKE_MORE:
          return;
        case VGW_WS_HANDSHAKE_OPENED:
          if (!self->is_over)
            vgw_engine_link_set_open (self);
          break;
        case VGW_WS_HANDSHAKE_MESSAGE:
          handle_message (self, &message);
          break;
        case VGW_WS_HANDSHAKE_FAILED:
          code = vgw_ws_handshake_get_close_code (self->ws);
          if (code != 0 && !self->is_over)
            vgw_engine_link_queue_close (self, code, error->message);
          vgw_engine_link_fail (self, self->is_open ? "the connection was lost" : "cannot connect", error->message);
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
    vgw_engine_link_end (self, VGW_ENGINE_LINK_CLOSED, NULL);
  else if (self->is_open)
    vgw_engine_link_lose (self, "it ended without a closing frame");
  else if (vgw_tls_is_wanted (self->config->url))
    vgw_engine_link_fail (self, "cannot connect", "the connection was closed during the handshake");
  else /* which is all that OpenSSL has to say to HTTP */
    vgw_engine_link_fail (self, "cannot connect",
                          "the connection was closed during the handshake (a bot with TLS needs a url with wss:)");
}

static gboolean
on_pause_over (gpointer user_data)
{
  VgwEngineLink *self = user_data;

  vgw_source_clear (&self->read_source);
  vgw_engine_link_watch_reading (self);
  return G_SOURCE_REMOVE;
}

/* FALSE where nothing may be read now, because of what was read before. */
static gboolean
charge (VgwEngineLink *self, gsize n_bytes, gint64 cost_us)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 bytes_wait_us = vgw_token_bucket_charge (&self->read_bytes, (guint) n_bytes, VGW_ENGINE_LINK_MAX_BYTES_PER_S,
                                                  VGW_ENGINE_LINK_MAX_BURST_BYTES, now_us);
  gint64 work_wait_us =
      vgw_token_bucket_charge (&self->work_us, (guint) cost_us, WORK_US_PER_SECOND, WORK_BURST_US, now_us);

  return bytes_wait_us == 0 && work_wait_us == 0;
}

/* The processor's time that this thread has used: what others on the machine take is not the bot's fault. */
static gint64
get_thread_time_us (void)
{
  struct timespec now = { 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gboolean
may_read (VgwEngineLink *self)
{
  /* the answer to the handshake is no audio */
  return self->is_over || !self->is_open || self->may_read == NULL || self->may_read (self->may_read_data);
}

/* One piece for each turn of the loop: the others have theirs in between. */
static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwEngineLink) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;
  guint8 data[READ_BYTES];
  gint64 begin_us;
  gssize n;

  if (!charge (self, 0, 0) || !may_read (self))
    {
      vgw_source_clear (&self->read_source);
      self->read_source = vgw_source_start_timer (PAUSE_MS, on_pause_over, self);
      return G_SOURCE_REMOVE;
    }
  begin_us = get_thread_time_us ();
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), data, sizeof data, NULL, &error);
  if (n > 0)
    {
      if (self->ws != NULL)
        take_websocket_bytes (self, data, n);
      else
        vgw_engine_link_emit_frame (self, FALSE, data, n);
    }
  else if (n == 0)
    handle_eof (self);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    fail_by_error (self, error);
  charge (self, (gsize) MAX (n, 0), get_thread_time_us () - begin_us);
  return self->read_source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
vgw_engine_link_watch_reading (VgwEngineLink *self)
{
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  self->read_source = vgw_source_start (g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (stream), NULL),
                                        G_SOURCE_FUNC (on_readable), self);
}
