#include "ice/vgw-ice-candidate.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#define HOST_TYPE_PREFERENCE 126 /* RFC 8445 section 5.1.2.2 */
#define MAX_LOCAL_PREFERENCE 65535
/* RFC 6544 section 4.2: less than UDP; 3 bits for the direction, of which passive has 4, and 13 for the rest */
#define TCP_TYPE_PREFERENCE 90
#define TCP_PASSIVE_PREFERENCE 4u
#define MAX_TCP_PREFERENCE 8191u
#define COMPONENT_RTP 1 /* rtcp-mux: there is no other */

typedef enum
{
  SCOPE_GLOBAL,
  SCOPE_LOOPBACK,
} AddressScope;

/* IPv6 before IPv4 (RFC 8421), else the order of the interfaces. */
static void
append_address (GArray *addresses, const VgwIceAddress *address)
{
  guint n_ipv6 = 0;

  for (guint i = 0; i < addresses->len; i++)
    {
      const VgwIceAddress *other = &g_array_index (addresses, VgwIceAddress, i);

      if (vgw_ice_address_equal (other, address))
        return;
      n_ipv6 += other->family == AF_INET6;
    }
  if (address->family == AF_INET6)
    g_array_insert_val (addresses, n_ipv6, *address);
  else
    g_array_append_val (addresses, *address);
}

static void
collect (GArray *addresses, const struct ifaddrs *interfaces, AddressScope scope, guint16 port, gboolean has_ipv4,
         gboolean has_ipv6)
{
  for (const struct ifaddrs *i = interfaces; i != NULL && addresses->len < VGW_ICE_MAX_CANDIDATES; i = i->ifa_next)
    {
      VgwIceAddress address;

      if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 || !vgw_ice_address_from_sockaddr (&address, i->ifa_addr))
        continue;
      if (vgw_ice_address_is_loopback (&address) != (scope == SCOPE_LOOPBACK)
          || vgw_ice_address_is_link_local (&address))
        continue;
      if (address.family == AF_INET ? !has_ipv4 : !has_ipv6)
        continue;
      address.port = port;
      append_address (addresses, &address);
    }
}

GArray *
vgw_ice_candidate_find (guint16 port, gboolean has_ipv4, gboolean has_ipv6)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (VgwIceAddress));
  struct ifaddrs *interfaces = NULL;

  if (getifaddrs (&interfaces) != 0)
    return addresses;
  collect (addresses, interfaces, SCOPE_GLOBAL, port, has_ipv4, has_ipv6);
  if (addresses->len == 0)
    collect (addresses, interfaces, SCOPE_LOOPBACK, port, has_ipv4, has_ipv6);
  freeifaddrs (interfaces);
  return addresses;
}

GArray *
vgw_ice_candidate_find_bound (const VgwIceAddress *bound, guint16 port, gboolean has_ipv4, gboolean has_ipv6)
{
  GArray *addresses;

  if (bound->family == 0 || vgw_ice_address_is_any (bound))
    return vgw_ice_candidate_find (port, has_ipv4, has_ipv6);
  addresses = g_array_new (FALSE, FALSE, sizeof (VgwIceAddress));
  g_array_append_val (addresses, *bound);
  return addresses;
}

guint32
vgw_ice_candidate_priority (guint index, const VgwIceAddress *address)
{
  if (address->protocol == IPPROTO_TCP)
    return ((guint32) TCP_TYPE_PREFERENCE << 24)
           + ((TCP_PASSIVE_PREFERENCE << 13) + MAX_TCP_PREFERENCE - MIN (index, MAX_TCP_PREFERENCE)) * 256
           + (256 - COMPONENT_RTP);
  return ((guint32) HOST_TYPE_PREFERENCE << 24)
         + (MAX_LOCAL_PREFERENCE - MIN (index, (guint) MAX_LOCAL_PREFERENCE)) * 256 + (256 - COMPONENT_RTP);
}

char *
vgw_ice_candidate_to_text (guint index, const VgwIceAddress *address)
{
  char ip[VGW_ICE_ADDRESS_TEXT_MAX];
  gboolean is_tcp = address->protocol == IPPROTO_TCP;

  return g_strdup_printf ("candidate:%u %d %s %u %s %u typ host%s", index + 1, COMPONENT_RTP, is_tcp ? "TCP" : "UDP",
                          vgw_ice_candidate_priority (index, address), vgw_ice_address_ip_to_string (address, ip),
                          address->port, is_tcp ? " tcptype passive" : "");
}
