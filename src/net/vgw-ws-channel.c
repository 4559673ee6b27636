/* The WebSocket's server half: VgwWsParser reads, a bounded queue writes, and three timers end what does not end by
 * itself. libsoup does the handshake only: its own connection class buffers fragments without bound, queues without
 * bound and does not tell how much, keeps what follows a protocol error in memory, and waits for ever for a peer that
 * does not read its close frame (libsoup 3.2.3, soup-websocket-connection.c). */
#include "net/vgw-ws-channel.h"

#include <linux/sockios.h>
#include <string.h>
#include <time.h>
#include <sys/ioctl.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "net/vgw-ws-channel-private.h"
#include "net/vgw-ws-frame.h"
#include "net/vgw-ws-queue.h"

#define READ_BYTES 16384     /* at once, and in one turn of the main loop: no client keeps it from the others */
#define PINGS_PER_TIMEOUT 3  /* two of them may get lost */
#define WORK_BURST_US 250000 /* an offer, and a few large messages */
#define SHARED_BURST_US 200000
#define US_PER_SECOND_AND_PERCENT (G_USEC_PER_SEC / 100)
#define EXPENSIVE_US 1000 /* less is never put off for what other channels cost */
#define MAX_DELAY_US (5 * G_USEC_PER_SEC)
#define RATE_BURST 5                /* seconds' worth of frames that may come at once */
#define MAX_BYTES_AFTER_CLOSE 65536 /* read once we close; what a client has under way, and no more of the main loop */
#define CLOSE_NORMAL 1000           /* RFC 6455 section 7.4.1 */
#define CLOSE_POLICY 1008

/* OPEN → CLOSING, our close frame is queued and the peer's is awaited → LINGERING, nothing is left to say and what
 * still comes is thrown away until the peer closes → CLOSED. A socket closed with unread bytes sends a reset, which
 * would take the close frame back from the peer. */
typedef enum
{
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
  GIOStream *stream;
  GSocket *socket;
  GPollableInputStream *input;
  GPollableOutputStream *output;
  GSource *input_source;
  GSource *output_source;
  GSource *ping_timer;
  GSource *close_timer;
  gsize n_after_close;  /* bytes read since we close */
  guint16 failure_code; /* what the client broke: the code to close with, 0 for nothing */

  VgwWsParser *parser;
  gint64 received_at_us;
  VgwTokenBucket frames;
  guint64 n_frames_seen;
  VgwTokenBucket work_us; /* of the main thread's time */
  GSource *delay_timer;   /* until reading goes on */
  guint n_delays;

  VgwWsQueue queue;

  char *remote_address;
  char *query;
  char *origin, *user_agent; /* (nullable) */
};

const VgwWsChannelSettings vgw_ws_channel_defaults = {
  .max_message_bytes = 65536,
  .max_queue_bytes = 256 * 1024,
  .idle_timeout_ms = 60000,
  .close_timeout_ms = 3000,
  .max_frames_per_s = 200,
  .work_percent = 5,
};

enum
{
  SIGNAL_MESSAGE,
  SIGNAL_BAD,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwWsChannel, vgw_ws_channel, G_TYPE_OBJECT)

/* Releases the socket. TRUE the first time. */
static gboolean
close_stream (VgwWsChannel *self)
{
  if (self->state == CHANNEL_CLOSED)
    return FALSE;
  self->state = CHANNEL_CLOSED;
  vgw_source_clear (&self->input_source);
  vgw_source_clear (&self->output_source);
  vgw_source_clear (&self->ping_timer);
  vgw_source_clear (&self->close_timer);
  vgw_source_clear (&self->delay_timer);
  vgw_ws_queue_clear (&self->queue);
  g_io_stream_close (self->stream, NULL, NULL);
  g_clear_object (&self->stream);
  g_clear_object (&self->socket);
  return TRUE;
}

/* From the main loop only, so that nobody's call into the channel ends in a signal. */
static void
cut (VgwWsChannel *self)
{
  g_autoptr (VgwWsChannel) held = g_object_ref (self);

  if (close_stream (held))
    g_signal_emit (held, signals[SIGNAL_CLOSED], 0);
}

static gboolean
on_close_timeout (gpointer user_data)
{
  VgwWsChannel *self = user_data;

  vgw_debug (NULL, "http: %s did not finish closing its WebSocket, cut off", self->remote_address);
  cut (self);
  return G_SOURCE_REMOVE;
}

static void
set_close_timer (VgwWsChannel *self, guint timeout_ms)
{
  vgw_source_clear (&self->close_timer);
  self->close_timer = vgw_source_start_timer (timeout_ms, on_close_timeout, self);
}

