#include "net/vgw-tls-stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "net/vgw-tls-bio.h"

#define RECORD_BYTES 16384        /* RFC 8446 section 5.1 */
#define HANDSHAKE_MAX_BYTES 32768 /* from the client: usually 1 to 3 KB. OpenSSL accepts 128 KB, in any pieces */

/* Shared by the stream and its two halves, which may outlive it. */
typedef struct
{
  GSocket *socket;
  SSL *ssl;
  GByteArray *ahead; /* peeked at, and not read yet */

  /* what the last call waits for: a read may have to write, for a key update, or a write to read */
  GIOCondition read_wanted, write_wanted;
} Tls;

/* --- TLS ---------------------------------------------------------------------------------------------------------- */

static void
tls_clear (gpointer data)
{
  Tls *tls = data;

  SSL_free (tls->ssl);
  g_byte_array_unref (tls->ahead);
  g_object_unref (tls->socket);
}

static void
tls_unref (Tls *tls)
{
  g_rc_box_release_full (tls, tls_clear);
}

/* Before each call of OpenSSL: its error queue is the thread's, and it knows the descriptor, which may have another use
 * after the socket was closed. */
static gboolean
begin (Tls *tls, GError **error)
{
  ERR_clear_error ();
  if (!g_socket_is_closed (tls->socket))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the connection is closed");
  return FALSE;
}

/* After a call that returned @result, not a success. TRUE only for the orderly end of the peer's data. */
static gboolean
handle_result (Tls *tls, int result, GError **error)
{
  int number = errno;
  const char *reason = ERR_reason_error_string (ERR_peek_error ());

  switch (SSL_get_error (tls->ssl, result))
    {
    case SSL_ERROR_ZERO_RETURN:
      return TRUE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "TLS has to wait");
      break;
    case SSL_ERROR_SYSCALL:
      g_set_error (error, G_IO_ERROR,
                   number != 0 ? (gint) g_io_error_from_errno (number) : G_IO_ERROR_CONNECTION_CLOSED, "%s",
                   number != 0 ? g_strerror (number) : "the connection was closed");
      break;
    default:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "TLS: %s", reason != NULL ? reason : "an error");
      break;
    }
  ERR_clear_error ();
  return FALSE;
}

/* The condition that the last call waits for. */
static GIOCondition
get_wanted (Tls *tls, GIOCondition usual)
{
  return SSL_want_write (tls->ssl) ? G_IO_OUT : SSL_want_read (tls->ssl) ? G_IO_IN : usual;
}

/* -1 with @error set, 0 at the end. */
static gssize
tls_read (Tls *tls, void *buffer, gsize count, GError **error)
{
  gsize n = MIN (count, tls->ahead->len);
  int result;

  if (n > 0)
    {
      memcpy (buffer, tls->ahead->data, n);
      g_byte_array_remove_range (tls->ahead, 0, (guint) n);
      return (gssize) n;
    }
  if (!begin (tls, error))
    return -1;
  result = SSL_read (tls->ssl, buffer, (int) MIN (count, G_MAXINT));
  tls->read_wanted = get_wanted (tls, G_IO_IN);
  return result > 0 ? result : handle_result (tls, result, error) ? 0 : -1;
}

static gssize
tls_write (Tls *tls, const void *buffer, gsize count, GError **error)
{
  int result;

  if (count == 0) /* for which OpenSSL's result is undefined */
    return 0;
  if (!begin (tls, error))
    return -1;
  result = SSL_write (tls->ssl, buffer, (int) MIN (count, G_MAXINT));
  tls->write_wanted = get_wanted (tls, G_IO_OUT);
  if (result > 0)
    return result;
  if (handle_result (tls, result, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "the peer has closed the connection");
  return -1;
}

/* A source for the socket, or one that is ready at once. (transfer full) */
static GSource *
create_source (Tls *tls, GObject *stream, GIOCondition condition, gboolean is_ready, GCancellable *cancellable)
{
  g_autoptr (GSource) child = is_ready || g_socket_is_closed (tls->socket)
                                  ? g_timeout_source_new (0)
                                  : g_socket_create_source (tls->socket, condition, NULL);

  return g_pollable_source_new_full (stream, child, cancellable);
}

/* --- the input ---------------------------------------------------------------------------------------------------- */

#define VGW_TYPE_TLS_INPUT (vgw_tls_input_get_type ())
G_DECLARE_FINAL_TYPE (VgwTlsInput, vgw_tls_input, VGW, TLS_INPUT, GInputStream)

struct _VgwTlsInput
{
  GInputStream parent_instance;
  Tls *tls;
};

static gboolean
has_pending (Tls *tls)
{
  return tls->ahead->len > 0 || SSL_pending (tls->ssl) > 0;
}

static gssize
vgw_tls_input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return tls_read (VGW_TLS_INPUT (stream)->tls, buffer, count, error);
}

