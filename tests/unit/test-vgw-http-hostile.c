#include "net/vgw-http-server.h"

#include <check.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/resource.h>

#include "http-fixture.h"
#include "run-suite.h"

START_TEST (other_methods_and_bodies_are_refused_at_once)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *post = exchange (self, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  g_autofree char *delete = exchange (self, "DELETE /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autofree char *options = exchange (self, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autofree char *nowhere = exchange (self, "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
  g_autofree char *huge = exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");
  g_autofree char *chunked =
      exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n");
  g_autofree char *expect =
      exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");

  ck_assert_uint_eq (status_of (post), 405);
  assert_has (post, "\r\nAllow: GET, HEAD\r\n");
  assert_has (post, "Connection: close\r\n");
  ck_assert_uint_eq (status_of (delete), 405);
  ck_assert_uint_eq (status_of (options), 405);
  ck_assert_uint_eq (status_of (nowhere), 405);
  ck_assert_uint_eq (status_of (huge), 413);
  ck_assert_uint_eq (status_of (chunked), 413);
  ck_assert_uint_eq (status_of (expect), 417);
}
END_TEST

START_TEST (a_refused_upload_can_be_read_about)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial (self);
  g_autofree char *body = g_strnfill (40000, 'x');
  const char *head = "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n";

  ws_peer_send (peer, head, strlen (head));
  ws_peer_send (peer, body, 40000);
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  assert_received (peer, "HTTP/1.1 413 ");
}
END_TEST

START_TEST (what_is_no_request_is_refused)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *no_host = exchange (self, "GET / HTTP/1.1\r\n\r\n");
  g_autofree char *bad_host = exchange (self, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
  g_autofree char *encoding = exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n");
  g_autofree char *noise = exchange (self, "\x16\x03\x01\x02\r\n\r\n");
  g_autofree char *connect = exchange (self, "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (GString) long_head = g_string_new ("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  g_autofree char *too_long = NULL;

  ck_assert_uint_eq (status_of (no_host), 400);
  ck_assert_uint_eq (status_of (bad_host), 400);
  ck_assert_uint_eq (status_of (encoding), 413);
  ck_assert_uint_eq (status_of (noise), 400);
  ck_assert_uint_eq (status_of (connect), 405);
  while (long_head->len < 50000)
    g_string_append (long_head, "0123456789");
  too_long = exchange (self, long_head->str);
  ck_assert_uint_eq (status_of (too_long), 431);
}
END_TEST

/* LeakSanitizer looks at what these leave: libsoup loses memory on some of their kind, and must not see those. */
START_TEST (odd_requests_are_answered_and_leave_nothing)
{
  static const char *const requests[] = {
    "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a?%zz&=&a=%00&b HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
    "GET / HTTP/1.9\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.x\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: \r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x:99999\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Digest \r\nCookie: =;;=\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nName: \xff\xfe\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: ;;=\"\r\n\r\n"),
    "HEAD /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  };
  g_autoptr (Fixture) self = fixture_new_default ();

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *response = exchange (self, requests[i]);

      ck_assert_msg (status_of (response) >= 200 && status_of (response) <= 505, "%s: %.60s", requests[i], response);
    }
}
END_TEST

START_TEST (thousands_of_continuation_frames_get_1009_and_hold_nothing)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "");
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  g_autofree char *payload = g_strnfill (100000, 'x');
  struct rusage before, after;

  ws_append_frame (frame, WS_CONTINUATION, TRUE, payload, 100000);
  getrusage (RUSAGE_SELF, &before);
  ws_peer_send_frame (peer, WS_TEXT, "begin");
  for (int i = 0; i < 3000 && self->n_bad == 0; i++)
    ws_peer_send (peer, frame->data, frame->len);
  WAIT_UNTIL (self->n_bad == 1);
  g_free (ws_peer_expect (peer, WS_TEXT)); /* what was wrong */
  ws_peer_expect_close (peer, 1009);
  getrusage (RUSAGE_SELF, &after);
  ck_assert_int_lt (after.ru_maxrss - before.ru_maxrss, 32 * 1024); /* KiB; 300 MB with libsoup's own reader */
}
END_TEST

