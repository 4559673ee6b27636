#include "net/vgw-ws-channel.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/vgw-error.h"
#include "run-suite.h"
#include "ws-peer.h"

/* A channel on one end of a socket pair, the raw peer on the other. */
typedef struct
{
  VgwWsChannel *channel;
  WsPeer *peer;
  GPtrArray *messages; /* texts */
  GPtrArray *errors;   /* GError* */
  guint n_closed;
  const char *answer_to_bad;
  guint16 close_on_bad;
  gint64 work_us;         /* of processor time that each message takes */
  gboolean drops_channel; /* in the next handler */
} Fixture;

static void
send_text (VgwWsChannel *channel, const char *text)
{
  vgw_ws_channel_send (channel, TRUE, text, strlen (text));
}

static void
work (gint64 work_us)
{
  clock_t end = clock () + (clock_t) (work_us * CLOCKS_PER_SEC / G_USEC_PER_SEC);

  while (clock () < end)
    continue;
}

static void
on_message (VgwWsChannel *channel, gboolean is_text, const char *text, gulong length, gpointer user_data)
{
  Fixture *self = user_data;

  ck_assert_uint_eq (strlen (text), length);
  g_ptr_array_add (self->messages, g_strndup (text, length));
  work (self->work_us);
  if (self->drops_channel)
    g_clear_object (&self->channel);
}

static void
on_bad (VgwWsChannel *channel, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  g_ptr_array_add (self->errors, g_error_copy (error));
  if (self->answer_to_bad != NULL)
    send_text (channel, self->answer_to_bad);
  if (self->close_on_bad != 0)
    vgw_ws_channel_close (channel, self->close_on_bad, NULL);
}

static void
on_closed (VgwWsChannel *channel, int how, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_closed++;
  send_text (channel, "too late");
  vgw_ws_channel_close (channel, 1000, NULL);
}

static Fixture *
fixture_new (const VgwWsChannelSettings *settings)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr (GSocket) ours = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int fds[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  ours = g_socket_new_from_fd (fds[0], NULL);
  g_socket_set_blocking (ours, FALSE);
  stream = g_socket_connection_factory_create_connection (ours);
  self->peer = ws_peer_new (g_socket_new_from_fd (fds[1], NULL));
  self->messages = g_ptr_array_new_with_free_func (g_free);
  self->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  self->channel = vgw_ws_channel_new (G_IO_STREAM (stream), ours, "192.0.2.1", settings);
  g_signal_connect (self->channel, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->channel, "bad", G_CALLBACK (on_bad), self);
  g_signal_connect (self->channel, "closed", G_CALLBACK (on_closed), self);
  return self;
}

static Fixture *
fixture_new_default (void)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;

  settings.close_timeout_ms = 200;
  return fixture_new (&settings);
}

static void
fixture_free (Fixture *self)
{
  g_clear_object (&self->channel);
  ws_peer_free (self->peer);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->errors);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
assert_bad (Fixture *self, VgwErrorCode code)
{
  WAIT_UNTIL (self->errors->len == 1);
  ck_assert (g_error_matches (g_ptr_array_index (self->errors, 0), VGW_ERROR, code));
}

/* The peer saw the close frame and the end of the stream, and goes. */
static void
assert_ends (Fixture *self, guint16 code)
{
  ws_peer_expect_close (self->peer, code);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
  g_socket_close (self->peer->socket, NULL);
  WAIT_UNTIL (self->n_closed == 1);
}

START_TEST (texts_go_both_ways)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "hello");
  ws_peer_send_frame (self->peer, WS_TEXT, "in ");
  ws_peer_send_frame (self->peer, WS_FIN | WS_CONTINUATION, "two");
  WAIT_UNTIL (self->messages->len == 2);
  ck_assert_str_eq (g_ptr_array_index (self->messages, 0), "hello");
  ck_assert_str_eq (g_ptr_array_index (self->messages, 1), "in two");
  send_text (self->channel, "one");
  send_text (self->channel, "two");
  ws_peer_expect_text (self->peer, "one");
  ws_peer_expect_text (self->peer, "two");
  ck_assert_uint_eq (vgw_ws_channel_get_queued_bytes (self->channel), 0);
}
END_TEST

START_TEST (a_ping_is_answered_with_its_payload)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *payload = NULL;

  ws_peer_send_frame (self->peer, WS_FIN | WS_PING, "42");
  payload = ws_peer_expect (self->peer, WS_PONG);
  ck_assert_str_eq (payload, "42");
}
END_TEST

