/* Which handler a request gets, bodies, replies that come later, and what pages of other origins may call. */
#include "net/vgw-http-routes.h"

#include <check.h>
#include <libsoup/soup.h>
#include <string.h>

#include "http-fixture.h"
#include "net/vgw-http-connection.h"
#include "run-suite.h"

static const char *const origins[] = { "https://good.example", NULL };

/* What the handlers here keep. */
typedef struct
{
  Fixture *http;
  VgwHttpRequest *kept; /* (nullable) waits for its reply */
  guint n_gone;
} Doors;

static void
echo_body (VgwHttpRequest *request, gpointer user_data)
{
  g_autoptr (GBytes) body = vgw_http_request_get_body (request);

  vgw_http_request_set_header (request, "Location", vgw_http_request_get_capture (request, 0));
  vgw_http_request_add_header (request, "Link", "<stun:a.example>");
  vgw_http_request_add_header (request, "Link", "<stun:b.example>");
  if (vgw_http_request_has_content_type (request, "application/sdp"))
    vgw_http_request_set_header (request, "X-Is-Sdp", "yes");
  vgw_http_request_reply_bytes (request, 201, "application/sdp", body);
}

static void
on_gone (VgwHttpRequest *request, gpointer user_data)
{
  Doors *self = user_data;

  self->n_gone++;
}

static void
keep (VgwHttpRequest *request, gpointer user_data)
{
  Doors *self = user_data;

  ck_assert_ptr_null (self->kept);
  self->kept = g_object_ref (request);
  g_signal_connect (request, "gone", G_CALLBACK (on_gone), self);
}

static void
forget (VgwHttpRequest *request, gpointer user_data)
{
}

static void
doors_set_up (Doors *self)
{
  static const VgwHttpRoute routes[] = {
    { "/calls/{id}", .post = echo_body, .delete = forget, .max_body_bytes = 1000, .has_cors = TRUE,
      .exposed_headers = "Location, Link" },
    { "/later", .get = keep, .post = keep, .max_body_bytes = 1000 },
    { "/forget", .get = forget },
  };
  VgwHttpSettings settings = default_settings ();

  settings.origins = origins;
  *self = (Doors){ .http = fixture_new (&settings) };
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_server_add_route (self->http->server, &routes[i], self);
}

static void
doors_clear (Doors *self)
{
  g_clear_pointer (&self->http, fixture_free);
  g_clear_object (&self->kept);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Doors, doors_clear)

/* --- the table --- */

static VgwHttpRoutes *
make_table (void)
{
  static const VgwHttpRoute routes[] = {
    { "/*", .get = forget },
    { "/sessions", .get = forget },
    { "/sessions/{id}", .get = forget },
    { "/whip", .post = forget },
    { "/whip/{engine}", .post = forget },
    { "/calls/{id}", .patch = forget, .delete = forget, .options = forget },
    { "/calls/{id}/hangup", .post = forget, .has_cors = TRUE },
  };
  VgwHttpRoutes *table = vgw_http_routes_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_routes_add (table, &routes[i], NULL);
  return table;
}

START_TEST (the_most_exact_pattern_counts)
{
  static const struct
  {
    const char *path, *pattern, *capture; /* pattern NULL: none */
  } cases[] = {
    { "/", "/*", "" },
    { "/a/b", "/*", "a/b" },
    { "/sessions", "/sessions", NULL },
    { "/sessions/", "/*", "sessions/" },
    { "/sessions/a%2Fb", "/sessions/{id}", "a%2Fb" },
    { "/sessions/a/b", "/*", "sessions/a/b" },
    { "/whip", "/whip", NULL },
    { "/whip/echo", "/whip/{engine}", "echo" },
    { "/calls/1", "/calls/{id}", "1" },
    { "/calls/1/hangup", "/calls/{id}/hangup", "1" },
    { "/calls//hangup", "/*", "calls//hangup" },
    { "*", NULL, NULL },
  };
  g_autoptr (VgwHttpRoutes) table = make_table ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) captures = NULL;
      const VgwHttpRoute *route = vgw_http_routes_find (table, cases[i].path, NULL, &captures);

      ck_assert_pstr_eq (route != NULL ? route->pattern : NULL, cases[i].pattern);
      ck_assert_pstr_eq (route != NULL ? captures[0] : NULL, cases[i].capture);
    }
}
END_TEST

