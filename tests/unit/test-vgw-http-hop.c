#include "net/vgw-http-hop.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "fedcba9876543210fedcba9876543210"
#define CLIENT "192.0.2.1"
#define NOW_S 1764363000

static VgwNodeIds *
make_ids (const char *name, const char *key)
{
  const char *const keys[] = { key, NULL };
  const VgwNodeSettings settings = { .name = name, .keys = keys };

  return vgw_node_ids_new (&settings);
}

/* (transfer full) (nullable) */
static char *
find (const VgwNodeIds *ids, const char *head)
{
  return vgw_http_hop_find_node (ids, head, strlen (head));
}

START_TEST (the_node_is_found_in_the_path_and_in_the_query)
{
  static const char *const forms[] = {
    "DELETE /whip/session/%s HTTP/1.1\r\n\r\n",
    "POST /whip?resume=%s HTTP/1.1\r\n\r\n",
    "GET /ws?engine=echo&resume=%s&seq=12 HTTP/1.1\r\n\r\n",
    "GET http://gateway.example/ws?resume=%s HTTP/1.1\r\n\r\n",
    "POST /v1/realtime/calls/rtc_%s/hangup HTTP/1.1\r\n\r\n",
    "GET /v1/realtime?call_id=rtc_%s HTTP/1.1\r\n\r\n",
    "GET /v1/live/sessions/live_%s/attach HTTP/1.1\r\n\r\n",
    "PATCH /sessions/%s/api/offer HTTP/1.1\r\n\r\n",
  };
  g_autoptr (VgwNodeIds) own = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) other = make_ids ("b", KEY);
  g_autoptr (VgwNodeIds) stranger = make_ids ("b", OTHER_KEY);

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    for (guint n = 0; n < 50; n++)
      {
        g_autofree char *id = vgw_node_ids_make (other);
        g_autofree char *foreign_id = vgw_node_ids_make (stranger);
        g_auto (GStrv) parts = g_strsplit (forms[i], "%s", 2);
        g_autofree char *head = g_strjoin (id, parts[0], parts[1], NULL);
        g_autofree char *foreign_head = g_strjoin (foreign_id, parts[0], parts[1], NULL);
        g_autofree char *found = find (own, head);
        g_autofree char *at_home = find (other, head);
        g_autofree char *forged = find (own, foreign_head);

        ck_assert_str_eq (found, "b");
        ck_assert_ptr_null (at_home);
        ck_assert_ptr_null (forged);
      }
}
END_TEST

START_TEST (the_node_of_a_bearer_token_is_found_where_the_request_has_none)
{
  g_autoptr (VgwNodeIds) own = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) other = make_ids ("b", KEY);
  g_autoptr (VgwNodeIds) third = make_ids ("c", KEY);
  g_autoptr (VgwNodeIds) stranger = make_ids ("b", OTHER_KEY);
  g_autofree char *secret = vgw_node_ids_make (other);
  g_autofree char *call = vgw_node_ids_make (third);
  g_autofree char *foreign = vgw_node_ids_make (stranger);
  g_autofree char *head =
      g_strdup_printf ("POST /v1/realtime/calls HTTP/1.1\r\nauthorization: bearer ek_%s\r\n\r\n", secret);
  g_autofree char *of_a_call = g_strdup_printf ("POST /v1/realtime/calls/rtc_%s/hangup HTTP/1.1\r\n"
                                                "Authorization: Bearer ek_%s\r\n\r\n",
                                                call, secret);
  g_autofree char *basic = g_strdup_printf ("POST / HTTP/1.1\r\nAuthorization: Basic %s\r\n\r\n", secret);
  g_autofree char *forged = g_strdup_printf ("POST / HTTP/1.1\r\nAuthorization: Bearer ek_%s\r\n\r\n", foreign);
  g_autofree char *found = find (own, head);
  g_autofree char *of_path = find (own, of_a_call);
  g_autofree char *at_home = find (other, head);
  g_autofree char *at_the_calls = find (third, of_a_call);
  g_autofree char *of_basic = find (own, basic);
  g_autofree char *of_forged = find (own, forged);

  ck_assert_str_eq (found, "b");
  ck_assert_str_eq (of_path, "c");
  ck_assert_ptr_null (at_home);
  ck_assert_ptr_null (at_the_calls);
  ck_assert_ptr_null (of_basic);
  ck_assert_ptr_null (of_forged);
}
END_TEST

