#include "net/vgw-http-server.h"

#include <check.h>
#include <libsoup/soup.h>
#include <string.h>

#include "http-fixture.h"
#include "run-suite.h"

/* libsoup as the client: a WebSocket and an HTTP client that nobody here wrote. */
typedef struct
{
  SoupWebsocketConnection *connection;
  GPtrArray *texts;
  gboolean is_closed;
  gboolean has_failed;
} SoupPeer;

static void
on_soup_message (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message, gpointer user_data)
{
  SoupPeer *self = user_data;

  g_ptr_array_add (self->texts, g_strndup (g_bytes_get_data (message, NULL), g_bytes_get_size (message)));
}

static void
on_soup_closed (SoupWebsocketConnection *connection, gpointer user_data)
{
  SoupPeer *self = user_data;

  self->is_closed = TRUE;
}

static void
on_soup_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupPeer *self = user_data;

  self->connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, NULL);
  self->has_failed = self->connection == NULL;
  if (self->has_failed)
    return;
  g_signal_connect (self->connection, "message", G_CALLBACK (on_soup_message), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_soup_closed), self);
}

static void
soup_peer_connect (SoupPeer *self, SoupSession *session, Fixture *fixture)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/ws?a=b", vgw_http_server_get_port (fixture->server));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);

  self->texts = g_ptr_array_new_with_free_func (g_free);
  soup_session_websocket_connect_async (session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_soup_connected,
                                        self);
  WAIT_UNTIL (self->connection != NULL || self->has_failed);
  ck_assert (!self->has_failed);
}

static void
soup_peer_clear (SoupPeer *self)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->texts, g_ptr_array_unref);
}

START_TEST (a_plain_request_to_ws_is_told_to_upgrade)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *plain = get (self, "/ws", "");

  ck_assert_uint_eq (status_of (plain), 426);
  assert_has (plain, "Upgrade: websocket\r\n");
  assert_has (plain, "Sec-WebSocket-Version: 13\r\n");
  assert_has (plain, "Connection: close, Upgrade\r\n");
  assert_get (self, "/ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n", 400);
  assert_get (self, "/ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400);
  ck_assert_uint_eq (self->n_channels, 0);
}
END_TEST

START_TEST (a_raw_client_gets_its_echo)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "");

  ck_assert_uint_eq (self->channels->len, 1);
  ck_assert_str_eq (vgw_ws_channel_get_peer (g_ptr_array_index (self->channels, 0)), "127.0.0.1");
  ws_peer_send_frame (peer, WS_FIN | WS_TEXT, "hello");
  ws_peer_expect_text (peer, "hello");
}
END_TEST

START_TEST (a_frame_sent_with_the_handshake_is_not_lost)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial (self);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const char *head = "GET /ws HTTP/1.1\r\nHost: x\r\n" WS_HANDSHAKE "\r\n";

  g_byte_array_append (bytes, (const guint8 *) head, strlen (head));
  ws_append_frame (bytes, WS_FIN | WS_TEXT, TRUE, "early", 5);
  ws_peer_send (peer, bytes->data, bytes->len);
  WAIT_UNTIL (has_head (peer));
  g_byte_array_remove_range (peer->received, 0, head_length (peer));
  ws_peer_expect_text (peer, "early");
}
END_TEST

START_TEST (permessage_deflate_is_not_agreed_to)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "Sec-WebSocket-Extensions: permessage-deflate\r\n");

  ws_peer_send_frame (peer, WS_FIN | WS_TEXT, "plain");
  ws_peer_expect_text (peer, "plain");
}
END_TEST

START_TEST (a_websocket_outlives_the_header_timeout)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autoptr (WsPeer) slow = NULL;
  g_autoptr (WsPeer) peer = NULL;

  settings.header_timeout_ms = 150;
  self = fixture_new (&settings);
  peer = dial_ws (self, "");
  slow = dial (self); /* connected later: when it has been cut off, the time of the other is over as well */
  WAIT_UNTIL (ws_peer_read (slow) && slow->is_eof);
  ws_peer_send_frame (peer, WS_FIN | WS_TEXT, "still here");
  ws_peer_expect_text (peer, "still here");
}
END_TEST

START_TEST (a_soup_client_talks_and_closes)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree char *long_text = g_strnfill (65536, 'x');
  SoupPeer peer = { 0 };

  soup_peer_connect (&peer, session, self);
  soup_websocket_connection_send_text (peer.connection, "hello");
  soup_websocket_connection_send_text (peer.connection, long_text);
  WAIT_UNTIL (peer.texts->len == 2);
  ck_assert_str_eq (g_ptr_array_index (peer.texts, 0), "hello");
  ck_assert_str_eq (g_ptr_array_index (peer.texts, 1), long_text);
  soup_websocket_connection_close (peer.connection, SOUP_WEBSOCKET_CLOSE_NORMAL, "done");
  WAIT_UNTIL (peer.is_closed && self->n_closed == 1);
  ck_assert_uint_eq (soup_websocket_connection_get_close_code (peer.connection), SOUP_WEBSOCKET_CLOSE_NORMAL);
  soup_peer_clear (&peer);
}
END_TEST

