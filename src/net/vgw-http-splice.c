#include "net/vgw-http-splice.h"

#include <string.h>

#include "base/vgw-source.h"

#define PIECE_BYTES 16384                         /* read at once */
#define STATUS_BYTES (sizeof "HTTP/1.1 101 " - 1) /* what tells that a WebSocket was opened */
#define STATUS_AT (sizeof "HTTP/1.1 " - 1)

/* One direction. */
typedef struct
{
  VgwHttpSplice *owner;
  GPollableInputStream *in;
  GPollableOutputStream *out;
  GByteArray *data; /* read and not yet written: from n_written on */
  gsize n_written;
  GSource *source; /* what it waits for; NULL once it is over */
  gboolean is_at_end;
} Pipe;

struct _VgwHttpSplice
{
  GIOStream *client;
  GSocketConnection *server;
  Pipe up, down;             /* to the server, to the client */
  char status[STATUS_BYTES]; /* the beginning of the response */
  gsize n_status;
  gboolean is_websocket;
  gboolean is_client_left; /* to the owner */
  guint timeout_ms, idle_timeout_ms;
  GSource *deadline; /* of the response; a WebSocket's: when the server has sent nothing for too long */
  VgwHttpSpliceClosedFunc closed;
  gpointer user_data;
};

static void
set_deadline (VgwHttpSplice *self, guint timeout_ms)
{
  gint64 at_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;

  g_source_set_ready_time (self->deadline, timeout_ms > 0 ? at_us : -1);
}

/* Sees the status of the response go by. */
static void
note_response (VgwHttpSplice *self, const guint8 *data, gsize length)
{
  gsize n = MIN (length, STATUS_BYTES - self->n_status);

  if (self->is_websocket && self->up.source != NULL)
    set_deadline (self, self->idle_timeout_ms);
  if (n == 0)
    return;
  memcpy (self->status + self->n_status, data, n);
  self->n_status += n;
  if (self->n_status < STATUS_BYTES || memcmp (self->status + STATUS_AT, "101 ", STATUS_BYTES - STATUS_AT) != 0)
    return;
  self->is_websocket = TRUE;
  if (self->up.source != NULL)
    set_deadline (self, self->idle_timeout_ms);
}

static void
finish (VgwHttpSplice *self, gboolean is_client_left)
{
  self->is_client_left = is_client_left;
  vgw_source_clear (&self->up.source);
  vgw_source_clear (&self->down.source);
  vgw_source_clear (&self->deadline);
  self->closed (self, is_client_left, self->user_data);
}

/* The server may still respond: the client has closed its half only, or the server has refused the rest of the request.
 */
static void
finish_up (VgwHttpSplice *self)
{
  vgw_source_clear (&self->up.source);
  g_socket_shutdown (g_socket_connection_get_socket (self->server), FALSE, TRUE, NULL);
  if (self->is_websocket)
    set_deadline (self, self->timeout_ms);
}

/* FALSE at the end of the stream, or for an error. */
static gboolean
read_piece (Pipe *pipe)
{
  g_autoptr (GError) error = NULL;
  gssize n;

  g_byte_array_set_size (pipe->data, PIECE_BYTES);
  n = g_pollable_input_stream_read_nonblocking (pipe->in, pipe->data->data, PIECE_BYTES, NULL, &error);
  g_byte_array_set_size (pipe->data, (guint) MAX (n, 0));
  pipe->n_written = 0;
  pipe->is_at_end = n == 0;
  if (n <= 0)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (pipe == &pipe->owner->down)
    note_response (pipe->owner, pipe->data->data, pipe->data->len);
  return TRUE;
}

static gboolean
has_rest (const Pipe *pipe)
{
  return pipe->n_written < pipe->data->len;
}

/* FALSE for an error. */
static gboolean
write_rest (Pipe *pipe)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_output_stream_write_nonblocking (pipe->out, pipe->data->data + pipe->n_written,
                                                         pipe->data->len - pipe->n_written, NULL, &error);

  if (n < 0)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  pipe->n_written += (gsize) n;
  return TRUE;
}

static gboolean on_ready (GObject *stream, gpointer user_data);

static void
wait_for (Pipe *pipe)
{
  GSource *source = has_rest (pipe) ? g_pollable_output_stream_create_source (pipe->out, NULL)
                                    : g_pollable_input_stream_create_source (pipe->in, NULL);

  vgw_source_clear (&pipe->source);
  pipe->source = vgw_source_start (source, G_SOURCE_FUNC (on_ready), pipe);
}

/* A new source each time: the next one may be for the other stream, and it is behind those of other connections. */
static gboolean
on_ready (GObject *stream, gpointer user_data)
{
  Pipe *pipe = user_data;
  gboolean is_read = has_rest (pipe) || read_piece (pipe);

  if (is_read && (!has_rest (pipe) || write_rest (pipe)))
    wait_for (pipe);
  else if (pipe == &pipe->owner->up && (is_read || pipe->is_at_end))
    finish_up (pipe->owner);
  else
    finish (pipe->owner, !is_read && pipe == &pipe->owner->down);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  finish (user_data, FALSE);
  return G_SOURCE_REMOVE;
}

static void
pipe_init (Pipe *pipe, VgwHttpSplice *owner, GIOStream *from, GIOStream *to)
{
  pipe->owner = owner;
  pipe->in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (from));
  pipe->out = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (to));
  pipe->data = g_byte_array_new ();
}

static void
pipe_clear (Pipe *pipe)
{
  vgw_source_clear (&pipe->source);
  g_byte_array_unref (pipe->data);
}

VgwHttpSplice *
vgw_http_splice_new (const VgwHttpSpliceSettings *settings, VgwHttpSpliceClosedFunc closed, gpointer user_data)
{
  VgwHttpSplice *self = g_new0 (VgwHttpSplice, 1);

  self->client = g_object_ref (settings->client);
  self->server = g_object_ref (settings->server);
  self->timeout_ms = settings->timeout_ms;
  self->idle_timeout_ms = settings->idle_timeout_ms;
  self->closed = closed;
  self->user_data = user_data;
  pipe_init (&self->up, self, self->client, G_IO_STREAM (self->server));
  pipe_init (&self->down, self, G_IO_STREAM (self->server), self->client);
  g_byte_array_append (self->up.data, (const guint8 *) settings->request, (guint) strlen (settings->request));
  self->deadline = vgw_source_new_wakeup (NULL, on_deadline, self);
  set_deadline (self, self->timeout_ms);
  wait_for (&self->up);
  wait_for (&self->down);
  return self;
}

void
vgw_http_splice_free (VgwHttpSplice *self)
{
  pipe_clear (&self->up);
  pipe_clear (&self->down);
  vgw_source_clear (&self->deadline);
  g_io_stream_close_async (G_IO_STREAM (self->server), G_PRIORITY_DEFAULT, NULL, NULL,
                           NULL); /* with TLS it might block */
  if (!self->is_client_left)
    g_io_stream_close (self->client, NULL, NULL);
  g_object_unref (self->server);
  g_object_unref (self->client);
  g_free (self);
}