START_TEST (small_continuation_frames_get_1009_too)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "");
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  ws_append_frame (frames, WS_TEXT, TRUE, "x", 1);
  for (int i = 0; i < 3000; i++)
    ws_append_frame (frames, WS_CONTINUATION, TRUE, "x", 1);
  ws_peer_send (peer, frames->data, frames->len);
  g_free (ws_peer_expect (peer, WS_TEXT));
  ws_peer_expect_close (peer, 1009);
}
END_TEST

START_TEST (a_reader_that_never_reads_is_cut_off)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "");
  g_autofree char *text = g_strnfill (60000, 'x');

  for (int i = 0; i < 5000 && self->n_closed == 0; i++)
    {
      if (self->channels->len > 0)
        vgw_ws_channel_send (g_ptr_array_index (self->channels, 0), TRUE, text, strlen (text));
      g_main_context_iteration (NULL, FALSE);
    }
  WAIT_UNTIL (self->n_closed == 1);
}
END_TEST

START_TEST (half_a_request_is_cut_off)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autoptr (GPtrArray) peers = g_ptr_array_new_with_free_func ((GDestroyNotify) ws_peer_free);
  guint n_fds;

  settings.header_timeout_ms = 200;
  self = fixture_new (&settings);
  n_fds = count_fds ();
  for (int i = 0; i < 30; i++)
    {
      WsPeer *peer = dial (self);
      const char *half = i % 3 == 0 ? "" : i % 3 == 1 ? "GET / HTT" : "GET / HTTP/1.1\r\nHost: x\r\nX-Slow";

      ws_peer_send (peer, half, strlen (half));
      g_ptr_array_add (peers, peer);
    }
  for (guint i = 0; i < peers->len; i++)
    {
      WsPeer *peer = g_ptr_array_index (peers, i);

      WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
    }
  g_ptr_array_set_size (peers, 0);
  WAIT_UNTIL (count_fds () == n_fds);
}
END_TEST

START_TEST (one_connection_too_many_gets_a_503)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autoptr (WsPeer) first = NULL;
  g_autoptr (WsPeer) third = NULL;
  WsPeer *second;

  settings.max_connections = 2;
  self = fixture_new (&settings);
  first = dial_ws (self, "");
  second = dial_ws (self, "");
  third = dial (self);
  WAIT_UNTIL (ws_peer_read (third) && third->is_eof);
  assert_received (third, "HTTP/1.1 503 ");
  ws_peer_free (second);
  WAIT_UNTIL (self->n_closed == 1);
  assert_get (self, "/healthz", "", 200);
}
END_TEST

/* Raw connections that have sent @text, the beginning of a request. (transfer full) */
static GPtrArray *
dial_unfinished (Fixture *self, guint n, const char *text)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) ws_peer_free);
  VgwHttpListenerStats stats;

  for (guint i = 0; i < n; i++)
    {
      WsPeer *peer = dial (self);

      ws_peer_send (peer, text, strlen (text));
      g_ptr_array_add (peers, peer);
      /* one after the other, so that it is known which one is the oldest */
      WAIT_UNTIL ((vgw_http_server_get_stats (self->server, &stats), stats.open + stats.displaced > i));
    }
  return peers;
}

static void
take_body (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_TEXT_PLAIN, "taken\n");
}

static const char *const unfinished_texts[] = {
  "GET / HT",
  "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbod",
};

START_TEST (the_oldest_unfinished_request_makes_room_for_a_new_one)
{
  static const VgwHttpRoute route = { "/body", .post = take_body, .max_body_bytes = 100 };
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autoptr (WsPeer) call = NULL;
  g_autoptr (GPtrArray) unfinished = NULL;
  VgwHttpListenerStats stats;

  settings.max_connections = 5;
  settings.header_timeout_ms = 60000;
  self = fixture_new (&settings);
  vgw_http_server_add_route (self->server, &route, NULL);
  call = dial_ws (self, "");
  unfinished = dial_unfinished (self, 20, unfinished_texts[_i]);
  assert_get (self, "/healthz", "", 200);
  for (guint i = 0; i < 16; i++)
    {
      WsPeer *peer = unfinished->pdata[i];
      WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
      ck_assert_uint_eq (peer->received->len, 0);
    }
  for (guint i = 17; i < 20; i++)
    ck_assert (ws_peer_read (unfinished->pdata[i]) && !((WsPeer *) unfinished->pdata[i])->is_eof);
  ck_assert (ws_peer_read (call) && !call->is_eof);

  vgw_http_server_get_stats (self->server, &stats);
  ck_assert_uint_eq (stats.displaced, 17);
  ck_assert_uint_eq (stats.refused[VGW_HTTP_FULL], 0);
}
END_TEST

