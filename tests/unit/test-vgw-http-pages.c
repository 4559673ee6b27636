#include "net/vgw-http-server.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "http-fixture.h"
#include "net/vgw-http-connection.h"
#include "net/vgw-http-origin.h"
#include "run-suite.h"

/* The head of the policy that allows the script in @page itself, and no other one. (transfer full) */
static char *
expect_policy (const char *page)
{
  const char *begin = strstr (page, "<script>"), *end = strstr (page, "</script>");
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *hash = NULL;
  guint8 digest[32];
  gsize length = sizeof digest;

  ck_assert (begin != NULL && end > begin);
  begin += strlen ("<script>");
  g_checksum_update (checksum, (const guchar *) begin, end - begin);
  g_checksum_get_digest (checksum, digest, &length);
  hash = g_base64_encode (digest, length);
  return g_strdup_printf (
      "Content-Security-Policy: default-src 'self'; script-src 'self' 'sha256-%s'; connect-src 'self' ws: wss:;", hash);
}

START_TEST (the_page_is_served_with_its_headers)
{
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autofree char *page = get (self, "/", "");
  g_autofree char *index = get (self, "/index.html", "");
  g_autofree char *script = get (self, "/voice-gateway.js", "");
  g_autofree char *policy = expect_policy (page);

  ck_assert_uint_eq (status_of (page), 200);
  assert_has (page, "Content-Type: text/html; charset=utf-8\r\n");
  assert_has (page, "Cache-Control: no-cache\r\n");
  assert_has (page, "X-Content-Type-Options: nosniff\r\n");
  assert_has (page, policy);
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
  const VgwHttpSettings settings = default_settings ();
  const VgwPagesSettings pages = { .serves_page = FALSE };
  g_autoptr (Fixture) self = fixture_new_with_pages (&settings, &pages);

  assert_get (self, "/", "", 404);
  assert_get (self, "/healthz", "", 200);
}
END_TEST

START_TEST (a_directory_replaces_the_page_and_hides_what_is_hidden)
{
  const VgwHttpSettings settings = default_settings ();
  VgwPagesSettings pages = { .serves_page = TRUE };
  g_autoptr (Fixture) self = NULL;
  g_autofree char *root = g_dir_make_tmp ("vgw-web-XXXXXX", NULL);
  g_autofree char *index = g_build_filename (root, "index.html", NULL);
  g_autofree char *hidden = g_build_filename (root, ".secret", NULL);
  g_autofree char *sub = g_build_filename (root, "sub", NULL);
  g_autofree char *deep = g_build_filename (sub, "a b.css", NULL);
  g_autofree char *empty = g_build_filename (root, "empty.txt", NULL);
  g_autofree char *response = NULL;
  g_autofree char *nothing = NULL;
  g_autofree char *library = NULL;
  g_autofree char *replaced = g_build_filename (root, "voice-gateway-link.js", NULL);
  g_autofree char *own = NULL;

  ck_assert (g_file_set_contents (replaced, "my own", -1, NULL));
  ck_assert (g_file_set_contents (empty, "", 0, NULL));
  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  ck_assert (g_file_set_contents (index, "mine", -1, NULL));
  ck_assert (g_file_set_contents (hidden, "hidden", -1, NULL));
  ck_assert (g_file_set_contents (deep, "body {}", -1, NULL));
  pages.web_root = root;
  self = fixture_new_with_pages (&settings, &pages);
  response = get (self, "/", "");
  assert_has (response, "\r\n\r\nmine");
  nothing = get (self, "/empty.txt", "");
  ck_assert_uint_eq (status_of (nothing), 200);
  assert_has (nothing, "Content-Length: 0\r\n");
  assert_get (self, "/.secret", "", 404);
  assert_get (self, "/sub/../.secret", "", 404);
  assert_get (self, "/sub", "", 404);
  assert_get (self, "/sub/a%20b.css", "", 200);
  ck_assert_ptr_null (strstr (response, "Content-Security-Policy")); /* it may have scripts of its own */
  library = get (self, "/voice-gateway.js", "");
  ck_assert_uint_eq (status_of (library), 200);
  assert_get (self, "/voice-gateway-wire.js", "", 200);
  assert_get (self, "/page.js", "", 404);
  own = get (self, "/voice-gateway-link.js", "");
  assert_has (own, "\r\n\r\nmy own");
  g_remove (index);
  g_remove (hidden);
  g_remove (empty);
  g_remove (deep);
  g_remove (replaced);
  g_rmdir (sub);
  g_rmdir (root);
}
END_TEST

