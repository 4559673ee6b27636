/* Which address a request comes from, where proxies forward it. */
#include "net/vgw-http-proxies.h"

#include <check.h>

#include "run-suite.h"

static const char *const trusted[] = { "127.0.0.1", "10.0.0.0/8", "fd00::/8", NULL };

static const struct
{
  const char *peer;
  const char *forwarded_for; /* (nullable) X-Forwarded-For */
  const char *forwarded;     /* (nullable) */
  const char *client;        /* (nullable) NULL: they contradict each other */
} requests[] = {
  { "127.0.0.1", NULL, NULL, "127.0.0.1" },
  { "127.0.0.1", "192.0.2.1", NULL, "192.0.2.1" },
  { "127.0.0.1", NULL, "for=192.0.2.1", "192.0.2.1" },
  /* from others they are not looked at */
  { "192.0.2.9", "192.0.2.1", NULL, "192.0.2.9" },
  { "192.0.2.9", NULL, "for=192.0.2.1", "192.0.2.9" },
  { "192.0.2.9", "192.0.2.1", "for=192.0.2.2", "192.0.2.9" },
  { "::1", "192.0.2.1", NULL, "::1" },
  /* the rightmost hop that is no proxy; what is left of it can be forged */
  { "127.0.0.1", "198.51.100.7, 192.0.2.1", NULL, "192.0.2.1" },
  { "127.0.0.1", "198.51.100.7,192.0.2.1 , 10.1.2.3", NULL, "192.0.2.1" },
  { "127.0.0.1", "10.9.9.9, 192.0.2.1, 10.1.2.3, 10.1.2.4", NULL, "192.0.2.1" },
  { "127.0.0.1", "10.1.2.3, 10.1.2.4", NULL, "10.1.2.3" },
  { "127.0.0.1", NULL, "for=198.51.100.7, for=192.0.2.1;proto=https, FOR=\"10.1.2.3:80\";by=10.0.0.1", "192.0.2.1" },
  /* forms of an address */
  { "127.0.0.1", "192.0.2.1:4711", NULL, "192.0.2.1" },
  { "127.0.0.1", "2001:db8::1", NULL, "2001:db8::1" },
  { "127.0.0.1", "[2001:db8::1]:4711", NULL, "2001:db8::1" },
  { "127.0.0.1", "::ffff:192.0.2.1", NULL, "192.0.2.1" },
  { "127.0.0.1", NULL, "for=\"[2001:db8::1]:4711\"", "2001:db8::1" },
  { "127.0.0.1", NULL, "proto=https; for=192.0.2.1", "192.0.2.1" },
  { "fd00::1", "2001:DB8::1", NULL, "2001:db8::1" },
  /* no address: the one that named it */
  { "127.0.0.1", "", NULL, "127.0.0.1" },
  { "127.0.0.1", "unknown", NULL, "127.0.0.1" },
  { "127.0.0.1", "192.0.2.1, 192.0.2", NULL, "127.0.0.1" },
  { "127.0.0.1", "192.0.2.1, nonsense, 10.1.2.3", NULL, "10.1.2.3" },
  { "127.0.0.1", "fe80::1%eth0", NULL, "127.0.0.1" },
  { "127.0.0.1", NULL, "for=_hidden", "127.0.0.1" },
  { "127.0.0.1", NULL, "by=10.0.0.1", "127.0.0.1" },
  { "127.0.0.1", NULL, "for=\"192.0.2.1", "127.0.0.1" },
  { "127.0.0.1", NULL, ",;,=", "127.0.0.1" },
  /* a quote that the client left open does not swallow what the proxy wrote behind it */
  { "127.0.0.1", NULL, "for=\"198.51.100.7, for=192.0.2.1", "192.0.2.1" },
  /* the proxy writes one of the two, and the other one is the client's own */
  { "127.0.0.1", "192.0.2.1", "for=192.0.2.1", "192.0.2.1" },
  { "127.0.0.1", "192.0.2.1", "for=198.51.100.7", NULL },
  { "127.0.0.1", "192.0.2.1", "for=unknown", NULL },
};

START_TEST (the_nearest_hop_that_is_no_proxy_is_the_client)
{
  g_autoptr (VgwHttpProxies) proxies = vgw_http_proxies_new (trusted);
  g_autofree char *client =
      vgw_http_proxies_find_client (proxies, requests[_i].peer, requests[_i].forwarded_for, requests[_i].forwarded);

  ck_assert_msg (g_strcmp0 (client, requests[_i].client) == 0, "%s, %s: %s, not %s", requests[_i].forwarded_for,
                 requests[_i].forwarded, client, requests[_i].client);
}
END_TEST

START_TEST (without_proxies_no_header_counts)
{
  g_autoptr (VgwHttpProxies) proxies = vgw_http_proxies_new (NULL);
  g_autofree char *client = vgw_http_proxies_find_client (proxies, "127.0.0.1", "192.0.2.1", "for=192.0.2.2");

  ck_assert_str_eq (client, "127.0.0.1");
  ck_assert (!vgw_http_proxies_has (proxies, "127.0.0.1"));
}
END_TEST

START_TEST (items_are_addresses_and_prefixes)
{
  ck_assert (vgw_http_proxies_is_item ("127.0.0.1"));
  ck_assert (vgw_http_proxies_is_item ("10.0.0.0/8"));
  ck_assert (vgw_http_proxies_is_item ("fd00::/8"));
  ck_assert (vgw_http_proxies_is_item ("::1"));
  ck_assert (!vgw_http_proxies_is_item (""));
  ck_assert (!vgw_http_proxies_is_item ("proxy.example"));
  ck_assert (!vgw_http_proxies_is_item ("10.0.0.0/33"));
  ck_assert (!vgw_http_proxies_is_item ("10.0.0.1/8")); /* bits that the prefix does not have */
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-proxies");
  TCase *tcase = tcase_create ("proxies");

  tcase_add_loop_test (tcase, the_nearest_hop_that_is_no_proxy_is_the_client, 0, G_N_ELEMENTS (requests));
  tcase_add_test (tcase, without_proxies_no_header_counts);
  tcase_add_test (tcase, items_are_addresses_and_prefixes);
  suite_add_tcase (suite, tcase);
  return suite;
}