START_TEST (a_path_has_its_methods)
{
  static const struct
  {
    const char *path, *methods;
  } cases[] = {
    { "/anything", "GET, HEAD" },
    { "*", "GET, HEAD" }, /* nothing is there, and they are told so by a 404 */
    { "/whip/echo", "POST" },
    { "/calls/1", "PATCH, DELETE, OPTIONS" },
    { "/calls/1/hangup", "POST, OPTIONS" },
  };
  g_autoptr (VgwHttpRoutes) table = make_table ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const VgwHttpRoute *route = vgw_http_routes_find (table, cases[i].path, NULL, NULL);
      g_autofree char *methods = vgw_http_route_list_methods (route);

      ck_assert_str_eq (methods, cases[i].methods);
      ck_assert (!vgw_http_route_allows (route, "get"));
      ck_assert (!vgw_http_route_allows (route, "PUT"));
    }
}
END_TEST

/* --- bodies --- */

static void
assert_post (Doors *self, const char *path, const char *head_and_body, guint status, const char *needle)
{
  g_autofree char *request = g_strdup_printf ("POST %s HTTP/1.1\r\nHost: x\r\n%s", path, head_and_body);
  g_autofree char *response = exchange (self->http, request);

  ck_assert_msg (status_of (response) == status, "POST %s: %.60s", path, response);
  assert_has (response, needle);
  assert_has (response, "Connection: close\r\n");
}

START_TEST (a_body_reaches_its_handler_within_its_bound)
{
  g_auto (Doors) self = { 0 };
  g_autofree char *long_body = g_strnfill (1000, 'x');
  g_autofree char *longest = g_strdup_printf ("Content-Length: 1000\r\n\r\n%s", long_body);

  doors_set_up (&self);
  assert_post (&self, "/calls/a-b", "Content-Length: 5\r\n\r\nhello", 201, "Location: a-b\r\n");
  assert_post (&self, "/calls/1", "Content-Length: 5\r\n\r\nhello", 201, "\r\n\r\nhello");
  assert_post (&self, "/calls/1", "Content-Length: 0\r\n\r\n", 201, "Content-Length: 0\r\n");
  assert_post (&self, "/calls/1", "\r\n", 201, "Content-Length: 0\r\n");
  assert_post (&self, "/calls/1", longest, 201, "xxxx");
  assert_post (&self, "/calls/1", "Content-Length: 1001\r\n\r\n", 413, "Content-Type: text/plain");
  assert_post (&self, "/calls/1", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "Content-Type: text/plain");
  assert_post (&self, "/calls/1", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 417, "");
  assert_post (&self, "/calls/1/2", "Content-Length: 5\r\n\r\nhello", 405, "Allow: GET, HEAD\r\n");
  assert_post (&self, "/forget", "Content-Length: 5\r\n\r\nhello", 405, "Allow: GET, HEAD\r\n");
}
END_TEST

START_TEST (the_type_of_a_body_is_compared_without_its_parameters)
{
  static const struct
  {
    const char *header;
    gboolean is_sdp;
  } cases[] = {
    { "Content-Type: application/sdp\r\n", TRUE },
    { "Content-Type: Application/SDP\r\n", TRUE },
    { "Content-Type: application/sdp; charset=utf-8\r\n", TRUE },
    { "Content-Type: application/sdp ;x=y\r\n", TRUE },
    { "Content-Type: application/sdpfrag\r\n", FALSE },
    { "Content-Type: text/plain\r\n", FALSE },
    { "Content-Type: \r\n", FALSE },
    { "", FALSE },
  };
  g_auto (Doors) self = { 0 };

  doors_set_up (&self);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request = g_strdup_printf ("POST /calls/1 HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].header);
      g_autofree char *response = exchange (self.http, request);

      ck_assert_uint_eq (status_of (response), 201);
      ck_assert_msg ((strstr (response, "X-Is-Sdp") != NULL) == cases[i].is_sdp, "%s", cases[i].header);
    }
}
END_TEST