START_TEST (connections_end_where_descriptors_do)
{
  VgwCapacityCost peer = { .files = G_MAXINT / 8 }; /* calls need more than there is: nothing is left for connections */
  g_autoptr (VgwCapacity) capacity = vgw_capacity_new (&peer);
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autoptr (WsPeer) refused = NULL;
  VgwHttpListenerStats stats;

  settings.capacity = capacity;
  self = fixture_new (&settings);
  refused = dial (self);
  WAIT_UNTIL (ws_peer_read (refused) && refused->is_eof);
  assert_received (refused, "HTTP/1.1 503 ");
  vgw_http_server_get_stats (self->server, &stats);
  ck_assert_uint_eq (stats.refused[VGW_HTTP_FULL_FILES], 1);
}
END_TEST

static void
on_bytes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GBytes **bytes = user_data;

  *bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);
}

START_TEST (no_descriptor_is_left_after_hundreds_of_clients)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *url = vgw_http_server_get_url (self->server);
  g_autoptr (SoupSession) session = soup_session_new ();
  guint n_fds = 0;

  for (int i = 0; i < 200; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
      g_autoptr (GBytes) bytes = NULL;

      if (i == 3) /* what libraries open once is open now */
        n_fds = count_fds ();
      soup_message_headers_append (soup_message_get_request_headers (message), "Connection", "keep-alive");
      soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, NULL, on_bytes, &bytes);
      WAIT_UNTIL (bytes != NULL);
      ck_assert_uint_eq (soup_message_get_status (message), 200);
      if (i % 4 == 1)
        ws_peer_free (dial_ws (self, ""));
      if (i % 4 == 2)
        ws_peer_free (dial (self));
      if (i % 4 == 3)
        {
          g_autofree char *refused = exchange (self, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");

          ck_assert_uint_eq (status_of (refused), 405);
        }
    }
  WAIT_UNTIL (count_fds () <= n_fds);
  WAIT_UNTIL (self->channels->len == 0);
}
END_TEST

START_TEST (the_server_accepts_again_after_it_ran_out_of_descriptors)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GPtrArray) peers = g_ptr_array_new_with_free_func ((GDestroyNotify) ws_peer_free);
  struct rlimit limit, low;

  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  for (int i = 0; i < 20; i++) /* connected by the kernel, not accepted yet */
    g_ptr_array_add (peers, dial (self));
  low = limit;
  low.rlim_cur = count_fds () + 4;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &low), 0);
  for (int i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  g_ptr_array_set_size (peers, 0);
  assert_get (self, "/healthz", "", 200);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-hostile");
  TCase *hostile = tcase_create ("hostile");

  tcase_add_test (hostile, other_methods_and_bodies_are_refused_at_once);
  tcase_add_test (hostile, a_refused_upload_can_be_read_about);
  tcase_add_test (hostile, what_is_no_request_is_refused);
  tcase_add_test (hostile, odd_requests_are_answered_and_leave_nothing);
  tcase_add_test (hostile, thousands_of_continuation_frames_get_1009_and_hold_nothing);
  tcase_add_test (hostile, small_continuation_frames_get_1009_too);
  tcase_add_test (hostile, a_reader_that_never_reads_is_cut_off);
  tcase_add_test (hostile, half_a_request_is_cut_off);
  tcase_add_test (hostile, one_connection_too_many_gets_a_503);
  tcase_add_loop_test (hostile, the_oldest_unfinished_request_makes_room_for_a_new_one, 0,
                       G_N_ELEMENTS (unfinished_texts));
  tcase_add_test (hostile, connections_end_where_descriptors_do);
  tcase_add_test (hostile, no_descriptor_is_left_after_hundreds_of_clients);
  tcase_add_test (hostile, the_server_accepts_again_after_it_ran_out_of_descriptors);
  suite_add_tcase (suite, hostile);
  return suite;
}