START_TEST (a_closing_client_gets_its_code_back)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  send_text (self->channel, "queued before");
  ws_peer_send_close (self->peer, 4001);
  ws_peer_expect_text (self->peer, "queued before");
  assert_ends (self, 4001);
}
END_TEST

START_TEST (a_client_that_is_gone_closes_the_channel_once)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  send_text (self->channel, "nobody reads this");
  g_socket_close (self->peer->socket, NULL);
  WAIT_UNTIL (self->n_closed > 0);
  vgw_ws_channel_close (self->channel, 1000, NULL);
  vgw_ws_channel_cut (self->channel);
  ck_assert_uint_eq (self->n_closed, 1);
}
END_TEST

START_TEST (closing_sends_what_is_queued_first)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  send_text (self->channel, "last words");
  vgw_ws_channel_close (self->channel, 1001, "shutting down");
  vgw_ws_channel_close (self->channel, 1011, "not this one");
  send_text (self->channel, "not sent");
  ws_peer_expect_text (self->peer, "last words");
  ws_peer_expect_close (self->peer, 1001);
  ck_assert_uint_eq (self->n_closed, 0);
  ws_peer_send_close (self->peer, 1001);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
  ck_assert_uint_eq (self->peer->received->len, 0);
  g_socket_close (self->peer->socket, NULL);
  WAIT_UNTIL (self->n_closed == 1);
}
END_TEST

START_TEST (a_client_that_ignores_the_close_is_cut_off)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  vgw_ws_channel_close (self->channel, 1001, NULL);
  ws_peer_expect_close (self->peer, 1001);
  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "I do not care");
  WAIT_UNTIL (self->n_closed == 1);
  ck_assert_uint_eq (self->messages->len, 0);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
}
END_TEST

START_TEST (an_answer_to_what_is_too_large_arrives_before_1009)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *text = g_strnfill (30000, 'x');

  self->answer_to_bad = "{\"type\":\"error\"}";
  self->close_on_bad = 1000; /* as a session does that ends: the client is told 1009 all the same */
  ws_peer_send_frame (self->peer, WS_TEXT, text);
  ws_peer_send_frame (self->peer, WS_CONTINUATION, text);
  ws_peer_send_frame (self->peer, WS_CONTINUATION, text);
  assert_bad (self, VGW_ERROR_TOO_LARGE);
  ws_peer_expect_text (self->peer, self->answer_to_bad);
  assert_ends (self, 1009);
  ck_assert_uint_eq (self->messages->len, 0);
}
END_TEST

START_TEST (what_follows_too_large_is_thrown_away)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GByteArray) flood = g_byte_array_new ();
  g_autofree char *text = g_strnfill (100000, 'x');

  ws_append_frame (flood, WS_TEXT, TRUE, text, 100000);
  for (int i = 0; i < 20; i++)
    ws_append_frame (flood, WS_CONTINUATION, TRUE, text, 100000);
  ws_append_frame (flood, WS_FIN | WS_CONTINUATION, TRUE, text, 100000);
  ws_peer_send (self->peer, flood->data, flood->len);
  assert_ends (self, 1009);
  ck_assert_uint_eq (self->errors->len, 1);
  ck_assert_uint_eq (self->messages->len, 0);
}
END_TEST

/* Sends @data again and again until the channel is closed. Returns how many bytes the other end, or the kernel, took.
 */
static gsize
flood_until_closed (Fixture *self, gconstpointer data, gsize length)
{
  gsize n_sent = 0;

  while (self->n_closed == 0)
    {
      gssize n = g_socket_send (self->peer->socket, data, length, NULL, NULL);

      n_sent += MAX (n, 0);
      g_main_context_iteration (NULL, n <= 0);
    }
  return n_sent;
}

#define KERNEL_BYTES (1024 * 1024) /* what the buffers of a socket hold, with room to spare */

START_TEST (a_client_that_goes_on_after_a_fatal_error_is_not_read)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *text = g_strnfill (65536, 'x'); /* as a frame: reserved bits */
  gsize n_sent = flood_until_closed (self, text, strlen (text));

  assert_bad (self, VGW_ERROR_BAD_MESSAGE);
  ck_assert_uint_le (n_sent, KERNEL_BYTES);
  ws_peer_expect_close (self->peer, 1002);
}
END_TEST

