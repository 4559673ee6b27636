#include "net/vgw-http-head.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n"

static VgwHttpRoutes *routes;

static void
handle (VgwHttpRequest *request, gpointer user_data)
{
}

/* Of a listener that takes bodies at "/" and "/upload" only. */
static void
set_up (void)
{
  static const VgwHttpRoute root = { "/", .get = handle, .max_body_bytes = 100 };
  static const VgwHttpRoute any = { "/*", .get = handle };
  static const VgwHttpRoute upload = { "/upload/{id}", .post = handle, .max_body_bytes = 200, .has_cors = TRUE };

  routes = vgw_http_routes_new ();
  vgw_http_routes_add (routes, &root, NULL);
  vgw_http_routes_add (routes, &any, NULL);
  vgw_http_routes_add (routes, &upload, NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&routes, vgw_http_routes_free);
}

/* In a heap block of exactly its size, so that ASan sees a read past its end. */
static VgwHttpHead
check (const char *data, gsize length)
{
  g_autofree char *copy = g_memdup2 (data, length);

  return vgw_http_head_check (copy, length, routes, NULL);
}

static void
assert_verdict (const char *text, VgwHttpHead verdict)
{
  ck_assert_msg (check (text, strlen (text)) == verdict, "%d for %s", check (text, strlen (text)), text);
}