START_TEST (ids_elsewhere_in_the_head_do_not_count)
{
  g_autoptr (VgwNodeIds) own = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) other = make_ids ("b", KEY);
  g_autofree char *id = vgw_node_ids_make (other);
  g_autofree char *head = g_strdup_printf ("GET /ws HTTP/1.1\r\nCookie: %s\r\nReferer: http://x/%s\r\n\r\n", id, id);
  g_autofree char *found = find (own, head);

  ck_assert_ptr_null (found);
}
END_TEST

START_TEST (on_the_admin_listener_only_the_id_of_a_session_counts)
{
  static const char *const others[] = {
    "GET /sessions?id=%s HTTP/1.1\r\n\r\n",
    "GET /metrics?x=%s HTTP/1.1\r\n\r\n",
    "GET /%s HTTP/1.1\r\n\r\n",
    "GET /sessions/x/%s HTTP/1.1\r\n\r\n",
    "GET /sessions/x?y=/sessions/%s HTTP/1.1\r\n\r\n",
    "GET http://x/sessions/%s HTTP/1.1\r\n\r\n",
  };
  g_autoptr (VgwNodeIds) own = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) other = make_ids ("b", KEY);
  g_autofree char *id = vgw_node_ids_make (other);
  g_autofree char *head = g_strdup_printf ("DELETE /sessions/%s HTTP/1.1\r\n\r\n", id);
  g_autofree char *below = g_strdup_printf ("GET /sessions/%s/listen?x HTTP/1.1\r\n\r\n", id);
  g_autofree char *found = vgw_http_hop_find_admin_node (own, head, strlen (head));
  g_autofree char *found_below = vgw_http_hop_find_admin_node (own, below, strlen (below));

  ck_assert_str_eq (found, "b");
  ck_assert_str_eq (found_below, "b");
  ck_assert_ptr_null (vgw_http_hop_find_admin_node (other, head, strlen (head)));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto (GStrv) parts = g_strsplit (others[i], "%s", 2);
      g_autofree char *foreign = g_strjoin (id, parts[0], parts[1], NULL);

      ck_assert_ptr_null (vgw_http_hop_find_admin_node (own, foreign, strlen (foreign)));
    }
}
END_TEST

START_TEST (a_head_is_sent_on_with_the_clients_address_and_read_again)
{
  static const char head[] = "GET /ws?resume=x HTTP/1.1\r\nHost: gateway.example\r\nX-Forwarded-For: 203.0.113.9\r\n"
                             "forwarded: for=203.0.113.9\r\nOrigin: https://page.example\r\n\r\n";
  g_autoptr (VgwNodeIds) sender = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) receiver = make_ids ("b", KEY);
  g_autofree char *written = vgw_http_hop_write_head (sender, head, strlen (head), "b", FALSE, CLIENT, NOW_S);
  g_autoptr (VgwHttpHopNonces) nonces = vgw_http_hop_nonces_new ();
  g_autofree char *client = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (!vgw_http_hop_is_marked (head, strlen (head)));
  ck_assert (vgw_http_hop_is_marked (written, strlen (written)));
  ck_assert_ptr_nonnull (strstr (written, "\r\nHost: gateway.example\r\nOrigin: https://page.example\r\n\r\n"));
  ck_assert_ptr_null (strstr (written, "203.0.113.9"));
  ck_assert_uint_le (strlen (written), strlen (head) + VGW_HTTP_HOP_MAX_BYTES);
  client = vgw_http_hop_read_client (receiver, nonces, written, strlen (written), FALSE, NOW_S + 10, &error);
  ck_assert_ptr_null (error);
  ck_assert_str_eq (client, CLIENT);
}
END_TEST

static void
assert_refused_of (const VgwNodeIds *receiver, VgwHttpHopNonces *nonces, const char *head, gboolean is_admin,
                   gint64 now_s)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *client = vgw_http_hop_read_client (receiver, nonces, head, strlen (head), is_admin, now_s, &error);

  ck_assert_ptr_null (client);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
}