START_TEST (a_soup_client_is_told_why_it_is_closed)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree char *long_text = g_strnfill (65537, 'x');
  SoupPeer peer = { 0 };

  soup_peer_connect (&peer, session, self);
  soup_websocket_connection_send_text (peer.connection, long_text);
  WAIT_UNTIL (peer.is_closed && self->n_closed == 1);
  ck_assert_uint_eq (peer.texts->len, 1);
  ck_assert_uint_eq (soup_websocket_connection_get_close_code (peer.connection), SOUP_WEBSOCKET_CLOSE_TOO_BIG);
  soup_peer_clear (&peer);
}
END_TEST

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;

  ck_assert (vgw_http_server_shutdown_finish (VGW_HTTP_SERVER (source), result, NULL));
  self->is_shut_down = TRUE;
}

START_TEST (shutdown_closes_channels_with_1001_and_waits)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (WsPeer) idle = dial (self);
  SoupPeer peers[3] = { 0 };
  guint16 port = vgw_http_server_get_port (self->server);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  for (int i = 0; i < 3; i++)
    soup_peer_connect (&peers[i], session, self);
  for (guint i = 0; i < self->channels->len; i++)
    vgw_ws_channel_send (g_ptr_array_index (self->channels, i), TRUE, "last words", strlen ("last words"));
  vgw_http_server_shutdown_async (self->server, 10000, on_shut_down, self);
  ck_assert (!self->is_shut_down);
  WAIT_UNTIL (self->is_shut_down);
  ck_assert_uint_eq (self->n_closed, 3);
  for (int i = 0; i < 3; i++)
    {
      WAIT_UNTIL (peers[i].is_closed);
      ck_assert_str_eq (g_ptr_array_index (peers[i].texts, 0), "last words");
      ck_assert_uint_eq (soup_websocket_connection_get_close_code (peers[i].connection), 1001);
      soup_peer_clear (&peers[i]);
    }
  WAIT_UNTIL (ws_peer_read (idle) && idle->is_eof);
  ck_assert_ptr_null (g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL));
}
END_TEST

START_TEST (shutdown_is_bounded_when_clients_do_not_answer)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) one = dial_ws (self, "");
  g_autoptr (WsPeer) two = dial_ws (self, "");

  vgw_http_server_shutdown_async (self->server, 100, on_shut_down, self);
  WAIT_UNTIL (self->is_shut_down);
  ck_assert_uint_eq (self->n_closed, 2);
  ws_peer_expect_close (one, 1001);
}
END_TEST

START_TEST (shutdown_without_channels_is_done_at_once)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  vgw_http_server_shutdown_async (self->server, 60000, on_shut_down, self);
  WAIT_UNTIL (self->is_shut_down);
}
END_TEST

START_TEST (a_server_that_is_dropped_closes_everything)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) ws = dial_ws (self, "");
  g_autoptr (WsPeer) half = dial (self);

  ws_peer_send (half, "GET /", 5);
  g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->channels, 0), self);
  g_ptr_array_set_size (self->channels, 0);
  g_clear_object (&self->server);
  WAIT_UNTIL (ws_peer_read (ws) && ws->is_eof);
  WAIT_UNTIL (ws_peer_read (half) && half->is_eof);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-server");
  TCase *channels = tcase_create ("channels");
  TCase *ending = tcase_create ("ending");

  tcase_add_test (channels, a_plain_request_to_ws_is_told_to_upgrade);
  tcase_add_test (channels, a_raw_client_gets_its_echo);
  tcase_add_test (channels, a_frame_sent_with_the_handshake_is_not_lost);
  tcase_add_test (channels, permessage_deflate_is_not_agreed_to);
  tcase_add_test (channels, a_websocket_outlives_the_header_timeout);
  tcase_add_test (channels, a_soup_client_talks_and_closes);
  tcase_add_test (channels, a_soup_client_is_told_why_it_is_closed);
  suite_add_tcase (suite, channels);
  tcase_add_test (ending, shutdown_closes_channels_with_1001_and_waits);
  tcase_add_test (ending, shutdown_is_bounded_when_clients_do_not_answer);
  tcase_add_test (ending, shutdown_without_channels_is_done_at_once);
  tcase_add_test (ending, a_server_that_is_dropped_closes_everything);
  suite_add_tcase (suite, ending);
  return suite;
}
