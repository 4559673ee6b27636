#include "base/vgw-address-group.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK_BYTES 8 /* the upper half of an IPv6 address: RFC 4291 section 2.5.1 */

char *
vgw_address_group (const char *address)
{
  struct in6_addr v6;
  char text[INET6_ADDRSTRLEN];

  if (address == NULL || inet_pton (AF_INET6, address, &v6) != 1)
    return g_strdup (address != NULL ? address : "");
  if (IN6_IS_ADDR_LOOPBACK (&v6))
    return g_strdup (address);
  memset (v6.s6_addr + NETWORK_BYTES, 0, sizeof v6.s6_addr - NETWORK_BYTES);
  inet_ntop (AF_INET6, &v6, text, sizeof text);
  return g_strconcat (text, "/64", NULL);
}

gboolean
vgw_address_is_loopback (const char *address)
{
  struct in6_addr v6;
  struct in_addr v4;

  if (address == NULL)
    return FALSE;
  if (inet_pton (AF_INET, address, &v4) == 1)
    return ntohl (v4.s_addr) >> 24 == IN_LOOPBACKNET;
  return inet_pton (AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK (&v6);
}
