#include "caller/vgw-call-socket.h"

#include "base/vgw-log.h"

#define MAX_INCOMING_BYTES (4 * VGW_MESSAGE_MAX_BYTES)

struct _VgwCallSocket
{
  GObject parent_instance;

  GCancellable *cancellable;          /* of opening */
  SoupWebsocketConnection *websocket; /* (nullable) */
  gboolean is_closed;                 /* nothing is emitted any more */
};

enum
{
  SIGNAL_OPENED,
  SIGNAL_MESSAGE,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwCallSocket, vgw_call_socket, G_TYPE_OBJECT)

static void
report_closed (VgwCallSocket *self, const char *reason)
{
  if (self->is_closed)
    return;
  vgw_call_socket_close (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, reason);
}

static void
on_text (SoupWebsocketConnection *websocket, int type, GBytes *data, VgwCallSocket *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwMessage) message = NULL;
  g_autofree char *reason = NULL;
  gsize length;
  const char *text = g_bytes_get_data (data, &length);

  if (self->is_closed)
    return;
  message = vgw_message_parse (text, length, &error);
  if (message == NULL)
    {
      reason = g_strdup_printf ("invalid message from the gateway: %s", error->message);
      report_closed (self, reason);
      return;
    }
  vgw_debug (NULL, "received %s", vgw_message_type_to_string (message->type));
  g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, message);
}

static void
on_websocket_closed (SoupWebsocketConnection *websocket, VgwCallSocket *self)
{
  const char *data = soup_websocket_connection_get_close_data (websocket);
  g_autofree char *reason = g_strdup_printf ("the gateway closed the WebSocket: code %u%s%s",
                                             soup_websocket_connection_get_close_code (websocket),
                                             data != NULL ? ", " : "", data != NULL ? data : "");

  report_closed (self, reason);
}

static void
on_websocket_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VgwCallSocket) self = user_data; /* the reference of vgw_call_socket_open () */
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;
  SoupWebsocketConnection *websocket;

  websocket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (websocket == NULL)
    {
      reason = g_strdup_printf ("opening the WebSocket: %s%s", error->message,
                                g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE)
                                    ? "; -k (--insecure) accepts any certificate"
                                    : "");
      report_closed (self, reason);
      return;
    }
  self->websocket = websocket;
  if (self->is_closed)
    {
      soup_websocket_connection_close (websocket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
      return;
    }
  soup_websocket_connection_set_max_incoming_payload_size (websocket, MAX_INCOMING_BYTES);
  g_signal_connect (websocket, "message", G_CALLBACK (on_text), self);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_websocket_closed), self);
  g_signal_emit (self, signals[SIGNAL_OPENED], 0);
}

static void
vgw_call_socket_dispose (GObject *object)
{
  VgwCallSocket *self = VGW_CALL_SOCKET (object);

  vgw_call_socket_close (self);
  if (self->websocket != NULL)
    g_signal_handlers_disconnect_by_data (self->websocket, self);
  g_clear_object (&self->websocket);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (vgw_call_socket_parent_class)->dispose (object);
}

static void
vgw_call_socket_class_init (VgwCallSocketClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_call_socket_dispose;

  signals[SIGNAL_OPENED] =
      g_signal_new ("opened", VGW_TYPE_CALL_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_MESSAGE] = g_signal_new ("message", VGW_TYPE_CALL_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", VGW_TYPE_CALL_SOCKET, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
vgw_call_socket_init (VgwCallSocket *self)
{
  self->cancellable = g_cancellable_new ();
}

VgwCallSocket *
vgw_call_socket_new (void)
{
  return g_object_new (VGW_TYPE_CALL_SOCKET, NULL);
}

static gboolean
accept_any_certificate (SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags errors,
                        gpointer user_data)
{
  return TRUE;
}

static gboolean
report_bad_url (gpointer user_data)
{
  report_closed (user_data, "invalid URL: it must be ws://HOST:PORT/ws");
  return G_SOURCE_REMOVE;
}

void
vgw_call_socket_open (VgwCallSocket *self, SoupSession *http, const char *url, const char *origin,
                      gboolean accepts_any_certificate)
{
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, url);

  if (message == NULL)
    {
      g_idle_add_full (G_PRIORITY_DEFAULT, report_bad_url, g_object_ref (self), g_object_unref);
      return;
    }
  if (accepts_any_certificate)
    g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_any_certificate), NULL);
  soup_session_websocket_connect_async (http, message, origin, NULL, G_PRIORITY_DEFAULT, self->cancellable,
                                        on_websocket_open, g_object_ref (self));
}

void
vgw_call_socket_send (VgwCallSocket *self, VgwMessage *message)
{
  g_autoptr (VgwMessage) owned = message;
  g_autofree char *text = NULL;

  if (self->websocket == NULL || soup_websocket_connection_get_state (self->websocket) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  vgw_debug (NULL, "sending %s", vgw_message_type_to_string (owned->type));
  text = vgw_message_to_text (owned);
  soup_websocket_connection_send_text (self->websocket, text);
}

void
vgw_call_socket_close (VgwCallSocket *self)
{
  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  g_cancellable_cancel (self->cancellable);
  if (self->websocket != NULL && soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->websocket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}