/* Nothing more is said once the queue is empty. The peer closes first, or is cut off. */
static void
linger (VgwWsChannel *self)
{
  self->state = CHANNEL_LINGERING;
  if (self->socket != NULL && vgw_ws_queue_is_empty (&self->queue))
    g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  VgwWsChannel *self = user_data;

  if (!vgw_ws_queue_write (&self->queue, self->output))
    {
      cut (self);
      return G_SOURCE_REMOVE;
    }
  if (!vgw_ws_queue_is_empty (&self->queue))
    return G_SOURCE_CONTINUE;
  vgw_source_clear (&self->output_source);
  if (self->state == CHANNEL_LINGERING)
    linger (self); /* now the queue is empty */
  return G_SOURCE_REMOVE;
}

/* Queues @frame (transfer full) and wakes the writer. A client that lets the queue pass its bound is cut off in the
 * next turn of the main loop. */
static void
queue_frame (VgwWsChannel *self, GBytes *frame)
{
  if (!vgw_ws_queue_push (&self->queue, frame))
    {
      vgw_info_about (self->remote_address, "http: %s does not read its WebSocket, cut off", self->remote_address);
      self->state = CHANNEL_LINGERING;
      set_close_timer (self, 0);
      return;
    }
  if (self->output_source != NULL)
    return;
  self->output_source =
      vgw_source_start (g_pollable_output_stream_create_source (self->output, NULL), G_SOURCE_FUNC (on_writable), self);
}

/* Queues our close frame; the timer is for a peer that neither reads nor answers. */
static void
begin_close (VgwWsChannel *self, guint16 code, const char *reason, ChannelState next_state)
{
  if (self->state != CHANNEL_OPEN)
    return;
  /* a listener that closes because of "bad" does not change what the client is told */
  if (self->failure_code != 0)
    {
      code = self->failure_code;
      next_state = CHANNEL_LINGERING;
    }
  self->state = next_state;
  set_close_timer (self, self->settings.close_timeout_ms);
  queue_frame (self, vgw_ws_frame_new_close (code, reason));
}

/* Tells the listener first: what it answers still goes out before the close frame. @close_code 0: nothing is closed. */
static void
report_bad (VgwWsChannel *self, const GError *error, guint16 close_code)
{
  if (self->state != CHANNEL_OPEN)
    return;
  self->failure_code = close_code;
  g_signal_emit (self, signals[SIGNAL_BAD], 0, error);
  if (close_code != 0)
    begin_close (self, close_code, error->message, CHANNEL_LINGERING);
}

/* A frame costs work even when it is empty: pings without end are as bad as messages without end. */
static gboolean
is_within_rate (VgwWsChannel *self)
{
  guint64 n_frames = vgw_ws_parser_get_n_frames (self->parser);
  guint n_new = (guint) (n_frames - self->n_frames_seen);
  guint rate = self->settings.max_frames_per_s;

  self->n_frames_seen = n_frames;
  return vgw_token_bucket_charge (&self->frames, n_new, rate, rate * RATE_BURST, g_get_monotonic_time ()) == 0;
}

/* The peer's close frame: answered with the same code where it is the first one (section 5.5.1). */
static void
on_close_frame (VgwWsChannel *self, const VgwWsMessage *message)
{
  guint16 code = message->length >= 2 ? message->data[0] << 8 | message->data[1] : CLOSE_NORMAL;

  if (self->state == CHANNEL_OPEN)
    begin_close (self, code, NULL, CHANNEL_LINGERING);
  linger (self);
}

static void
on_frame (VgwWsChannel *self, const VgwWsMessage *message)
{
  g_autoptr (GError) error = NULL;

  switch (message->opcode)
    {
    case VGW_WS_TEXT:
      if (self->state == CHANNEL_OPEN)
        g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, (const char *) message->data, message->length);
      break;
    case VGW_WS_BINARY:
      error = g_error_new_literal (VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "a binary message; signaling is text");
      report_bad (self, error, 0);
      break;
    case VGW_WS_PING:
      if (self->state == CHANNEL_OPEN)
        queue_frame (self, vgw_ws_frame_new (VGW_WS_PONG, message->data, message->length));
      break;
    case VGW_WS_PONG:
      break;
    case VGW_WS_CLOSE:
      on_close_frame (self, message);
      break;
    }
}