static gssize
vgw_tls_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  return tls_read (VGW_TLS_INPUT (stream)->tls, buffer, count, error);
}

static gboolean
vgw_tls_input_is_readable (GPollableInputStream *stream)
{
  Tls *tls = VGW_TLS_INPUT (stream)->tls;

  return has_pending (tls) || g_socket_condition_check (tls->socket, G_IO_IN) != 0;
}

static GSource *
vgw_tls_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  Tls *tls = VGW_TLS_INPUT (stream)->tls;

  return create_source (tls, G_OBJECT (stream), tls->read_wanted, has_pending (tls), cancellable);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = vgw_tls_input_is_readable;
  iface->create_source = vgw_tls_input_create_source;
  iface->read_nonblocking = vgw_tls_input_read_nonblocking;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (VgwTlsInput, vgw_tls_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))

static void
vgw_tls_input_finalize (GObject *object)
{
  tls_unref (VGW_TLS_INPUT (object)->tls);
  G_OBJECT_CLASS (vgw_tls_input_parent_class)->finalize (object);
}

static void
vgw_tls_input_class_init (VgwTlsInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_tls_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = vgw_tls_input_read;
}

static void
vgw_tls_input_init (VgwTlsInput *self)
{
}

/* --- the output --------------------------------------------------------------------------------------------------- */

#define VGW_TYPE_TLS_OUTPUT (vgw_tls_output_get_type ())
G_DECLARE_FINAL_TYPE (VgwTlsOutput, vgw_tls_output, VGW, TLS_OUTPUT, GOutputStream)

struct _VgwTlsOutput
{
  GOutputStream parent_instance;
  Tls *tls;
};

static gssize
vgw_tls_output_write (GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return tls_write (VGW_TLS_OUTPUT (stream)->tls, buffer, count, error);
}

static gssize
vgw_tls_output_write_nonblocking (GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
  return tls_write (VGW_TLS_OUTPUT (stream)->tls, buffer, count, error);
}

static gboolean
vgw_tls_output_is_writable (GPollableOutputStream *stream)
{
  return g_socket_condition_check (VGW_TLS_OUTPUT (stream)->tls->socket, G_IO_OUT) != 0;
}

static GSource *
vgw_tls_output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  Tls *tls = VGW_TLS_OUTPUT (stream)->tls;

  return create_source (tls, G_OBJECT (stream), tls->write_wanted, FALSE, cancellable);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = vgw_tls_output_is_writable;
  iface->create_source = vgw_tls_output_create_source;
  iface->write_nonblocking = vgw_tls_output_write_nonblocking;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (VgwTlsOutput, vgw_tls_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, output_pollable_init))

static void
vgw_tls_output_finalize (GObject *object)
{
  tls_unref (VGW_TLS_OUTPUT (object)->tls);
  G_OBJECT_CLASS (vgw_tls_output_parent_class)->finalize (object);
}

static void
vgw_tls_output_class_init (VgwTlsOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_tls_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = vgw_tls_output_write;
}

static void
vgw_tls_output_init (VgwTlsOutput *self)
{
}

/* --- both --------------------------------------------------------------------------------------------------------- */

struct _VgwTlsStream
{
  GIOStream parent_instance;

  Tls *tls;
  GInputStream *input;
  GOutputStream *output;
};

G_DEFINE_FINAL_TYPE (VgwTlsStream, vgw_tls_stream, G_TYPE_IO_STREAM)

static GInputStream *
vgw_tls_stream_get_input_stream (GIOStream *stream)
{
  return VGW_TLS_STREAM (stream)->input;
}

static GOutputStream *
vgw_tls_stream_get_output_stream (GIOStream *stream)
{
  return VGW_TLS_STREAM (stream)->output;
}

