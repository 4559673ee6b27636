#include "http-fixture.h"

static void
on_closed (VgwWsChannel *channel, int how, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_closed++;
  g_ptr_array_remove (self->channels, channel);
}

/* An echo, so that both directions are seen to work. */
static void
on_message (VgwWsChannel *channel, gboolean is_text, const char *text, gulong length, gpointer user_data)
{
  vgw_ws_channel_send (channel, TRUE, text, strlen (text));
}

static void
on_bad (VgwWsChannel *channel, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_bad++;
  vgw_ws_channel_send (channel, TRUE, error->message, strlen (error->message));
}

static void
on_channel (VgwWsChannel *channel, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_channels++;
  g_ptr_array_add (self->channels, g_object_ref (channel));
  g_signal_connect (channel, "message", G_CALLBACK (on_message), self);
  g_signal_connect (channel, "bad", G_CALLBACK (on_bad), self);
  g_signal_connect (channel, "closed", G_CALLBACK (on_closed), self);
}

static void
on_ws_request (VgwHttpRequest *request, gpointer user_data)
{
  Fixture *self = user_data;

  vgw_http_server_open_websocket (self->server, request, on_channel, self, NULL);
}

VgwHttpSettings
default_settings (void)
{
  return (VgwHttpSettings){
    .address = "127.0.0.1",
    .header_timeout_ms = 5000,
    .idle_timeout_ms = 30000,
    .max_connections = 500,
    .max_message_bytes = 65536,
  };
}

Fixture *
fixture_new_with_pages (const VgwHttpSettings *settings, const VgwPagesSettings *pages)
{
  static const VgwHttpRoute route = { "/ws", .get = on_ws_request };
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr (GError) error = NULL;

  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->server = vgw_http_server_new (settings, &error);
  ck_assert_msg (self->server != NULL, "%s", error != NULL ? error->message : "");
  vgw_http_server_add_route (self->server, &route, self);
  self->pages = vgw_pages_new (self->server, pages, &error);
  ck_assert_msg (self->pages != NULL, "%s", error != NULL ? error->message : "");
  return self;
}

Fixture *
fixture_new (const VgwHttpSettings *settings)
{
  const VgwPagesSettings pages = { .serves_page = TRUE };

  return fixture_new_with_pages (settings, &pages);
}

Fixture *
fixture_new_default (void)
{
  VgwHttpSettings settings = default_settings ();

  return fixture_new (&settings);
}

void
fixture_free (Fixture *self)
{
  for (guint i = 0; i < self->channels->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->channels, i), self);
  g_ptr_array_unref (self->channels);
  g_clear_object (&self->server);
  g_clear_pointer (&self->pages, vgw_pages_free);
  g_free (self);
}

WsPeer *
dial (Fixture *self)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.1", vgw_http_server_get_port (self->server));
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (g_socket_connect (socket, address, NULL, &error), "%s", error != NULL ? error->message : "");
  return ws_peer_new (socket);
}

gboolean
has_head (WsPeer *peer)
{
  ws_peer_read (peer);
  return peer->received->len > 0
         && g_strstr_len ((const char *) peer->received->data, peer->received->len, "\r\n\r\n") != NULL;
}

char *
exchange (Fixture *self, const char *request)
{
  g_autoptr (WsPeer) peer = dial (self);

  ws_peer_send (peer, request, strlen (request));
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  g_byte_array_append (peer->received, (const guint8 *) "", 1);
  return g_strdup ((const char *) peer->received->data);
}

char *
get (Fixture *self, const char *path, const char *more_headers)
{
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: gateway.test:8080\r\n%s\r\n", path, more_headers);

  return exchange (self, request);
}

guint
status_of (const char *response)
{
  ck_assert_msg (g_str_has_prefix (response, "HTTP/1."), "no response: %.60s", response);
  return (guint) g_ascii_strtoull (response + strlen ("HTTP/1.1 "), NULL, 10);
}

void
assert_has (const char *response, const char *needle)
{
  ck_assert_msg (strstr (response, needle) != NULL, "no \"%s\" in: %.800s", needle, response);
}

void
assert_get (Fixture *self, const char *path, const char *more_headers, guint status)
{
  g_autofree char *response = get (self, path, more_headers);

  ck_assert_msg (status_of (response) == status, "GET %s: %.60s", path, response);
  assert_has (response, "Connection: close");
}

void
assert_received (WsPeer *peer, const char *needle)
{
  g_autofree char *text = g_strndup ((const char *) peer->received->data, peer->received->len);

  assert_has (text, needle);
}

gsize
head_length (WsPeer *peer)
{
  const char *data = (const char *) peer->received->data;

  return g_strstr_len (data, peer->received->len, "\r\n\r\n") + 4 - data;
}

WsPeer *
dial_ws (Fixture *self, const char *more_headers)
{
  WsPeer *peer = dial (self);
  g_autofree char *request = g_strdup_printf (
      "GET /ws?engine=echo HTTP/1.1\r\nHost: gateway.test:8080\r\n" WS_HANDSHAKE "%s\r\n", more_headers);

  ws_peer_send (peer, request, strlen (request));
  WAIT_UNTIL (has_head (peer));
  assert_received (peer, "HTTP/1.1 101 ");
  /* RFC 6455 section 1.3 has this key and its answer */
  assert_received (peer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  ck_assert_ptr_null (g_strstr_len ((const char *) peer->received->data, peer->received->len, "Extensions"));
  g_byte_array_remove_range (peer->received, 0, head_length (peer));
  return peer;
}

guint
count_fds (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}