/* Delivers what is whole in @data. Handlers may send, close, and drop their reference. */
static void
handle_bytes (VgwWsChannel *self, const guint8 *data, gsize length)
{
  gsize n_done = 0;

  while (n_done < length && (self->state == CHANNEL_OPEN || self->state == CHANNEL_CLOSING))
    {
      g_autoptr (GError) error = NULL;
      VgwWsMessage message;
      gsize n_taken;
      VgwWsResult result;

      result = vgw_ws_parser_read (self->parser, data + n_done, length - n_done, &n_taken, &message, &error);
      n_done += n_taken;
      if (result == VGW_WS_MESSAGE)
        on_frame (self, &message);
      else if (result == VGW_WS_FAILED)
        {
          report_bad (self, error, vgw_ws_parser_get_close_code (self->parser));
          linger (self);
        }
      if (self->state == CHANNEL_OPEN && !is_within_rate (self))
        {
          g_set_error_literal (&error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "too many messages in a short time");
          report_bad (self, error, CLOSE_POLICY);
        }
    }
}

/* A client that goes on sending is not read any more: TCP holds it back, it still gets the close frame, and close_timer
 * ends it. */
static gboolean
has_read_enough (VgwWsChannel *self, gsize n)
{
  if (self->state == CHANNEL_OPEN)
    return FALSE;
  self->n_after_close += n;
  return self->n_after_close >= MAX_BYTES_AFTER_CLOSE;
}

/* libsoup's stream hands out what it read beyond the request's head by a source that is ready at once: a source stands
 * for the moment it was made, and is made anew after each read. */
static void
watch_input (VgwWsChannel *self, GPollableSourceFunc callback)
{
  vgw_source_clear (&self->input_source);
  self->input_source =
      vgw_source_start (g_pollable_input_stream_create_source (self->input, NULL), G_SOURCE_FUNC (callback), self);
}

