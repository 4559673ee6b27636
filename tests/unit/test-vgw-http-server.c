#include "http/vgw-http-server.h"

#include <check.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/resource.h>

#include "http/vgw-http-connection.h"
#include "http/vgw-http-origin.h"
#include "ws-peer.h"

typedef struct
{
  VgwHttpServer *server;
  GPtrArray *channels; /* VgwWsChannel*, a reference each until closed */
  guint n_channels;    /* ever */
  guint n_closed;
  guint n_bad;
  gboolean is_shut_down;
} Fixture;

static void
on_closed (VgwWsChannel *channel, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_closed++;
  g_ptr_array_remove (self->channels, channel);
}

/* An echo, so that both directions are seen to work. */
static void
on_message (VgwWsChannel *channel, const char *text, gulong length, gpointer user_data)
{
  vgw_ws_channel_send (channel, text);
}

static void
on_bad (VgwWsChannel *channel, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_bad++;
  vgw_ws_channel_send (channel, error->message);
}

static void
on_channel (VgwHttpServer *server, VgwWsChannel *channel, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_channels++;
  g_ptr_array_add (self->channels, g_object_ref (channel));
  g_signal_connect (channel, "message", G_CALLBACK (on_message), self);
  g_signal_connect (channel, "bad", G_CALLBACK (on_bad), self);
  g_signal_connect (channel, "closed", G_CALLBACK (on_closed), self);
}

static VgwHttpSettings
default_settings (void)
{
  return (VgwHttpSettings){
    .address = "127.0.0.1",
    .serves_page = TRUE,
    .header_timeout_ms = 5000,
    .idle_timeout_ms = 30000,
    .max_connections = 500,
    .max_message_bytes = 65536,
  };
}

static Fixture *
fixture_new (const VgwHttpSettings *settings)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr (GError) error = NULL;

  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->server = vgw_http_server_new (settings, &error);
  ck_assert_msg (self->server != NULL, "%s", error != NULL ? error->message : "");
  g_signal_connect (self->server, "channel", G_CALLBACK (on_channel), self);
  return self;
}

static Fixture *
fixture_new_default (void)
{
  VgwHttpSettings settings = default_settings ();

  return fixture_new (&settings);
}

static void
fixture_free (Fixture *self)
{
  for (guint i = 0; i < self->channels->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->channels, i), self);
  g_ptr_array_unref (self->channels);
  g_clear_object (&self->server);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static WsPeer *
dial (Fixture *self)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.1", vgw_http_server_get_port (self->server));
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (g_socket_connect (socket, address, NULL, &error), "%s", error != NULL ? error->message : "");
  return ws_peer_new (socket);
}

static gboolean
has_head (WsPeer *peer)
{
  ws_peer_read (peer);
  return peer->received->len > 0 &&
         g_strstr_len ((const char *) peer->received->data, peer->received->len, "\r\n\r\n") != NULL;
}

/* Sends @request as it is and returns all that came until the server closed. (transfer full) */
static char *
exchange (Fixture *self, const char *request)
{
  g_autoptr (WsPeer) peer = dial (self);

  ws_peer_send (peer, request, strlen (request));
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  g_byte_array_append (peer->received, (const guint8 *) "", 1);
  return g_strdup ((const char *) peer->received->data);
}

static char *
get (Fixture *self, const char *path, const char *more_headers)
{
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: gateway.test:8080\r\n%s\r\n", path, more_headers);

  return exchange (self, request);
}

static guint
status_of (const char *response)
{
  ck_assert_msg (g_str_has_prefix (response, "HTTP/1."), "no response: %.60s", response);
  return (guint) g_ascii_strtoull (response + strlen ("HTTP/1.1 "), NULL, 10);
}

static void
assert_has (const char *response, const char *needle)
{
  ck_assert_msg (strstr (response, needle) != NULL, "no \"%s\" in: %.800s", needle, response);
}

static void
assert_get (Fixture *self, const char *path, const char *more_headers, guint status)
{
  g_autofree char *response = get (self, path, more_headers);

  ck_assert_msg (status_of (response) == status, "GET %s: %.60s", path, response);
  assert_has (response, "Connection: close");
}

