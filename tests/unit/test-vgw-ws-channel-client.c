/* The channel as a client, with a raw server. */
#include "net/vgw-ws-channel.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"
#include "ws-peer.h"

/* A server that a channel has connected to, without TLS, and what the channel said. */
typedef struct
{
  GSocketListener *listener;
  VgwWsChannel *channel;
  WsPeer *peer;
  guint n_opened, n_messages, n_closed;
  VgwWsEnd how;
  char *why; /* (nullable) */
  gboolean may_read;
} ClientFixture;

static void
on_client_opened (VgwWsChannel *channel, ClientFixture *self)
{
  self->n_opened++;
}

static void
on_client_message (VgwWsChannel *channel, gboolean is_text, const guint8 *data, gulong length, ClientFixture *self)
{
  self->n_messages++;
}

static void
on_client_closed (VgwWsChannel *channel, int how, const GError *error, ClientFixture *self)
{
  self->n_closed++;
  self->how = how;
  self->why = error != NULL ? g_strdup (error->message) : NULL;
}

static gboolean
may_client_read (gpointer user_data)
{
  return ((ClientFixture *) user_data)->may_read;
}

static void
on_accepted (GObject *listener, GAsyncResult *result, gpointer user_data)
{
  ClientFixture *self = user_data;
  g_autoptr (GSocket) socket =
      g_socket_listener_accept_socket_finish (G_SOCKET_LISTENER (listener), result, NULL, NULL);

  ck_assert_ptr_nonnull (socket);
  self->peer = ws_peer_new (g_steal_pointer (&socket));
}

static ClientFixture *
client_fixture_new (VgwWsRole role)
{
  ClientFixture *self = g_new0 (ClientFixture, 1);
  guint16 port;
  g_autofree char *url = NULL;
  VgwDialTarget target = { .is_stream = role == VGW_WS_STREAM, .stall_ms = 5000 };
  VgwWsChannelSettings settings = { .role = role,
                                    .max_text_bytes = 1000,
                                    .max_binary_bytes = 1000,
                                    .max_queue_bytes = 100000,
                                    .max_bytes_after_close = 100000,
                                    .close_timeout_ms = 500,
                                    .limits = { .work_percent = 50, .work_burst_us = 250000 },
                                    .may_read = may_client_read,
                                    .user_data = self };

  self->may_read = TRUE;
  self->listener = g_socket_listener_new ();
  port = g_socket_listener_add_any_inet_port (self->listener, NULL, NULL);
  ck_assert_uint_ne (port, 0);
  g_socket_listener_accept_socket_async (self->listener, NULL, on_accepted, self);
  target.url = url = g_strdup_printf ("%s://127.0.0.1:%u/a?secret=1", role == VGW_WS_STREAM ? "tcp" : "ws", port);
  self->channel = vgw_ws_channel_new_client (&target, 20000, &settings);
  g_signal_connect (self->channel, "opened", G_CALLBACK (on_client_opened), self);
  g_signal_connect (self->channel, "message", G_CALLBACK (on_client_message), self);
  g_signal_connect (self->channel, "closed", G_CALLBACK (on_client_closed), self);
  WAIT_UNTIL (self->peer != NULL);
  return self;
}

/* The answer to the handshake, with @rest behind it in one piece. */
static ClientFixture *
client_fixture_new_open (const char *rest)
{
  ClientFixture *self = client_fixture_new (VGW_WS_CLIENT);
  g_autofree char *head = NULL;
  g_autofree char *answer = NULL;
  g_autofree char *piece = NULL;

  WAIT_UNTIL (ws_peer_read (self->peer)
              && g_strstr_len ((char *) self->peer->received->data, self->peer->received->len, "\r\n\r\n"));
  head = g_strndup ((char *) self->peer->received->data, self->peer->received->len);
  g_byte_array_set_size (self->peer->received, 0);
  ck_assert (g_str_has_prefix (head, "GET /a?secret=1 HTTP/1.1\r\n"));
  answer = ws_make_handshake_answer (head, "");
  piece = g_strconcat (answer, rest, NULL);
  ws_peer_send (self->peer, piece, strlen (piece));
  WAIT_UNTIL (self->n_opened == 1);
  return self;
}

static void
client_fixture_free (ClientFixture *self)
{
  g_clear_object (&self->channel);
  g_socket_listener_close (self->listener);
  g_object_unref (self->listener);
  ws_peer_free (self->peer);
  g_free (self->why);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ClientFixture, client_fixture_free)

START_TEST (a_client_masks_its_frames_and_reads_what_came_behind_the_handshake)
{
  g_autoptr (ClientFixture) self = client_fixture_new_open ("\x81\x02hi");
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, 1000, 1000);
  g_autoptr (GError) error = NULL;
  VgwWsMessage message;
  gsize n_taken;

  WAIT_UNTIL (self->n_messages == 1);
  ck_assert (vgw_ws_channel_send (self->channel, FALSE, "PCM", 3));
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->received->len >= 2 + 4 + 3);
  ck_assert_int_eq (
      vgw_ws_parser_read (parser, self->peer->received->data, self->peer->received->len, &n_taken, &message, &error),
      VGW_WS_MESSAGE);
  ck_assert_int_eq (message.opcode, VGW_WS_BINARY);
  ck_assert_str_eq ((const char *) message.data, "PCM");
}
END_TEST