START_TEST (plain_requests_pass)
{
  assert_verdict (GET "\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict ("HEAD /a?b=c HTTP/1.0\n\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict ("GET http://x/ HTTP/1.1\r\nHost: x\r\nEmpty:\r\nTabs:\ta\tb\r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict (GET "Content-Length: 0\r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict (GET "Content-Length: \t100 \r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict (GET "Name: \xc3\xa4\r\n\r\n", VGW_HTTP_HEAD_GOOD);
}
END_TEST

START_TEST (what_follows_the_head_is_not_looked_at)
{
  assert_verdict (GET "\r\nTransfer-Encoding: x\r\n\x01\x02", VGW_HTTP_HEAD_GOOD);
}
END_TEST

START_TEST (every_prefix_wants_more)
{
  const char *text = GET "Content-Length: 5\r\n\r\n";

  for (gsize n = 0; n < strlen (text); n++)
    ck_assert_int_eq (check (text, n), VGW_HTTP_HEAD_MORE);
}
END_TEST

START_TEST (other_methods_are_told_apart_from_noise)
{
  assert_verdict ("POST / HTTP/1.1\r\n", VGW_HTTP_HEAD_METHOD);
  assert_verdict ("get / HTTP/1.1\r\n", VGW_HTTP_HEAD_METHOD);
  assert_verdict ("GETS / HTTP/1.1\r\n", VGW_HTTP_HEAD_METHOD);
  assert_verdict ("OPTIONS * HTTP/1.1\r\n", VGW_HTTP_HEAD_METHOD);
  assert_verdict ("G(T / HTTP/1.1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("GET / SIP/2.0 Via\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("GET /a\tb HTTP/1.0\r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict ("GET /a\x01 HTTP/1.1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("PRI * HTTP/2.0\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("A\n\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("\x16\x03\x01", VGW_HTTP_HEAD_BAD);
  assert_verdict (" GET / HTTP/1.1\r\n", VGW_HTTP_HEAD_BAD);
}
END_TEST

START_TEST (bodies_are_bounded_before_they_come)
{
  assert_verdict (GET "Content-Length: 101\r\n", VGW_HTTP_HEAD_BODY);
  assert_verdict (GET "CONTENT-LENGTH: 99999999999\r\n", VGW_HTTP_HEAD_BODY);
  assert_verdict (GET "Transfer-Encoding: chunked\r\n", VGW_HTTP_HEAD_LENGTH);
  assert_verdict (GET "transfer-encoding: gzip\r\n", VGW_HTTP_HEAD_LENGTH);
  assert_verdict ("GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", VGW_HTTP_HEAD_BODY);
  assert_verdict ("GET /a HTTP/1.1\r\ntransfer-encoding: gzip\r\n", VGW_HTTP_HEAD_BODY);
  assert_verdict (GET "Expect: 100-continue\r\n", VGW_HTTP_HEAD_EXPECT);
}
END_TEST

START_TEST (each_route_has_its_methods_and_its_bound)
{
  static const struct
  {
    const char *target, *allow;
  } cases[] = {
    { "/", "GET, HEAD" },
    { "/a?/upload/1", "GET, HEAD" },
    { "/upload/", "GET, HEAD" },
    { "/upload/1", "POST, OPTIONS" },
    { "/upload/1?a=/b", "POST, OPTIONS" },
    { "http://x/upload/1", "POST, OPTIONS" },
    { "*", "GET, HEAD" },
    { "http://x", "GET, HEAD" },
  };

  assert_verdict ("POST /upload/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict ("POST /upload/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 201\r\n\r\n", VGW_HTTP_HEAD_BODY);
  assert_verdict ("OPTIONS /upload/1 HTTP/1.1\r\nHost: x\r\n\r\n", VGW_HTTP_HEAD_GOOD);
  assert_verdict ("OPTIONS /upload/1 HTTP/1.1\r\nContent-Length: 1\r\n", VGW_HTTP_HEAD_BODY);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("PURGE %s HTTP/1.1\r\n", cases[i].target);
      g_autofree char *allow = NULL;

      ck_assert_int_eq (vgw_http_head_check (text, strlen (text), routes, &allow), VGW_HTTP_HEAD_METHOD);
      ck_assert_str_eq (allow, cases[i].allow);
    }
}
END_TEST

START_TEST (lengths_that_libsoup_does_not_understand_are_refused)
{
  assert_verdict (GET "Content-Length:\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: -1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: +1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: 0x1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: 1, 1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: 99999999999999999999\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: 1\r\nContent-Length: 1\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "Content-Length: 1\r\n 2\r\n", VGW_HTTP_HEAD_BAD);
}
END_TEST

START_TEST (lines_that_could_be_read_in_two_ways_are_refused)
{
  assert_verdict (GET "Transfer-Encoding : x\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "\tTransfer-Encoding: x\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "no colon\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET ": no name\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "A: b\rTransfer-Encoding: x\r\n", VGW_HTTP_HEAD_BAD);
  ck_assert_int_eq (check (GET "A: b\0c\r\n", strlen (GET) + 8), VGW_HTTP_HEAD_BAD);
}
END_TEST

START_TEST (what_has_one_value_has_one_line)
{
  static const char *const names[] = { "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade",
                                       "Content-Type" };

  assert_verdict (GET "Host: x\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict (GET "hOST: y\r\n\r\n", VGW_HTTP_HEAD_BAD);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *one = g_strdup_printf (GET "%s: a\r\n\r\n", names[i]);
      g_autofree char *two = g_strdup_printf (GET "%s: a\r\nOther: b\r\n%s: a\r\n\r\n", names[i], names[i]);

      assert_verdict (one, VGW_HTTP_HEAD_GOOD);
      assert_verdict (two, VGW_HTTP_HEAD_BAD);
    }
  assert_verdict (GET "Connection: keep-alive\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: a\r\n"
                      "Sec-WebSocket-Protocol: b\r\nAccept: a\r\nAccept: b\r\n\r\n",
                  VGW_HTTP_HEAD_GOOD);
}
END_TEST

START_TEST (a_host_is_one_host)
{
  static const char *const good[] = { "", " \t", "x", "x:80", "a_b.example.:8080", "[::1]:80", "192.0.2.1", "%C3%A4" };
  static const char *const bad[] = { "a b", "a, b", "a,b", "a/b", "u@h", "a?b", "a#b", "\"a\"", "a\\b", "\xc3\xa4" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *text = g_strdup_printf ("GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
      assert_verdict (text, VGW_HTTP_HEAD_GOOD);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strdup_printf ("GET / HTTP/1.1\r\nHost: %s\r\n", bad[i]);
      assert_verdict (text, VGW_HTTP_HEAD_BAD);
    }
  assert_verdict ("GET / HTTP/1.1\r\n\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("GET / HTTP/1.1\r\nA: b\r\n\r\n", VGW_HTTP_HEAD_BAD);
  assert_verdict ("GET / HTTP/1.0\r\nA: b\r\n\r\n", VGW_HTTP_HEAD_GOOD);
}
END_TEST

START_TEST (nothing_at_all_wants_more)
{
  ck_assert_int_eq (vgw_http_head_check (NULL, 0, routes, NULL), VGW_HTTP_HEAD_MORE);
}
END_TEST

START_TEST (a_head_ends_within_the_bound)
{
  g_autoptr (GString) text = g_string_new (GET "A: ");
  gsize n_rest = strlen ("\r\n\r\n");

  while (text->len < VGW_HTTP_HEAD_MAX_BYTES - n_rest)
    g_string_append_c (text, 'x');
  g_string_append (text, "\r\n\r\n");
  ck_assert_int_eq (check (text->str, text->len), VGW_HTTP_HEAD_GOOD);
  ck_assert_int_eq (check (text->str, text->len - 1), VGW_HTTP_HEAD_MORE);
  g_string_insert_c (text, strlen (GET "A: "), 'x');
  ck_assert_int_eq (check (text->str, text->len), VGW_HTTP_HEAD_TOO_LARGE);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-head");
  TCase *head = tcase_create ("head");

  tcase_add_checked_fixture (head, set_up, tear_down);
  tcase_add_test (head, plain_requests_pass);
  tcase_add_test (head, what_follows_the_head_is_not_looked_at);
  tcase_add_test (head, every_prefix_wants_more);
  tcase_add_test (head, other_methods_are_told_apart_from_noise);
  tcase_add_test (head, bodies_are_bounded_before_they_come);
  tcase_add_test (head, each_route_has_its_methods_and_its_bound);
  tcase_add_test (head, lengths_that_libsoup_does_not_understand_are_refused);
  tcase_add_test (head, lines_that_could_be_read_in_two_ways_are_refused);
  tcase_add_test (head, what_has_one_value_has_one_line);
  tcase_add_test (head, a_host_is_one_host);
  tcase_add_test (head, nothing_at_all_wants_more);
  tcase_add_test (head, a_head_ends_within_the_bound);
  suite_add_tcase (suite, head);
  return suite;
}
