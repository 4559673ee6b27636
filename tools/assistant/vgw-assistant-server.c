#include "assistant/vgw-assistant-server.h"

#include <libsoup/soup.h>

#include "assistant/vgw-assistant-connection.h"
#include "base/vgw-log.h"

struct _VgwAssistantServer
{
  GSocketService *listener; /* not SoupServer's own, which leaks a GSocket for each WebSocket */
  SoupServer *soup;
  char *url;
  VgwAssistantModels *models;
  guint max_calls;
  gboolean is_interruptible;
  GPtrArray *connections; /* VgwAssistantConnection */
};

static void
on_closed (VgwAssistantConnection *connection, gpointer user_data)
{
  VgwAssistantServer *self = user_data;

  g_ptr_array_remove_fast (self->connections, connection);
}

static gboolean
on_incoming (GSocketService *listener, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  VgwAssistantServer *self = user_data;
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);

  if (local != NULL && remote != NULL)
    soup_server_accept_iostream (self->soup, G_IO_STREAM (connection), local, remote, NULL);
  return TRUE;
}

/* Before the first byte is read: libsoup leaks the descriptor of a client that keeps its connection alive, and buffers
 * all of a body. */
static void
on_request_started (SoupServer *soup, SoupServerMessage *request, gpointer user_data)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (request), "Connection", "close");
  soup_message_body_set_accumulate (soup_server_message_get_request_body (request), FALSE);
}

/* Runs before other handlers. A status set here is the answer. */
static void
on_request (SoupServer *soup, SoupServerMessage *request, const char *path, GHashTable *query, gpointer user_data)
{
  VgwAssistantServer *self = user_data;

  if (soup_message_headers_get_one (soup_server_message_get_request_headers (request), "Origin") != NULL)
    soup_server_message_set_status (request, SOUP_STATUS_FORBIDDEN, NULL);
  else if (self->connections->len >= self->max_calls)
    {
      vgw_warning (NULL, "assistant: refused a call: %u calls are active (--max-calls)", self->connections->len);
      soup_server_message_set_status (request, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
    }
}

static void
on_websocket (SoupServer *soup, SoupServerMessage *request, const char *path, SoupWebsocketConnection *socket,
              gpointer user_data)
{
  VgwAssistantServer *self = user_data;

  /* for simultaneous handshakes */
  if (self->connections->len >= self->max_calls)
    soup_websocket_connection_close (socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "too many calls");
  else
    g_ptr_array_add (self->connections,
                     vgw_assistant_connection_new (socket, self->models, self->is_interruptible, on_closed, self));
}

VgwAssistantServer *
vgw_assistant_server_new (GSocketAddress *address, VgwAssistantModels *models, guint max_calls,
                          gboolean is_interruptible, GError **error)
{
  char *protocols[] = { "voice-gateway.v1", NULL };
  g_autoptr (VgwAssistantServer) self = g_new0 (VgwAssistantServer, 1);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *text = NULL;

  self->listener = g_socket_service_new ();
  self->soup = soup_server_new (NULL, NULL);
  self->models = vgw_assistant_models_ref (models);
  self->max_calls = max_calls;
  self->is_interruptible = is_interruptible;
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_assistant_connection_free);
  soup_server_remove_websocket_extension (self->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (on_request_started), NULL);
  soup_server_add_early_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_add_websocket_handler (self->soup, NULL, NULL, protocols, on_websocket, self, NULL);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_incoming), self);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->listener), address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &bound, error))
    return NULL;
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));
  self->url = g_strdup_printf ("ws://%s/", text);
  return g_steal_pointer (&self);
}

const char *
vgw_assistant_server_get_url (VgwAssistantServer *self)
{
  return self->url;
}

guint
vgw_assistant_server_count_calls (VgwAssistantServer *self)
{
  return self->connections->len;
}

void
vgw_assistant_server_stop (VgwAssistantServer *self)
{
  g_socket_service_stop (self->listener);
  g_socket_listener_close (G_SOCKET_LISTENER (self->listener));
  for (guint i = 0; i < self->connections->len; i++)
    vgw_assistant_connection_close (self->connections->pdata[i], SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "stopping");
}

void
vgw_assistant_server_free (VgwAssistantServer *self)
{
  g_socket_service_stop (self->listener);
  g_socket_listener_close (G_SOCKET_LISTENER (self->listener));
  g_signal_handlers_disconnect_by_data (self->listener, self);
  g_object_unref (self->listener);
  g_ptr_array_unref (self->connections);
  soup_server_disconnect (self->soup);
  g_object_unref (self->soup);
  g_free (self->url);
  vgw_assistant_models_unref (self->models);
  g_free (self);
}