static void
assert_received (WsPeer *peer, const char *needle)
{
  g_autofree char *text = g_strndup ((const char *) peer->received->data, peer->received->len);

  assert_has (text, needle);
}

#define WS_HANDSHAKE                                                                                                   \
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                         \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static gsize
head_length (WsPeer *peer)
{
  const char *data = (const char *) peer->received->data;

  return g_strstr_len (data, peer->received->len, "\r\n\r\n") + 4 - data;
}

/* A raw WebSocket, past its handshake. */
static WsPeer *
dial_ws (Fixture *self, const char *more_headers)
{
  WsPeer *peer = dial (self);
  g_autofree char *request =
      g_strdup_printf ("GET /ws?engine=echo HTTP/1.1\r\nHost: gateway.test:8080\r\n" WS_HANDSHAKE "%s\r\n", more_headers);

  ws_peer_send (peer, request, strlen (request));
  WAIT_UNTIL (has_head (peer));
  assert_received (peer, "HTTP/1.1 101 ");
  /* RFC 6455 section 1.3 has this key and its answer */
  assert_received (peer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  ck_assert_ptr_null (g_strstr_len ((const char *) peer->received->data, peer->received->len, "Extensions"));
  g_byte_array_remove_range (peer->received, 0, head_length (peer));
  return peer;
}

static guint
count_fds (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

START_TEST (the_page_is_served_with_its_headers)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *page = get (self, "/", "");
  g_autofree char *index = get (self, "/index.html", "");
  g_autofree char *script = get (self, "/voice-gateway.js", "");

  ck_assert_uint_eq (status_of (page), 200);
  assert_has (page, "Content-Type: text/html; charset=utf-8\r\n");
  assert_has (page, "Cache-Control: no-cache\r\n");
  assert_has (page, "X-Content-Type-Options: nosniff\r\n");
  assert_has (page, "Content-Security-Policy: default-src 'self'; connect-src 'self' ws: wss:;");
  assert_has (page, "Referrer-Policy: no-referrer\r\n");
  assert_has (page, "Connection: close\r\n");
  assert_has (page, "<html");
  assert_has (index, "<html");
  assert_has (script, "Content-Type: text/javascript; charset=utf-8\r\n");
}
END_TEST

START_TEST (a_known_etag_costs_no_body)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *first = get (self, "/", "");
  const char *etag = strstr (first, "ETag: ") + strlen ("ETag: ");
  g_autofree char *header = g_strdup_printf ("If-None-Match: %.*s\r\n", (int) strcspn (etag, "\r"), etag);
  g_autofree char *second = get (self, "/", header);
  g_autofree char *other = get (self, "/", "If-None-Match: \"another\"\r\n");

  ck_assert_uint_eq (status_of (second), 304);
  ck_assert (g_str_has_suffix (second, "\r\n\r\n"));
  assert_has (second, "ETag: ");
  ck_assert_uint_eq (status_of (other), 200);
}
END_TEST

START_TEST (head_has_the_length_and_no_body)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *full = get (self, "/", "");
  g_autofree char *head = exchange (self, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  const char *body = strstr (full, "\r\n\r\n") + 4;
  g_autofree char *length = g_strdup_printf ("Content-Length: %zu\r\n", strlen (body));

  ck_assert_uint_eq (status_of (head), 200);
  ck_assert (g_str_has_suffix (head, "\r\n\r\n"));
  assert_has (head, length);
  assert_has (full, length);
}
END_TEST

START_TEST (health_is_told_and_the_rest_is_not_found)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *health = get (self, "/healthz", "");

  ck_assert_uint_eq (status_of (health), 200);
  ck_assert (g_str_has_suffix (health, "\r\n\r\nok\n"));
  assert_get (self, "/nothing", "", 404);
  assert_get (self, "/ws/", "", 404);
  assert_get (self, "/../../etc/passwd", "", 404);
  assert_get (self, "/%2e%2e/%2e%2e/etc/passwd", "", 404);
  assert_get (self, "//etc/passwd", "", 404);
}
END_TEST