/* Sends the closing alert if the socket takes it at once. */
static gboolean
vgw_tls_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  Tls *tls = VGW_TLS_STREAM (stream)->tls;

  if (begin (tls, NULL) && SSL_is_init_finished (tls->ssl))
    SSL_shutdown (tls->ssl);
  ERR_clear_error ();
  return g_socket_is_closed (tls->socket) || g_socket_close (tls->socket, error);
}

/* At once: GIOStream's own function closes on a thread. */
static void
vgw_tls_stream_close_async (GIOStream *stream, int priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;

  if (vgw_tls_stream_close (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
vgw_tls_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
vgw_tls_stream_finalize (GObject *object)
{
  VgwTlsStream *self = VGW_TLS_STREAM (object);

  g_object_unref (self->input);
  g_object_unref (self->output);
  tls_unref (self->tls);
  G_OBJECT_CLASS (vgw_tls_stream_parent_class)->finalize (object);
}

static void
vgw_tls_stream_class_init (VgwTlsStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_tls_stream_finalize;
  stream_class->get_input_stream = vgw_tls_stream_get_input_stream;
  stream_class->get_output_stream = vgw_tls_stream_get_output_stream;
  stream_class->close_fn = vgw_tls_stream_close;
  stream_class->close_async = vgw_tls_stream_close_async;
  stream_class->close_finish = vgw_tls_stream_close_finish;
}

static void
vgw_tls_stream_init (VgwTlsStream *self)
{
  self->input = g_object_new (VGW_TYPE_TLS_INPUT, NULL);
  self->output = g_object_new (VGW_TYPE_TLS_OUTPUT, NULL);
}

VgwTlsStream *
vgw_tls_stream_new (GSocket *socket, VgwTlsIdentity *identity)
{
  VgwTlsStream *self = g_object_new (VGW_TYPE_TLS_STREAM, NULL);
  Tls *tls = g_rc_box_new0 (Tls);

  tls->socket = g_object_ref (socket);
  tls->ssl = SSL_new (vgw_tls_identity_get_context (identity));
  tls->ahead = g_byte_array_new ();
  tls->read_wanted = G_IO_IN;
  tls->write_wanted = G_IO_OUT;
  if (tls->ssl == NULL || SSL_set_wfd (tls->ssl, g_socket_get_fd (socket)) != 1)
    g_error ("TLS: out of memory"); /* as g_malloc () does */
  SSL_set0_rbio (tls->ssl, vgw_tls_bio_new (g_socket_get_fd (socket)));
  SSL_set_accept_state (tls->ssl);
  self->tls = tls;
  VGW_TLS_INPUT (self->input)->tls = g_rc_box_acquire (tls);
  VGW_TLS_OUTPUT (self->output)->tls = g_rc_box_acquire (tls);
  return self;
}

gboolean
vgw_tls_stream_handshake (VgwTlsStream *self, GIOCondition *wanted, GError **error)
{
  Tls *tls = self->tls;
  int result;

  if (!begin (tls, error))
    return FALSE;
  result = SSL_do_handshake (tls->ssl);
  if (result == 1)
    return TRUE;
  *wanted = get_wanted (tls, G_IO_IN);
  if (BIO_number_read (SSL_get_rbio (tls->ssl)) > HANDSHAKE_MAX_BYTES)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "too long");
  else if (handle_result (tls, result, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the client has closed the connection");
  ERR_clear_error ();
  return FALSE;
}

gboolean
vgw_tls_stream_peek (VgwTlsStream *self, char *data, gsize size, gsize *n)
{
  Tls *tls = self->tls;
  gboolean is_open = begin (tls, NULL);

  while (is_open && tls->ahead->len < size)
    {
      g_autoptr (GError) error = NULL;
      guint8 record[RECORD_BYTES];
      int result = SSL_read (tls->ssl, record, (int) MIN (sizeof record, size - tls->ahead->len));

      if (result > 0)
        {
          g_byte_array_append (tls->ahead, record, (guint) result);
          continue;
        }
      is_open = !handle_result (tls, result, &error) && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      break;
    }
  *n = MIN (size, tls->ahead->len);
  if (*n > 0)
    memcpy (data, tls->ahead->data, *n);
  return is_open;
}

void
vgw_tls_stream_send_last (VgwTlsStream *self, gconstpointer data, gsize length)
{
  if (length == 0 || tls_write (self->tls, data, length, NULL) > 0)
    SSL_shutdown (self->tls->ssl);
  ERR_clear_error ();
}