START_TEST (a_missing_directory_and_a_taken_port_say_so)
{
  const VgwPagesSettings pages = { .serves_page = TRUE, .web_root = "/nonexistent/web" };
  VgwHttpSettings settings = default_settings ();
  g_autoptr (Fixture) self = fixture_new_default ();
  g_autoptr (GError) no_directory = NULL;
  g_autoptr (GError) taken = NULL;
  g_autoptr (GError) no_address = NULL;

  ck_assert_ptr_null (vgw_pages_new (self->server, &pages, &no_directory));
  assert_has (no_directory->message, "/nonexistent/web");
  settings.port = vgw_http_server_get_port (self->server);
  ck_assert_ptr_null (vgw_http_server_new (&settings, &taken));
  ck_assert (g_error_matches (taken, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  assert_has (taken->message, "127.0.0.1");
  settings.address = "nowhere.test";
  ck_assert_ptr_null (vgw_http_server_new (&settings, &no_address));
  assert_has (no_address->message, "nowhere.test");
}
END_TEST

START_TEST (ranges_are_not_served)
{
  g_autoptr (Fixture) self = fixture_new_default ();

  assert_get (self, "/", "Range: bytes=0-1,0-2,0-3,0-4\r\n", 200);
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

START_TEST (the_engines_are_listed_for_pages_that_may_call)
{
  static const char *const origins[] = { "https://good.example", NULL };
  VgwHttpSettings settings = default_settings ();
  const VgwPagesSettings pages = { .serves_page = FALSE, .engines = "{\"engines\":[]}" };
  g_autoptr (Fixture) silent = fixture_new (&settings);
  g_autoptr (Fixture) self = NULL;
  g_autofree char *own = NULL, *good = NULL, *other = NULL, *head = NULL;

  settings.origins = origins;
  self = fixture_new_with_pages (&settings, &pages);
  own = get (self, "/engines", "");
  good = get (self, "/engines", "Origin: https://good.example\r\n");
  other = get (self, "/engines", "Origin: https://evil.example\r\n");
  head = exchange (self, "HEAD /engines HTTP/1.1\r\nHost: x\r\n\r\n");
  ck_assert_uint_eq (status_of (own), 200);
  ck_assert (g_str_has_suffix (own, "\r\n\r\n{\"engines\":[]}"));
  assert_has (own, "Content-Type: application/json\r\n");
  assert_has (own, "Cache-Control: no-store\r\n");
  assert_has (good, "Access-Control-Allow-Origin: https://good.example\r\n");
  ck_assert_ptr_null (strstr (other, "Access-Control-Allow-Origin"));
  assert_has (head, "Content-Length: 14\r\n");
  ck_assert (g_str_has_suffix (head, "\r\n\r\n"));
  assert_get (silent, "/engines", "", 404);
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

/* A browser fails a connection for which it named subprotocols and got none. */
START_TEST (the_first_subprotocol_is_chosen)
{
  static const struct
  {
    const char *asked;
    const char *chosen; /* NULL: none */
  } cases[] = {
    { "Sec-WebSocket-Protocol: voice-gateway.v1\r\n", "Sec-WebSocket-Protocol: voice-gateway.v1\r\n" },
    { "Sec-WebSocket-Protocol: voice-gateway.token.a.b.c, voice-gateway\r\n",
      "Sec-WebSocket-Protocol: voice-gateway\r\n" },
    { "Sec-WebSocket-Protocol: voice-gateway.token.a.b.c\r\n", NULL }, /* a secret stays out of responses */
    { "Sec-WebSocket-Protocol: bearer, c2VjcmV0\r\n", "Sec-WebSocket-Protocol: bearer\r\n" },
    { "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", "Sec-WebSocket-Protocol: a\r\n" },
    { "Sec-WebSocket-Protocol: , \"no token\",\tgood ,x\r\n", "Sec-WebSocket-Protocol: good\r\n" },
    { "Sec-WebSocket-Protocol: \r\n", NULL },
    { "Sec-WebSocket-Protocol: ,,\r\n", NULL },
    { "", NULL },
  };
  g_autoptr (Fixture) self = fixture_new_default ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request =
          g_strdup_printf ("GET /ws HTTP/1.1\r\nHost: x\r\n" WS_HANDSHAKE "%s\r\n", cases[i].asked);
      g_autoptr (WsPeer) peer = dial (self);

      ws_peer_send (peer, request, strlen (request));
      WAIT_UNTIL (has_head (peer));
      assert_received (peer, "HTTP/1.1 101 ");
      if (cases[i].chosen != NULL)
        assert_received (peer, cases[i].chosen);
      else
        ck_assert_ptr_null (
            g_strstr_len ((const char *) peer->received->data, head_length (peer), "Sec-WebSocket-Protocol"));
    }
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

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-pages");
  TCase *pages = tcase_create ("pages");
  TCase *origins = tcase_create ("origins");

  tcase_add_test (pages, the_page_is_served_with_its_headers);
  tcase_add_test (pages, a_known_etag_costs_no_body);
  tcase_add_test (pages, head_has_the_length_and_no_body);
  tcase_add_test (pages, health_is_told_and_the_rest_is_not_found);
  tcase_add_test (pages, a_gateway_without_a_page_serves_none);
  tcase_add_test (pages, a_directory_replaces_the_page_and_hides_what_is_hidden);
  tcase_add_test (pages, a_missing_directory_and_a_taken_port_say_so);
  tcase_add_test (pages, listed_origins_may_import_the_library);
  tcase_add_test (pages, the_engines_are_listed_for_pages_that_may_call);
  tcase_add_test (pages, ranges_are_not_served);
  tcase_add_test (pages, the_url_is_one_to_open);
  suite_add_tcase (suite, pages);
  tcase_add_test (origins, the_first_subprotocol_is_chosen);
  tcase_add_test (origins, origins_compare_by_host_and_port);
  tcase_add_test (origins, addresses_are_told_without_port_and_clothes);
  suite_add_tcase (suite, origins);
  return suite;
}