START_TEST (a_gateway_without_a_page_serves_none)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;

  settings.serves_page = FALSE;
  self = fixture_new (&settings);
  assert_get (self, "/", "", 404);
  assert_get (self, "/healthz", "", 200);
}
END_TEST

START_TEST (a_directory_replaces_the_page_and_hides_what_is_hidden)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autofree char *root = g_dir_make_tmp ("vgw-web-XXXXXX", NULL);
  g_autofree char *index = g_build_filename (root, "index.html", NULL);
  g_autofree char *hidden = g_build_filename (root, ".secret", NULL);
  g_autofree char *sub = g_build_filename (root, "sub", NULL);
  g_autofree char *deep = g_build_filename (sub, "a b.css", NULL);
  g_autofree char *response = NULL;

  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  ck_assert (g_file_set_contents (index, "mine", -1, NULL));
  ck_assert (g_file_set_contents (hidden, "hidden", -1, NULL));
  ck_assert (g_file_set_contents (deep, "body {}", -1, NULL));
  settings.web_root = root;
  self = fixture_new (&settings);
  response = get (self, "/", "");
  assert_has (response, "\r\n\r\nmine");
  assert_get (self, "/.secret", "", 404);
  assert_get (self, "/sub/../.secret", "", 404);
  assert_get (self, "/sub", "", 404);
  assert_get (self, "/sub/a%20b.css", "", 200);
  g_remove (index);
  g_remove (hidden);
  g_remove (deep);
  g_rmdir (sub);
  g_rmdir (root);
}
END_TEST

