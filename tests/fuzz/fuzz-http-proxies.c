#include "fuzz.h"

#include "net/vgw-http-proxies.h"

/* The input is each of the two headers, from a proxy and from somebody else. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const trusted[] = { "127.0.0.1", "10.0.0.0/8", "fd00::/8", NULL };
  g_autoptr (VgwHttpProxies) proxies = vgw_http_proxies_new (trusted);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *by_list = vgw_http_proxies_find_client (proxies, "127.0.0.1", text, NULL);
  g_autofree char *by_elements = vgw_http_proxies_find_client (proxies, "127.0.0.1", NULL, text);
  g_autofree char *by_both = vgw_http_proxies_find_client (proxies, "127.0.0.1", text, text);
  g_autofree char *foreign = vgw_http_proxies_find_client (proxies, "192.0.2.1", text, text);

  g_assert (g_hostname_is_ip_address (by_list) && g_hostname_is_ip_address (by_elements));
  g_assert ((by_both == NULL) == !g_str_equal (by_list, by_elements));
  g_assert (g_str_equal (foreign, "192.0.2.1"));
  return 0;
}
