#include "net/vgw-http-client.h"

#include <libsoup/soup.h>

#include "base/vgw-source.h"
#include "vgw-build.h"

#define MAX_RETRY_AFTER_S 3600
#define PIECE_BYTES 65536

struct _VgwHttpClient
{
  SoupSession *session;
  GCancellable *stop;
  guint timeout_ms;
};

/* The data of a request's task, which owns it. */
typedef struct
{
  SoupMessage *message;
  GCancellable *cancellable; /* of this request: the client's stop, and its deadline */
  GCancellable *stop;
  gulong stop_handler;
  GSource *deadline;
  gboolean is_late;
  guint retry_after_s;
  gsize max_reply_bytes;
  GByteArray *reply; /* what has been received of it, and room for what is being read */
  gsize reply_length;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  vgw_source_clear (&request->deadline);
  g_cancellable_disconnect (request->stop, request->stop_handler);
  g_object_unref (request->stop);
  g_object_unref (request->cancellable);
  g_object_unref (request->message);
  g_byte_array_unref (request->reply);
  g_free (request);
}

static gboolean
on_deadline (gpointer user_data)
{
  Request *request = user_data;

  request->is_late = TRUE;
  g_cancellable_cancel (request->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_stop (GCancellable *stop, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static guint
get_retry_after_s (SoupMessage *message)
{
  const char *text = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  guint64 seconds = 0;

  if (text != NULL)
    g_ascii_string_to_unsigned (text, 10, 0, MAX_RETRY_AFTER_S, &seconds, NULL); /* a date is as good as none */
  return (guint) seconds;
}

/* @error: (transfer full) */
static void
fail (GTask *task, GError *error)
{
  Request *request = g_task_get_task_data (task);

  if (request->is_late)
    {
      g_error_free (error);
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no reply in time");
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void on_reply_read (GObject *source, GAsyncResult *result, gpointer user_data);

/* Reads the next piece of the reply, as far as it may be long. */
static void
read_reply (GTask *task, GInputStream *stream)
{
  Request *request = g_task_get_task_data (task);
  gsize n_bytes = MIN (PIECE_BYTES, request->max_reply_bytes - request->reply_length);

  g_byte_array_set_size (request->reply, (guint) (request->reply_length + n_bytes));
  g_input_stream_read_all_async (stream, request->reply->data + request->reply_length, n_bytes, G_PRIORITY_DEFAULT,
                                 request->cancellable, on_reply_read, task);
}

static void
on_reply_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Request *request = g_task_get_task_data (task);
  GError *error = NULL;
  gsize n_read = 0;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n_read, &error))
    {
      fail (task, error);
      return;
    }
  request->reply_length += n_read;
  if (n_read == PIECE_BYTES && request->reply_length < request->max_reply_bytes)
    {
      read_reply (task, G_INPUT_STREAM (source));
      return;
    }
  g_task_return_int (task, soup_message_get_status (request->message));
  g_object_unref (task);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Request *request = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GInputStream) reply = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (reply == NULL)
    {
      fail (task, error);
      return;
    }
  request->retry_after_s = get_retry_after_s (request->message);
  read_reply (task, reply);
}

/* Returns: (transfer full) (nullable) */
static SoupMessage *
make_message (const VgwHttpClientRequest *asked)
{
  SoupMessage *message = soup_message_new (asked->json != NULL ? SOUP_METHOD_POST : SOUP_METHOD_GET, asked->url);

  if (message == NULL)
    return NULL;
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (asked->json != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", asked->json);
  for (const char *const *headers = asked->headers; *headers != NULL; headers += 2)
    soup_message_headers_append (soup_message_get_request_headers (message), headers[0], headers[1]);
  return message;
}

void
vgw_http_client_send_async (VgwHttpClient *self, const VgwHttpClientRequest *asked, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  SoupMessage *message = make_message (asked);
  Request *request;

  if (message == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "not an HTTP address");
      g_object_unref (task);
      return;
    }
  request = g_new0 (Request, 1);
  request->message = message;
  request->max_reply_bytes = asked->max_reply_bytes;
  request->reply = g_byte_array_new ();
  request->cancellable = g_cancellable_new ();
  request->stop = g_object_ref (self->stop);
  request->stop_handler = g_cancellable_connect (self->stop, G_CALLBACK (on_stop), request->cancellable, NULL);
  request->deadline = vgw_source_start_timer (self->timeout_ms, on_deadline, request);
  g_task_set_task_data (task, request, request_free);
  soup_session_send_async (self->session, message, G_PRIORITY_DEFAULT, request->cancellable, on_sent, task);
}

guint
vgw_http_client_send_finish (GAsyncResult *result, guint *retry_after_s, GBytes **body, GError **error)
{
  const Request *request = g_task_get_task_data (G_TASK (result));
  gssize status = g_task_propagate_int (G_TASK (result), error);

  if (body != NULL)
    *body = status > 0 ? g_bytes_new (request->reply->data, request->reply_length) : NULL;
  *retry_after_s = request != NULL ? request->retry_after_s : 0;
  return status > 0 ? (guint) status : 0;
}

VgwHttpClient *
vgw_http_client_new (const VgwHttpClientSettings *settings)
{
  VgwHttpClient *self = g_new0 (VgwHttpClient, 1);

  self->session =
      soup_session_new_with_options ("max-conns", settings->max_connections, "max-conns-per-host",
                                     settings->max_connections, "user-agent", "voice-gateway/" VGW_VERSION, NULL);
  soup_session_set_proxy_resolver (self->session, NULL);
  if (settings->authorities != NULL)
    soup_session_set_tls_database (self->session, settings->authorities);
  soup_session_set_timeout (self->session, 0); /* a request has a deadline of its own */
  self->stop = g_cancellable_new ();
  self->timeout_ms = settings->timeout_ms;
  return self;
}

void
vgw_http_client_free (VgwHttpClient *self)
{
  g_cancellable_cancel (self->stop);
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_object_unref (self->stop);
  g_free (self);
}