START_TEST (a_client_that_goes_on_after_our_close_is_not_read)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  g_autofree char *text = g_strnfill (60000, 'x');

  ws_append_frame (frame, WS_FIN | WS_BINARY, TRUE, text, 60000);
  vgw_ws_channel_close (self->channel, 1000, NULL);
  ck_assert_uint_le (flood_until_closed (self, frame->data, frame->len), KERNEL_BYTES);
  ws_peer_expect_close (self->peer, 1000);
}
END_TEST

/* Nothing is lost and nobody is closed: what is too much work comes later. */
START_TEST (messages_that_take_much_time_are_read_more_slowly)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  VgwTokenBucket shared = { .level = -G_USEC_PER_SEC / 2 * 400000ll,
                            .filled_us = g_get_monotonic_time () }; /* others have worked */
  g_autoptr (Fixture) self = NULL;

  settings.limits.work_percent = 1;
  settings.limits.shared_work = &shared;
  self = fixture_new (&settings);
  self->work_us = 300000; /* beyond the burst of this channel alone */
  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "one");
  WAIT_UNTIL (self->messages->len == 1);
  ck_assert_uint_eq (vgw_ws_channel_count_delays (self->channel), 1);
  self->work_us = 0;
  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "two");
  ck_assert_uint_eq (self->messages->len, 1);
  WAIT_UNTIL (self->messages->len == 2);
  ck_assert_uint_eq (self->n_closed, 0);
  ck_assert_uint_eq (self->errors->len, 0);
}
END_TEST

START_TEST (binary_is_bad_and_the_channel_stays)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  self->answer_to_bad = "text please";
  ws_peer_send_frame (self->peer, WS_FIN | WS_BINARY, "PCM");
  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "sorry");
  assert_bad (self, VGW_ERROR_BAD_MESSAGE);
  WAIT_UNTIL (self->messages->len == 1);
  ws_peer_expect_text (self->peer, "text please");
  ck_assert_uint_eq (self->n_closed, 0);
}
END_TEST

START_TEST (text_that_is_not_utf8_closes_with_1007)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "a\xff");
  assert_bad (self, VGW_ERROR_BAD_MESSAGE);
  assert_ends (self, 1007);
}
END_TEST

START_TEST (an_unmasked_frame_closes_with_1002)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ws_append_frame (bytes, WS_FIN | WS_TEXT, FALSE, "hi", 2);
  ws_peer_send (self->peer, bytes->data, bytes->len);
  assert_bad (self, VGW_ERROR_BAD_MESSAGE);
  assert_ends (self, 1002);
}
END_TEST

START_TEST (a_client_that_never_reads_is_cut_off_at_the_bound)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  g_autoptr (Fixture) self = NULL;
  g_autofree char *text = g_strnfill (10000, 'x');

  settings.idle_timeout_ms = 0;
  self = fixture_new (&settings);
  for (int i = 0; i < 1000 && self->n_closed == 0; i++)
    {
      send_text (self->channel, text);
      ck_assert_uint_le (vgw_ws_channel_get_queued_bytes (self->channel), settings.max_queue_bytes);
      g_main_context_iteration (NULL, FALSE);
    }
  WAIT_UNTIL (self->n_closed == 1);
}
END_TEST

START_TEST (a_burst_to_a_client_that_never_reads_ends_in_the_next_turn)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *text = g_strnfill (10000, 'x');

  for (int i = 0; i < 100; i++)
    send_text (self->channel, text);
  ck_assert_uint_eq (self->n_closed, 0);
  ck_assert_uint_le (vgw_ws_channel_get_queued_bytes (self->channel), vgw_ws_channel_server_defaults.max_queue_bytes);
  WAIT_UNTIL (self->n_closed == 1);
}
END_TEST

START_TEST (pings_that_nobody_reads_the_pongs_of_are_bounded)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  g_autoptr (Fixture) self = NULL;
  g_autoptr (GByteArray) pings = g_byte_array_new ();
  g_autofree char *payload = g_strnfill (125, 'p');

  settings.limits.max_frames_per_s = 100000; /* the queue is what is tried here */
  self = fixture_new (&settings);
  for (int i = 0; i < 100; i++)
    ws_append_frame (pings, WS_FIN | WS_PING, TRUE, payload, 125);
  while (self->n_closed == 0)
    {
      ws_peer_send (self->peer, pings->data, pings->len);
      ck_assert_uint_le (vgw_ws_channel_get_queued_bytes (self->channel), settings.max_queue_bytes);
    }
}
END_TEST

