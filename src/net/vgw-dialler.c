#include "net/vgw-dialler.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/vgw-error.h"
#include "net/vgw-tls.h"
#include "net/vgw-ws-handshake.h"

/* Small, so that a stalled server is noticed here instead of filling the kernel's buffer, which is twice this size. */
#define SEND_BUFFER_BYTES (32 * 1024)
#define ANSWER_BYTES 4096
#define DEFAULT_WS_PORT 80
#define DEFAULT_WSS_PORT 443

typedef struct
{
  GNetworkAddress *address;
  GTlsDatabase *authorities; /* (nullable) without TLS: of the target, or on this machine */
  gboolean is_tls;
  guint stall_ms;
  VgwWsHandshake *handshake; /* NULL for a stream */
  GSocketConnection *tcp;
  GIOStream *tls;
  GSocketConnection *connection; /* over either */
  guint8 answer[ANSWER_BYTES];   /* a piece of the answer to the handshake */
  GBytes *rest;                  /* (nullable) bytes after the answer */
  GTlsCertificateFlags faults;   /* of a refused certificate */
} Dial;

static const struct
{
  GTlsCertificateFlags flag;
  const char *words;
} fault_words[] = {
  { G_TLS_CERTIFICATE_UNKNOWN_CA, "it is signed by an unknown authority" },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host name than" },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
  { G_TLS_CERTIFICATE_EXPIRED, "it has expired" },
  { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
  { G_TLS_CERTIFICATE_INSECURE, "its algorithms are insecure" },
  { G_TLS_CERTIFICATE_GENERIC_ERROR, "it cannot be verified" },
};

static void
dial_free (gpointer data)
{
  Dial *self = data;

  vgw_ws_handshake_free (self->handshake);
  g_clear_pointer (&self->rest, g_bytes_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->tls);
  g_clear_object (&self->tcp);
  g_clear_object (&self->address);
  g_clear_object (&self->authorities);
  g_free (self);
}

/* --- the WebSocket ------------------------------------------------------------------------------------------------ */

static void on_answer (GObject *stream, GAsyncResult *result, gpointer user_data);

static void
read_answer (Dial *self, GTask *task)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->answer, ANSWER_BYTES,
                             G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_answer, g_object_ref (task));
}

static void
return_connection (Dial *self, GTask *task)
{
  g_task_return_pointer (task, g_object_ref (self->connection), g_object_unref);
}

static void
on_answer (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Dial *self = g_task_get_task_data (task);
  GError *error = NULL;
  gsize n_taken = 0;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else if (n == 0) /* OpenSSL's reaction to HTTP */
    g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_ENGINE, "the connection was closed during the handshake%s",
                             self->is_tls ? "" : " (a bot with TLS needs a url with wss:)");
  else
    switch (vgw_ws_handshake_read (self->handshake, self->answer, n, &n_taken, &error))
      {
      case VGW_WS_MORE:
        read_answer (self, task);
        break;
      case VGW_WS_MESSAGE:
        self->rest = g_bytes_new (self->answer + n_taken, n - n_taken);
        return_connection (self, task);
        break;
      case VGW_WS_FAILED:
        g_task_return_error (task, error);
        break;
      }
}

static void
on_request_sent (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, &error))
    read_answer (g_task_get_task_data (task), task);
  else
    g_task_return_error (task, error);
}

static void
begin_upgrade (Dial *self, GTask *task)
{
  const char *request;

  if (self->handshake == NULL)
    {
      return_connection (self, task);
      return;
    }
  request = vgw_ws_handshake_get_request (self->handshake);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), request,
                                   strlen (request), G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_request_sent,
                                   g_object_ref (task));
}

/* --- TLS ---------------------------------------------------------------------------------------------------------- */

static char *
explain_certificate (GTlsCertificateFlags faults, const char *host, const char *whose)
{
  GString *text = g_string_new (NULL);
  const char *separator = "";

  g_string_printf (text, "the %s's certificate is refused: ", whose);
  for (gsize i = 0; i < G_N_ELEMENTS (fault_words); i++)
    {
      if (!(faults & fault_words[i].flag))
        continue;
      g_string_append_printf (text, "%s%s", separator, fault_words[i].words);
      if (fault_words[i].flag == G_TLS_CERTIFICATE_BAD_IDENTITY)
        g_string_append_printf (text, " %s", host);
      separator = ", ";
    }
  return g_string_free (text, FALSE);
}