START_TEST (a_missing_directory_and_a_taken_port_say_so)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GError) no_directory = NULL;
  g_autoptr (GError) taken = NULL;
  g_autoptr (GError) no_address = NULL;

  settings.web_root = "/nonexistent/web";
  ck_assert_ptr_null (vgw_http_server_new (&settings, &no_directory));
  assert_has (no_directory->message, "/nonexistent/web");
  settings.web_root = NULL;
  settings.port = vgw_http_server_get_port (self->server);
  ck_assert_ptr_null (vgw_http_server_new (&settings, &taken));
  ck_assert (g_error_matches (taken, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  assert_has (taken->message, "127.0.0.1");
  settings.address = "nowhere.test";
  ck_assert_ptr_null (vgw_http_server_new (&settings, &no_address));
  assert_has (no_address->message, "nowhere.test");
}
END_TEST

START_TEST (other_methods_and_bodies_are_refused_at_once)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *post = exchange (self, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  g_autofree char *delete = exchange (self, "DELETE /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autofree char *options = exchange (self, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autofree char *nowhere = exchange (self, "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
  g_autofree char *huge = exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");
  g_autofree char *chunked = exchange (self, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n");
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

START_TEST (ranges_are_not_served)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  assert_get (self, "/", "Range: bytes=0-1,0-2,0-3,0-4\r\n", 200);
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
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: ;;=\"\r\n\r\n",
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

START_TEST (a_raw_client_gets_its_echo_and_the_query_is_kept)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (WsPeer) peer = dial_ws (self, "");

  ck_assert_uint_eq (self->channels->len, 1);
  ck_assert_str_eq (vgw_ws_channel_get_remote_address (g_ptr_array_index (self->channels, 0)), "127.0.0.1");
  ck_assert_str_eq (vgw_ws_channel_get_query (g_ptr_array_index (self->channels, 0)), "engine=echo");
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
        vgw_ws_channel_send (g_ptr_array_index (self->channels, 0), text);
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

START_TEST (origins_are_checked_at_ws)
{
  static const char *const origins[] = { "https://good.example", "http://localhost:5173", NULL };
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autofree char *refused = NULL;

  settings.origins = origins;
  self = fixture_new (&settings);
  refused = get (self, "/ws", WS_HANDSHAKE "Origin: https://evil.example\r\n");
  ck_assert_uint_eq (status_of (refused), 403);
  assert_has (refused, "access.origins");
  assert_has (refused, "https://evil.example");
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: null\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: http://gateway.test\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: https://good.example.evil\r\n", 403);
  assert_get (self, "/ws", WS_HANDSHAKE "Origin: https://good.example\r\nOrigin: https://evil.example\r\n", 403);
  ck_assert_uint_eq (self->n_channels, 0);
  ws_peer_free (dial_ws (self, ""));
  ws_peer_free (dial_ws (self, "Origin: http://gateway.test:8080\r\n"));
  ws_peer_free (dial_ws (self, "Origin: https://good.example\r\n"));
  ws_peer_free (dial_ws (self, "Origin: http://localhost:5173\r\n"));
  ck_assert_uint_eq (self->n_channels, 4);
}
END_TEST

START_TEST (listed_origins_may_import_the_library)
{
  static const char *const origins[] = { "https://good.example", NULL };
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = NULL;
  g_autofree char *good = NULL;
  g_autofree char *other = NULL;

  settings.origins = origins;
  self = fixture_new (&settings);
  good = get (self, "/voice-gateway.js", "Origin: https://good.example\r\n");
  other = get (self, "/voice-gateway.js", "Origin: https://evil.example\r\n");
  assert_has (good, "Access-Control-Allow-Origin: https://good.example\r\n");
  ck_assert_ptr_null (strstr (other, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST (origins_compare_by_host_and_port)
{
  static const char *const any[] = { "*", NULL };

  ck_assert (vgw_http_origin_is_allowed (NULL, "a", NULL));
  ck_assert (vgw_http_origin_is_allowed ("http://a", "a", NULL));
  ck_assert (vgw_http_origin_is_allowed ("http://a", "a:80", NULL));
  ck_assert (vgw_http_origin_is_allowed ("https://a", "a", NULL));
  ck_assert (vgw_http_origin_is_allowed ("https://a", "a:443", NULL));
  ck_assert (vgw_http_origin_is_allowed ("HTTP://A:8080", "a:8080", NULL));
  ck_assert (vgw_http_origin_is_allowed ("http://[::1]:8080", "[::1]:8080", NULL));
  ck_assert (vgw_http_origin_is_allowed ("null", "a", any));
  ck_assert (!vgw_http_origin_is_allowed ("http://a", "a:8080", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://a:8080", "a", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://b", "a", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://a", NULL, NULL));
  ck_assert (!vgw_http_origin_is_allowed ("null", "null", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("", "", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://", "", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://evil@a", "a", NULL));
  ck_assert (!vgw_http_origin_is_allowed ("http://a", "evil@a", NULL));
}
END_TEST

START_TEST (addresses_are_told_without_port_and_clothes)
{
  static const struct
  {
    const char *given, *told;
  } cases[] = {
    { "192.0.2.1", "192.0.2.1" },
    { "::ffff:192.0.2.1", "192.0.2.1" },
    { "2001:db8::1", "2001:db8::1" },
    { "::1", "::1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (cases[i].given, 1234);
      g_autofree char *told = vgw_http_address_to_string (address);

      ck_assert_str_eq (told, cases[i].told);
    }
}
END_TEST

START_TEST (the_url_is_one_to_open)
{
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) loopback = fixture_new (&settings);
  g_autoptr (Fixture) everywhere = NULL;
  g_autofree char *url = vgw_http_server_get_url (loopback->server);
  g_autofree char *everywhere_url = NULL;
  g_autofree char *expected = g_strdup_printf ("http://127.0.0.1:%u/", vgw_http_server_get_port (loopback->server));

  settings.address = "0.0.0.0";
  everywhere = fixture_new (&settings);
  everywhere_url = vgw_http_server_get_url (everywhere->server);
  ck_assert_str_eq (url, expected);
  ck_assert (g_str_has_prefix (everywhere_url, "http://127.0.0.1:"));
}
END_TEST

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
  g_autofree char *url =
      g_strdup_printf ("ws://127.0.0.1:%u/ws?a=b", vgw_http_server_get_port (fixture->server));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);

  self->texts = g_ptr_array_new_with_free_func (g_free);
  soup_session_websocket_connect_async (session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_soup_connected, self);
  WAIT_UNTIL (self->connection != NULL || self->has_failed);
  ck_assert (!self->has_failed);
}

static void
soup_peer_clear (SoupPeer *self)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->texts, g_ptr_array_unref);
}

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
on_bytes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GBytes **bytes = user_data;

  *bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);
}

START_TEST (no_descriptor_is_left_after_hundreds_of_clients)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *url = vgw_http_server_get_url (self->server);
  guint n_fds = 0;

  for (int i = 0; i < 200; i++)
    {
      g_autoptr (SoupSession) session = soup_session_new ();
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
    vgw_ws_channel_send (g_ptr_array_index (self->channels, i), "last words");
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

static Suite *
server_suite (void)
{
  Suite *suite = suite_create ("vgw-http-server");
  TCase *pages = tcase_create ("pages");
  TCase *channels = tcase_create ("WebSockets");
  TCase *hostile = tcase_create ("hostile");
  TCase *ending = tcase_create ("shutdown");

  tcase_add_test (pages, the_page_is_served_with_its_headers);
  tcase_add_test (pages, a_known_etag_costs_no_body);
  tcase_add_test (pages, head_has_the_length_and_no_body);
  tcase_add_test (pages, health_is_told_and_the_rest_is_not_found);
  tcase_add_test (pages, a_gateway_without_a_page_serves_none);
  tcase_add_test (pages, a_directory_replaces_the_page_and_hides_what_is_hidden);
  tcase_add_test (pages, a_missing_directory_and_a_taken_port_say_so);
  tcase_add_test (pages, listed_origins_may_import_the_library);
  tcase_add_test (pages, ranges_are_not_served);
  tcase_add_test (pages, the_url_is_one_to_open);
  suite_add_tcase (suite, pages);
  tcase_add_test (channels, a_plain_request_to_ws_is_told_to_upgrade);
  tcase_add_test (channels, a_raw_client_gets_its_echo_and_the_query_is_kept);
  tcase_add_test (channels, a_frame_sent_with_the_handshake_is_not_lost);
  tcase_add_test (channels, permessage_deflate_is_not_agreed_to);
  tcase_add_test (channels, a_websocket_outlives_the_header_timeout);
  tcase_add_test (channels, a_soup_client_talks_and_closes);
  tcase_add_test (channels, a_soup_client_is_told_why_it_is_closed);
  tcase_add_test (channels, origins_are_checked_at_ws);
  tcase_add_test (channels, origins_compare_by_host_and_port);
  tcase_add_test (channels, addresses_are_told_without_port_and_clothes);
  suite_add_tcase (suite, channels);
  tcase_add_test (hostile, other_methods_and_bodies_are_refused_at_once);
  tcase_add_test (hostile, a_refused_upload_can_be_read_about);
  tcase_add_test (hostile, what_is_no_request_is_refused);
  tcase_add_test (hostile, odd_requests_are_answered_and_leave_nothing);
  tcase_add_test (hostile, thousands_of_continuation_frames_get_1009_and_hold_nothing);
  tcase_add_test (hostile, small_continuation_frames_get_1009_too);
  tcase_add_test (hostile, a_reader_that_never_reads_is_cut_off);
  tcase_add_test (hostile, half_a_request_is_cut_off);
  tcase_add_test (hostile, one_connection_too_many_gets_a_503);
  tcase_add_test (hostile, no_descriptor_is_left_after_hundreds_of_clients);
  tcase_add_test (hostile, the_server_accepts_again_after_it_ran_out_of_descriptors);
  suite_add_tcase (suite, hostile);
  tcase_add_test (ending, shutdown_closes_channels_with_1001_and_waits);
  tcase_add_test (ending, shutdown_is_bounded_when_clients_do_not_answer);
  tcase_add_test (ending, shutdown_without_channels_is_done_at_once);
  tcase_add_test (ending, a_server_that_is_dropped_closes_everything);
  suite_add_tcase (suite, ending);
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (server_suite ());
  int n_failed;

  srunner_run_all (runner, CK_NORMAL);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed == 0 ? 0 : 1;
}