START_TEST (a_flood_of_frames_closes_with_1008)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  g_autoptr (Fixture) self = NULL;

  settings.limits.max_frames_per_s = 10;
  self = fixture_new (&settings);
  self->answer_to_bad = "slower";
  for (int i = 0; i < 200 && self->errors->len == 0; i++)
    ws_peer_send_frame (self->peer, WS_FIN | WS_PONG, "");
  assert_bad (self, VGW_ERROR_TOO_LARGE);
  ws_peer_expect_text (self->peer, "slower");
  assert_ends (self, 1008);
}
END_TEST

START_TEST (silence_is_pinged_and_then_closed)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  g_autoptr (Fixture) self = NULL;
  g_autofree char *payload = NULL;

  settings.idle_timeout_ms = 150;
  self = fixture_new (&settings);
  payload = ws_peer_expect (self->peer, WS_PING);
  WAIT_UNTIL (self->n_closed == 1);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
}
END_TEST

START_TEST (a_client_that_answers_pings_stays)
{
  VgwWsChannelSettings settings = vgw_ws_channel_server_defaults;
  g_autoptr (Fixture) self = NULL;

  settings.idle_timeout_ms = 600;
  self = fixture_new (&settings);
  for (int i = 0; i < 6; i++) /* two timeouts' worth of pings */
    {
      g_autofree char *payload = ws_peer_expect (self->peer, WS_PING);

      ws_peer_send_frame (self->peer, WS_FIN | WS_PONG, payload);
    }
  ck_assert_uint_eq (self->n_closed, 0);
}
END_TEST

START_TEST (a_handler_may_drop_the_last_reference)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  self->drops_channel = TRUE;
  ws_peer_send_frame (self->peer, WS_FIN | WS_TEXT, "goodbye");
  WAIT_UNTIL (self->messages->len == 1);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
  ck_assert_ptr_null (self->channel);
}
END_TEST

START_TEST (a_channel_that_nobody_holds_closes_its_socket)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  send_text (self->channel, "unsent");
  g_clear_object (&self->channel);
  WAIT_UNTIL (ws_peer_read (self->peer) && self->peer->is_eof);
  ck_assert_uint_eq (self->n_closed, 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ws-channel");
  TCase *good = tcase_create ("talking");
  TCase *bad = tcase_create ("hostile");

  tcase_set_timeout (good, 60);
  tcase_set_timeout (bad, 60);
  tcase_add_test (good, texts_go_both_ways);
  tcase_add_test (good, a_ping_is_answered_with_its_payload);
  tcase_add_test (good, a_closing_client_gets_its_code_back);
  tcase_add_test (good, a_client_that_is_gone_closes_the_channel_once);
  tcase_add_test (good, closing_sends_what_is_queued_first);
  tcase_add_test (good, a_client_that_answers_pings_stays);
  tcase_add_test (good, a_handler_may_drop_the_last_reference);
  tcase_add_test (good, a_channel_that_nobody_holds_closes_its_socket);
  suite_add_tcase (suite, good);
  tcase_add_test (bad, a_client_that_ignores_the_close_is_cut_off);
  tcase_add_test (bad, an_answer_to_what_is_too_large_arrives_before_1009);
  tcase_add_test (bad, what_follows_too_large_is_thrown_away);
  tcase_add_test (bad, a_client_that_goes_on_after_a_fatal_error_is_not_read);
  tcase_add_test (bad, a_client_that_goes_on_after_our_close_is_not_read);
  tcase_add_test (bad, messages_that_take_much_time_are_read_more_slowly);
  tcase_add_test (bad, binary_is_bad_and_the_channel_stays);
  tcase_add_test (bad, text_that_is_not_utf8_closes_with_1007);
  tcase_add_test (bad, an_unmasked_frame_closes_with_1002);
  tcase_add_test (bad, a_client_that_never_reads_is_cut_off_at_the_bound);
  tcase_add_test (bad, a_burst_to_a_client_that_never_reads_ends_in_the_next_turn);
  tcase_add_test (bad, pings_that_nobody_reads_the_pongs_of_are_bounded);
  tcase_add_test (bad, a_flood_of_frames_closes_with_1008);
  tcase_add_test (bad, silence_is_pinged_and_then_closed);
  suite_add_tcase (suite, bad);
  return suite;
}