START_TEST (a_header_can_have_several_lines)
{
  g_auto (Doors) self = { 0 };

  doors_set_up (&self);
  assert_post (&self, "/calls/1", "\r\n", 201, "Link: <stun:a.example>\r\nLink: <stun:b.example>\r\n");
}
END_TEST

START_TEST (a_body_that_comes_in_pieces_is_waited_for)
{
  g_auto (Doors) self = { 0 };
  g_autoptr (WsPeer) peer = NULL;
  const char *head = "POST /calls/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234";

  doors_set_up (&self);
  peer = dial (self.http);
  ws_peer_send (peer, head, strlen (head));
  assert_get (self.http, "/healthz", "", 200); /* the loop has turned */
  ws_peer_send (peer, "56789", 5);
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  assert_received (peer, "\r\n\r\n0123456789");
}
END_TEST

START_TEST (a_body_that_does_not_come_is_cut_off)
{
  VgwHttpSettings settings = default_settings ();
  static const VgwHttpRoute route = { "/calls/{id}", .post = echo_body, .max_body_bytes = 1000 };
  g_autoptr (Fixture) self = NULL;
  g_autoptr (WsPeer) peer = NULL;
  const char *head = "POST /calls/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234";

  settings.header_timeout_ms = 200;
  self = fixture_new (&settings);
  vgw_http_server_add_route (self->server, &route, NULL);
  peer = dial (self);
  ws_peer_send (peer, head, strlen (head));
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  ck_assert_uint_eq (peer->received->len, 0);
}
END_TEST

/* --- replies that come later --- */

static WsPeer *
ask_later (Doors *self, const char *request)
{
  WsPeer *peer = dial (self->http);

  ws_peer_send (peer, request, strlen (request));
  WAIT_UNTIL (self->kept != NULL);
  ck_assert (vgw_http_request_is_open (self->kept));
  return peer;
}