START_TEST (a_server_that_does_not_read_is_sent_no_more_than_the_bound)
{
  g_autoptr (ClientFixture) self = client_fixture_new_open ("");
  g_autofree char *text = g_strnfill (10000, 'x');
  guint n_sent = 0;

  while (n_sent < 10000 && vgw_ws_channel_send (self->channel, TRUE, text, 10000))
    n_sent++;
  ck_assert_uint_lt (n_sent, 10000);
  ck_assert_uint_le (vgw_ws_channel_get_queued_bytes (self->channel), 100000 + 14);
  ck_assert_uint_eq (self->n_closed, 0);
  WAIT_UNTIL (ws_peer_read (self->peer) && vgw_ws_channel_send (self->channel, TRUE, text, 10000));
}
END_TEST

START_TEST (a_server_waits_while_the_client_may_not_read)
{
  g_autoptr (ClientFixture) self = client_fixture_new_open ("");

  self->may_read = FALSE;
  ws_peer_send (self->peer, "\x81\x02hi", 4);
  for (int i = 0; i < 5; i++)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_eq (self->n_messages, 0);
  self->may_read = TRUE;
  WAIT_UNTIL (self->n_messages == 1);
}
END_TEST

START_TEST (how_a_server_closes_is_told)
{
  static const struct
  {
    const char *bytes;
    VgwWsEnd how;
    const char *why;
  } ends[] = {
    { "\x88\x02\x03\xe8", VGW_WS_END_ORDERLY, NULL },
    { "\x88\x02\x03\xf3", VGW_WS_END_LOST, "closed by the bot with 1011" },
    { "\x81\x82mask..", VGW_WS_END_FAILED, "must not be masked" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (ClientFixture) self = client_fixture_new_open ("");

      ws_peer_send (self->peer, ends[i].bytes, strlen (ends[i].bytes));
      WAIT_UNTIL (self->n_closed == 1);
      ck_assert_int_eq (self->how, ends[i].how);
      ck_assert ((self->why == NULL) == (ends[i].why == NULL));
      ck_assert (self->why == NULL || strstr (self->why, ends[i].why) != NULL);
      ck_assert (self->why == NULL || strstr (self->why, "secret") == NULL);
      vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
    }
}
END_TEST

START_TEST (a_client_that_closes_lives_until_it_is_closed)
{
  g_autoptr (ClientFixture) self = client_fixture_new_open ("");
  gpointer channel = self->channel;

  g_object_add_weak_pointer (channel, &channel);
  vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
  g_clear_object (&self->channel);
  ck_assert_ptr_nonnull (channel);
  WAIT_UNTIL (channel == NULL); /* the server does not answer: the deadline ends it */
  ck_assert_uint_eq (self->n_closed, 1);
  ck_assert_int_eq (self->how, VGW_WS_END_ORDERLY);
}
END_TEST

START_TEST (a_client_that_closes_while_it_connects_is_closed_once)
{
  g_autoptr (ClientFixture) self = client_fixture_new (VGW_WS_CLIENT);

  vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
  vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
  ck_assert_uint_eq (self->n_closed, 0);
  WAIT_UNTIL (self->n_closed == 1);
  ck_assert_uint_eq (self->n_opened, 0);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
}
END_TEST

START_TEST (a_stream_passes_bytes_and_ends_behind_the_last_one)
{
  g_autoptr (ClientFixture) self = client_fixture_new (VGW_WS_STREAM);

  WAIT_UNTIL (self->n_opened == 1);
  ws_peer_send (self->peer, "abc", 3);
  WAIT_UNTIL (self->n_messages == 1);
  ck_assert (vgw_ws_channel_send (self->channel, FALSE, "last", 4));
  vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
  ck_assert_uint_eq (self->peer->received->len, 4);
  g_socket_close (self->peer->socket, NULL);
  WAIT_UNTIL (self->n_closed == 1);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ws-channel-client");
  TCase *client = tcase_create ("client");

  tcase_set_timeout (client, 60);
  tcase_add_test (client, a_client_masks_its_frames_and_reads_what_came_behind_the_handshake);
  tcase_add_test (client, a_server_that_does_not_read_is_sent_no_more_than_the_bound);
  tcase_add_test (client, a_server_waits_while_the_client_may_not_read);
  tcase_add_test (client, how_a_server_closes_is_told);
  tcase_add_test (client, a_client_that_closes_lives_until_it_is_closed);
  tcase_add_test (client, a_client_that_closes_while_it_connects_is_closed_once);
  tcase_add_test (client, a_stream_passes_bytes_and_ends_behind_the_last_one);
  suite_add_tcase (suite, client);
  return suite;
}