/* GLib's message, with a hint. */
static char *
explain (Dial *self, const GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) && self->faults != 0)
    return explain_certificate (self->faults, g_network_address_get_hostname (self->address),
                                self->handshake != NULL ? "bot" : "server");
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE))
    return g_strdup_printf ("%s (glib-networking is not installed)", error->message);
  if (self->handshake == NULL)
    return g_strdup (error->message);
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_MISC)
      || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS))
    return g_strdup_printf ("%s (a bot without TLS needs a url with ws:)", error->message);
  return g_strdup (error->message);
}

/* Verifies the certificate: the connection itself has no database. */
static gboolean
on_accept_certificate (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags unused, Dial *self)
{
  g_autoptr (GError) error = NULL;

  self->faults = g_tls_database_verify_chain (
      self->authorities, certificate, G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, G_SOCKET_CONNECTABLE (self->address),
      NULL, G_TLS_DATABASE_VERIFY_NONE, NULL, &error);
  if (error != NULL)
    self->faults |= G_TLS_CERTIFICATE_GENERIC_ERROR;
  return self->faults == 0;
}

static void
on_handshaken (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Dial *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;

  g_signal_handlers_disconnect_by_data (tls, self);
  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error))
    {
      GSocket *socket = g_socket_connection_get_socket (self->tcp);
      self->connection = G_SOCKET_CONNECTION (g_tcp_wrapper_connection_new (G_IO_STREAM (tls), socket));
      begin_upgrade (self, task);
      return;
    }
  why = explain (self, error);
  g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_ENGINE, "%s", why);
}

/* The connection has no database of its own: with one, GLib reads all authorities of the system for each connection,
 * which blocks the thread for 15 ms. Those of on_accept_certificate () are read once. */
static void
begin_tls (Dial *self, GTask *task)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  g_autoptr (GError) error = NULL;

  self->tls = g_initable_new (type, NULL, &error, "base-io-stream", self->tcp, "server-identity", self->address,
                              "database", NULL, NULL);
  if (self->tls == NULL)
    {
      g_autofree char *why = explain (self, error);
      g_task_return_new_error (task, VGW_ERROR, VGW_ERROR_ENGINE, "%s", why);
      return;
    }
  g_signal_connect (self->tls, "accept-certificate", G_CALLBACK (on_accept_certificate), self);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT, g_task_get_cancellable (task),
                                    on_handshaken, g_object_ref (task));
}

static void
tune_socket (GSocket *socket, guint stall_ms)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  /* tcp(7): also for bytes that wait for a window, that is, for a server that does not read */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) stall_ms, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, NULL);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Dial *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->tcp = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (self->tcp == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  tune_socket (g_socket_connection_get_socket (self->tcp), self->stall_ms);
  if (self->is_tls)
    begin_tls (self, task);
  else
    {
      self->connection = g_object_ref (self->tcp);
      begin_upgrade (self, task);
    }
}

void
vgw_dial_async (const VgwDialTarget *target, GCancellable *cancellable, GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  Dial *self = g_new0 (Dial, 1);
  GSocketConnectable *address;
  GError *error = NULL;

  g_task_set_task_data (task, self, dial_free);
  self->is_tls = vgw_tls_is_wanted (target->url);
  self->stall_ms = target->stall_ms;
  address = g_network_address_parse_uri (target->url, self->is_tls ? DEFAULT_WSS_PORT : DEFAULT_WS_PORT, &error);
  if (address == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->address = G_NETWORK_ADDRESS (address);
  if (!target->is_stream)
    self->handshake =
        vgw_ws_handshake_new (target->url, target->subprotocol, target->authorization, target->traceparent);
  if (self->is_tls)
    self->authorities =
        target->authorities != NULL ? g_object_ref (target->authorities) : vgw_tls_get_system_authorities ();
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, address, cancellable, on_connected, g_steal_pointer (&task));
}

GSocketConnection *
vgw_dial_finish (GAsyncResult *result, GBytes **rest, GError **error)
{
  GTask *task = G_TASK (result);
  Dial *self = g_task_get_task_data (task);
  GSocketConnection *connection = g_task_propagate_pointer (task, error);

  *rest = connection != NULL ? g_steal_pointer (&self->rest) : NULL;
  return connection;
}