START_TEST (a_reply_may_come_later)
{
  g_auto (Doors) self = { 0 };
  g_autoptr (WsPeer) peer = NULL;

  doors_set_up (&self);
  peer = ask_later (&self, "GET /later?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  ck_assert_str_eq (vgw_http_request_get_query (self.kept), "a=b");
  ck_assert_str_eq (vgw_http_request_get_remote_address (self.kept), "127.0.0.1");
  assert_get (self.http, "/healthz", "", 200);
  ck_assert (ws_peer_read (peer) && peer->received->len == 0 && !peer->is_eof);
  vgw_http_request_reply (self.kept, 202, VGW_HTTP_TEXT_PLAIN, "at last\n");
  ck_assert (!vgw_http_request_is_open (self.kept));
  vgw_http_request_reply (self.kept, 500, VGW_HTTP_TEXT_PLAIN, "not twice\n");
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  assert_received (peer, "HTTP/1.1 202 ");
  assert_received (peer, "\r\n\r\nat last\n");
  ck_assert_uint_eq (self.n_gone, 0);
}
END_TEST

static void
set_deadline (VgwHttpRequest *request, guint timeout_ms)
{
  SoupServerMessage *message = vgw_http_request_get_message (request);

  vgw_http_connection_set_deadline (vgw_http_connection_from_address (soup_server_message_get_remote_address (message)),
                                    timeout_ms);
}

START_TEST (a_client_that_has_gone_is_noticed_and_gets_no_reply)
{
  static const char *const requests[] = {
    "GET /later HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
    "GET /later HTTP/1.1\r\nHost: x\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_auto (Doors) self = { 0 };
      g_autoptr (WsPeer) peer = NULL;
      guint n_fds;

      doors_set_up (&self);
      n_fds = count_fds ();
      peer = ask_later (&self, requests[i]);
      set_deadline (self.kept, 3600 * 1000); /* which would notice it, too */
      if (i > 0)
        ws_peer_send (peer, "more", 4); /* as the close_notify of a TLS client */
      ws_peer_free (g_steal_pointer (&peer));
      WAIT_UNTIL (self.n_gone == 1);
      ck_assert (!vgw_http_request_is_open (self.kept));
      vgw_http_request_reply (self.kept, 200, VGW_HTTP_TEXT_PLAIN, "nobody reads this\n");
      WAIT_UNTIL (count_fds () == n_fds);
      ck_assert_uint_eq (self.n_gone, 1);
    }
}
END_TEST

/* The connection has a deadline; here it comes sooner. */
START_TEST (a_reply_has_its_time)
{
  static const char *const requests[] = {
    "GET /later HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /later HTTP/1.1\r\nHost: x\r\n\r\nmore",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_auto (Doors) self = { 0 };
      g_autoptr (WsPeer) peer = NULL;
      VgwHttpListenerStats stats;

      doors_set_up (&self);
      peer = ask_later (&self, requests[i]);
      set_deadline (self.kept, 50);
      WAIT_UNTIL (self.n_gone == 1);
      WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
      ck_assert_uint_eq (peer->received->len, 0);
      WAIT_UNTIL ((vgw_http_server_get_stats (self.http->server, &stats), stats.open == 0));
    }
}
END_TEST

/* What comes behind a request is not read; the client's end is noticed all the same. */
START_TEST (a_client_that_goes_on_sending_gets_its_reply)
{
  g_auto (Doors) self = { 0 };
  g_autoptr (WsPeer) peer = NULL;

  doors_set_up (&self);
  peer = ask_later (&self, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /later HTTP/1.1\r\n");
  assert_get (self.http, "/healthz", "", 200);
  vgw_http_request_reply (self.kept, 200, VGW_HTTP_TEXT_PLAIN, "here\n");
  WAIT_UNTIL (ws_peer_read (peer) && peer->received->len > 0);
  assert_received (peer, "HTTP/1.1 200 ");
}
END_TEST

START_TEST (a_request_that_is_forgotten_gets_a_500)
{
  g_auto (Doors) self = { 0 };

  doors_set_up (&self);
  assert_get (self.http, "/forget", "", 500);
}
END_TEST

START_TEST (the_end_of_the_server_ends_what_waits)
{
  g_auto (Doors) self = { 0 };
  g_autoptr (WsPeer) peer = NULL;

  doors_set_up (&self);
  peer = ask_later (&self, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  g_clear_object (&self.http->server);
  ck_assert_uint_eq (self.n_gone, 1);
  vgw_http_request_reply (self.kept, 200, VGW_HTTP_TEXT_PLAIN, "too late\n");
  WAIT_UNTIL (ws_peer_read (peer) && peer->is_eof);
  ck_assert_uint_eq (peer->received->len, 0);
}
END_TEST

/* --- other origins --- */

START_TEST (listed_origins_get_a_preflight_and_may_read)
{
  g_auto (Doors) self = { 0 };
  g_autofree char *good = NULL, *evil = NULL, *post = NULL;

  doors_set_up (&self);
  good = exchange (self.http, "OPTIONS /calls/1 HTTP/1.1\r\nHost: x\r\nOrigin: https://good.example\r\n"
                              "Access-Control-Request-Headers: authorization,content-type\r\n\r\n");
  ck_assert_uint_eq (status_of (good), 204);
  assert_has (good, "Access-Control-Allow-Origin: https://good.example\r\n");
  assert_has (good, "Access-Control-Allow-Methods: POST, DELETE, OPTIONS\r\n");
  assert_has (good, "Access-Control-Allow-Headers: authorization,content-type\r\n");
  assert_has (good, "Vary: Origin\r\n");
  evil = exchange (self.http, "OPTIONS /calls/1 HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n");
  ck_assert_uint_eq (status_of (evil), 204);
  ck_assert_ptr_null (strstr (evil, "Access-Control"));
  assert_post (&self, "/calls/1", "Origin: https://good.example\r\n\r\n", 201,
               "Access-Control-Allow-Origin: https://good.example\r\n");
  assert_post (&self, "/calls/1", "Origin: https://good.example\r\n\r\n", 201,
               "Access-Control-Expose-Headers: Location, Link\r\n");
  post = exchange (self.http, "OPTIONS /later HTTP/1.1\r\nHost: x\r\nOrigin: https://good.example\r\n\r\n");
  ck_assert_uint_eq (status_of (post), 405);
}
END_TEST

/* @pattern with @lines in place of its "%s". (transfer full) */
static char *
replace (const char *pattern, const char *lines)
{
  g_auto (GStrv) parts = g_strsplit (pattern, "%s", 2);

  return g_strjoin (lines, parts[0], parts[1], NULL);
}

/* Those that the listener writes, before libsoup has the request. */
START_TEST (listed_origins_may_read_an_early_refusal)
{
  static const struct
  {
    const char *request;
    guint status;
  } cases[] = {
    { "PUT /calls/1 HTTP/1.1\r\nHost: x\r\n%s\r\n", 405 },
    { "POST /calls/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%s\r\n0\r\n\r\n", 411 },
    { "POST /calls/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n%s\r\n", 413 },
    { "POST /calls/1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n%s\r\n", 417 },
  };
  g_auto (Doors) doors = { 0 };
  g_autoptr (WsPeer) slow = NULL;

  doors_set_up (&doors);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request = replace (cases[i].request, "Origin: https://good.example\r\n");
      g_autofree char *other_request = replace (cases[i].request, "Origin: https://evil.example\r\n");
      g_autofree char *response = exchange (doors.http, request);
      g_autofree char *other = exchange (doors.http, other_request);

      ck_assert_uint_eq (status_of (response), cases[i].status);
      assert_has (response, "\r\nAccess-Control-Allow-Origin: https://good.example\r\n");
      assert_has (response, "\r\nAccess-Control-Expose-Headers: Allow\r\n");
      ck_assert_uint_eq (status_of (other), cases[i].status);
      ck_assert_ptr_null (strstr (other, "Access-Control"));
    }
  {
    g_autofree char *split = exchange (doors.http, "PUT /calls/1 HTTP/1.1\r\nHost: x\r\n"
                                                   "Origin: https://good.example\rX: y\r\n\r\n");

    ck_assert_ptr_null (strstr (split, "X: y")); /* nothing of it comes back */
  }
  /* the refusal waits for the origin, which comes later */
  slow = dial (doors.http);
  ws_peer_send (slow, "PUT /calls/1 HTTP/1.1\r\nHost: x\r\n", strlen ("PUT /calls/1 HTTP/1.1\r\nHost: x\r\n"));
  ws_peer_send (slow, "Origin: https://good.example\r\n\r\n", strlen ("Origin: https://good.example\r\n\r\n"));
  WAIT_UNTIL (ws_peer_read (slow) && slow->is_eof);
  assert_received (slow, "Access-Control-Allow-Origin: https://good.example");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-routes");
  TCase *table = tcase_create ("table");
  TCase *requests = tcase_create ("requests");

  tcase_add_test (table, the_most_exact_pattern_counts);
  tcase_add_test (table, a_path_has_its_methods);
  suite_add_tcase (suite, table);
  tcase_add_test (requests, a_body_reaches_its_handler_within_its_bound);
  tcase_add_test (requests, the_type_of_a_body_is_compared_without_its_parameters);
  tcase_add_test (requests, a_header_can_have_several_lines);
  tcase_add_test (requests, a_body_that_comes_in_pieces_is_waited_for);
  tcase_add_test (requests, a_body_that_does_not_come_is_cut_off);
  tcase_add_test (requests, a_reply_may_come_later);
  tcase_add_test (requests, a_client_that_has_gone_is_noticed_and_gets_no_reply);
  tcase_add_test (requests, a_reply_has_its_time);
  tcase_add_test (requests, a_client_that_goes_on_sending_gets_its_reply);
  tcase_add_test (requests, a_request_that_is_forgotten_gets_a_500);
  tcase_add_test (requests, the_end_of_the_server_ends_what_waits);
  tcase_add_test (requests, listed_origins_get_a_preflight_and_may_read);
  tcase_add_test (requests, listed_origins_may_read_an_early_refusal);
  suite_add_tcase (suite, requests);
  return suite;
}