static void
assert_refused (const VgwNodeIds *receiver, const char *head, gint64 now_s)
{
  g_autoptr (VgwHttpHopNonces) nonces = vgw_http_hop_nonces_new ();

  assert_refused_of (receiver, nonces, head, FALSE, now_s);
}

START_TEST (a_header_is_of_one_listener_and_accepted_once)
{
  static const char head[] = "DELETE /sessions/x HTTP/1.1\r\nHost: gateway.example\r\n\r\n";
  g_autoptr (VgwNodeIds) sender = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) receiver = make_ids ("b", KEY);
  g_autoptr (VgwHttpHopNonces) nonces = vgw_http_hop_nonces_new ();
  gint64 now_s = NOW_S;

  for (guint i = 0; i < 10; i++, now_s += 30)
    {
      g_autofree char *written =
          vgw_http_hop_write_head (sender, head, strlen (head), "b", i % 2 > 0, CLIENT, now_s + 60);
      g_autofree char *client = NULL;

      assert_refused_of (receiver, nonces, written, i % 2 == 0, now_s);
      client = vgw_http_hop_read_client (receiver, nonces, written, strlen (written), i % 2 > 0, now_s, NULL);
      ck_assert_str_eq (client, CLIENT);
      for (gint64 later_s = 0; later_s <= 30; later_s += 30)
        assert_refused_of (receiver, nonces, written, i % 2 > 0, now_s + later_s);
    }
}
END_TEST

START_TEST (a_header_of_anybody_else_or_for_anything_else_is_refused)
{
  static const char head[] = "GET /ws?resume=x HTTP/1.1\r\nHost: gateway.example\r\n\r\n";
  static const char *const forged[] = { "",
                                        "a",
                                        "a 192.0.2.1 1764363000 x",
                                        "a 192.0.2.1 1764363000 x x",
                                        "a  1764363000  ",
                                        "a 192.0.2.1 99999999999999999999 x AAAA",
                                        "a b c d e f g" };
  g_autoptr (VgwNodeIds) sender = make_ids ("a", KEY);
  g_autoptr (VgwNodeIds) receiver = make_ids ("b", KEY);
  g_autoptr (VgwNodeIds) third = make_ids ("c", KEY);
  g_autoptr (VgwNodeIds) stranger = make_ids ("b", OTHER_KEY);
  g_autofree char *written = vgw_http_hop_write_head (sender, head, strlen (head), "b", FALSE, CLIENT, NOW_S);
  g_autofree char *moved = g_strconcat ("GET /ws?resume=y", written + strlen ("GET /ws?resume=x"), NULL);
  g_autofree char *other_client = g_strdup (written);

  strstr (other_client, CLIENT)[0] = '2';
  assert_refused (third, written, NOW_S);
  assert_refused (stranger, written, NOW_S);
  assert_refused (receiver, moved, NOW_S);
  assert_refused (receiver, other_client, NOW_S);
  assert_refused (receiver, written, NOW_S + 61);
  assert_refused (receiver, written, NOW_S - 61);
  for (guint i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      g_autofree char *text =
          g_strdup_printf ("GET /ws?resume=x HTTP/1.1\r\n" VGW_HTTP_HOP_HEADER ": %s\r\n\r\n", forged[i]);

      assert_refused (receiver, text, NOW_S);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-hop");
  TCase *tests = tcase_create ("all");

  tcase_add_test (tests, the_node_is_found_in_the_path_and_in_the_query);
  tcase_add_test (tests, the_node_of_a_bearer_token_is_found_where_the_request_has_none);
  tcase_add_test (tests, ids_elsewhere_in_the_head_do_not_count);
  tcase_add_test (tests, on_the_admin_listener_only_the_id_of_a_session_counts);
  tcase_add_test (tests, a_head_is_sent_on_with_the_clients_address_and_read_again);
  tcase_add_test (tests, a_header_is_of_one_listener_and_accepted_once);
  tcase_add_test (tests, a_header_of_anybody_else_or_for_anything_else_is_refused);
  suite_add_tcase (suite, tests);
  return suite;
}