/* What this thread has computed so far: what waiting for a processor costs is not the client's doing. */
static gint64
thread_time_us (void)
{
  struct timespec time = { 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* How long nothing may be read after work of @cost_us. Nothing is lost meanwhile: TCP holds the client back. */
static gint64
account (VgwWsChannel *self, gint64 cost_us)
{
  VgwTokenBucket *shared = self->settings.shared_work;
  gint64 now_us = g_get_monotonic_time ();
  gint64 delay_us = vgw_token_bucket_charge (
      &self->work_us, (guint) cost_us, self->settings.work_percent * US_PER_SECOND_AND_PERCENT, WORK_BURST_US, now_us);
  gint64 shared_us = 0;

  if (shared != NULL)
    shared_us = vgw_token_bucket_charge (
        shared, (guint) cost_us, VGW_WS_CHANNEL_SHARED_PERCENT * US_PER_SECOND_AND_PERCENT, SHARED_BURST_US, now_us);
  if (cost_us >= EXPENSIVE_US)
    delay_us = MAX (delay_us, shared_us);
  return MIN (delay_us, MAX_DELAY_US);
}

static gboolean on_delay_over (gpointer user_data);

static void
delay_reading (VgwWsChannel *self, gint64 delay_us)
{
  if (self->n_delays++ == 0)
    vgw_info_about (self->remote_address, "http: the messages of %s take too much time: they are read more slowly",
                    self->remote_address);
  vgw_source_clear (&self->input_source);
  self->delay_timer = vgw_source_start_timer ((guint) (delay_us / 1000) + 1, on_delay_over, self);
}

static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  g_autoptr (VgwWsChannel) self = g_object_ref (VGW_WS_CHANNEL (user_data));
  g_autoptr (GError) error = NULL;
  guint8 data[READ_BYTES];
  gint64 started_us = thread_time_us (), delay_us = 0;
  gssize n;

  n = g_pollable_input_stream_read_nonblocking (self->input, data, sizeof data, NULL, &error);
  if (n > 0)
    {
      self->received_at_us = g_get_monotonic_time ();
      handle_bytes (self, data, n);
      delay_us = account (self, thread_time_us () - started_us);
    }
  else if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      /* a peer that has only shut down its sending half still gets what is queued, as far as the kernel takes it */
      vgw_ws_queue_write (&self->queue, self->output);
      cut (self);
    }
  if (self->state == CHANNEL_CLOSED)
    return G_SOURCE_REMOVE;
  if (has_read_enough (self, MAX (n, 0)))
    vgw_source_clear (&self->input_source);
  else if (delay_us > 0)
    delay_reading (self, delay_us);
  else
    watch_input (self, on_readable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_delay_over (gpointer user_data)
{
  VgwWsChannel *self = user_data;

  vgw_source_clear (&self->delay_timer);
  self->received_at_us = g_get_monotonic_time (); /* it was us who did not listen */
  watch_input (self, on_readable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_ping_time (gpointer user_data)
{
  VgwWsChannel *self = user_data;
  gint64 silent_ms = (g_get_monotonic_time () - self->received_at_us) / 1000;

  if (silent_ms > self->settings.idle_timeout_ms && self->delay_timer == NULL)
    {
      vgw_info_about (self->remote_address,
                      "http: nothing from %s for %" G_GINT64_FORMAT " ms, not even a pong: closed",
                      self->remote_address, silent_ms);
      cut (self);
      return G_SOURCE_REMOVE;
    }
  if (self->state == CHANNEL_OPEN)
    queue_frame (self, vgw_ws_frame_new (VGW_WS_PING, NULL, 0));
  return G_SOURCE_CONTINUE;
}

static void
vgw_ws_channel_dispose (GObject *object)
{
  close_stream (VGW_WS_CHANNEL (object));
  G_OBJECT_CLASS (vgw_ws_channel_parent_class)->dispose (object);
}

static void
vgw_ws_channel_finalize (GObject *object)
{
  VgwWsChannel *self = VGW_WS_CHANNEL (object);

  vgw_ws_parser_free (self->parser);
  g_free (self->remote_address);
  g_free (self->query);
  g_free (self->origin);
  g_free (self->user_agent);
  G_OBJECT_CLASS (vgw_ws_channel_parent_class)->finalize (object);
}

static void
vgw_ws_channel_init (VgwWsChannel *self)
{
  self->state = CHANNEL_CLOSED; /* until it has a stream */
  vgw_ws_queue_init (&self->queue, 0);
}

static void
vgw_ws_channel_class_init (VgwWsChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_ws_channel_dispose;
  object_class->finalize = vgw_ws_channel_finalize;

  signals[SIGNAL_MESSAGE] = g_signal_new ("message", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 2, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_ULONG);
  signals[SIGNAL_BAD] = g_signal_new ("bad", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                      1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_CLOSED] =
      g_signal_new ("closed", VGW_TYPE_WS_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

VgwWsChannel *
vgw_ws_channel_new (GIOStream *stream, GSocket *socket, const char *remote_address, const char *query,
                    const VgwWsChannelSettings *settings)
{
  VgwWsChannel *self = g_object_new (VGW_TYPE_WS_CHANNEL, NULL);

  self->settings = *settings;
  self->state = CHANNEL_OPEN;
  self->stream = g_object_ref (stream);
  self->socket = socket != NULL ? g_object_ref (socket) : NULL;
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  vgw_ws_queue_init (&self->queue, settings->max_queue_bytes);
  self->parser = vgw_ws_parser_new (settings->max_message_bytes);
  self->remote_address = g_strdup (remote_address);
  self->query = g_strdup (query);
  self->received_at_us = g_get_monotonic_time ();
  if (settings->idle_timeout_ms > 0)
    self->ping_timer =
        vgw_source_start_timer (MAX (1, settings->idle_timeout_ms / PINGS_PER_TIMEOUT), on_ping_time, self);
  watch_input (self, on_readable);
  return self;
}

void
vgw_ws_channel_send (VgwWsChannel *self, const char *text)
{
  g_return_if_fail (VGW_IS_WS_CHANNEL (self) && text != NULL);

  /* after the close frame nothing may follow (RFC 6455 section 5.5.1) */
  if (self->state == CHANNEL_OPEN)
    queue_frame (self, vgw_ws_frame_new (VGW_WS_TEXT, text, strlen (text)));
}

void
vgw_ws_channel_close (VgwWsChannel *self, guint16 code, const char *reason)
{
  g_return_if_fail (VGW_IS_WS_CHANNEL (self));

  begin_close (self, code, reason, CHANNEL_CLOSING);
}

guint
vgw_ws_channel_count_delays (VgwWsChannel *self)
{
  return self->n_delays;
}

void
vgw_ws_channel_cut (VgwWsChannel *self)
{
  cut (self);
}

const char *
vgw_ws_channel_get_remote_address (VgwWsChannel *self)
{
  return self->remote_address;
}

const char *
vgw_ws_channel_get_query (VgwWsChannel *self)
{
  return self->query;
}

void
vgw_ws_channel_set_page (VgwWsChannel *self, const char *origin, const char *user_agent)
{
  self->origin = g_strdup (origin);
  self->user_agent = g_strdup (user_agent);
}

const char *
vgw_ws_channel_get_origin (VgwWsChannel *self)
{
  return self->origin;
}

const char *
vgw_ws_channel_get_user_agent (VgwWsChannel *self)
{
  return self->user_agent;
}

gsize
vgw_ws_channel_get_backlog (VgwWsChannel *self)
{
  int n_unacked = 0; /* tcp(7) */

  if (self->socket != NULL && ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, &n_unacked) != 0)
    n_unacked = 0;
  return self->queue.n_bytes + (gsize) MAX (n_unacked, 0);
}

gsize
vgw_ws_channel_get_queued_bytes (VgwWsChannel *self)
{
  return self->queue.n_bytes;
}
