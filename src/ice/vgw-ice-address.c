#include "ice/vgw-ice-address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define FNV_OFFSET_BASIS 2166136261u
#define FNV_PRIME 16777619u
#define MAX_PORT 65535

G_STATIC_ASSERT (sizeof (VgwIceAddress) == 24); /* no padding: hashed and compared as bytes */

gboolean
vgw_ice_address_from_sockaddr (VgwIceAddress *address, const struct sockaddr *socket_address)
{
  memset (address, 0, sizeof *address);
  if (socket_address->sa_family == AF_INET)
    {
      const struct sockaddr_in *in = (const struct sockaddr_in *) socket_address;

      memcpy (address->ip, &in->sin_addr, sizeof in->sin_addr);
      address->port = ntohs (in->sin_port);
      address->family = AF_INET;
      return TRUE;
    }
  if (socket_address->sa_family == AF_INET6)
    {
      const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) socket_address;

      memcpy (address->ip, &in6->sin6_addr, sizeof in6->sin6_addr);
      address->port = ntohs (in6->sin6_port);
      address->family = AF_INET6;
      if (IN6_IS_ADDR_LINKLOCAL (&in6->sin6_addr))
        address->scope_id = in6->sin6_scope_id;
      return TRUE;
    }
  return FALSE;
}

socklen_t
vgw_ice_address_to_sockaddr (const VgwIceAddress *address, struct sockaddr_storage *storage)
{
  memset (storage, 0, sizeof *storage);
  if (address->family == AF_INET)
    {
      struct sockaddr_in *in = (struct sockaddr_in *) storage;

      in->sin_family = AF_INET;
      in->sin_port = htons (address->port);
      memcpy (&in->sin_addr, address->ip, sizeof in->sin_addr);
      return sizeof *in;
    }

  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) storage;

  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons (address->port);
  in6->sin6_scope_id = address->scope_id;
  memcpy (&in6->sin6_addr, address->ip, sizeof in6->sin6_addr);
  return sizeof *in6;
}

/* "1" to "65535", nothing else. */
static gboolean
parse_port (const char *text, guint16 *port)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 1, MAX_PORT, &value, NULL))
    return FALSE;
  *port = (guint16) value;
  return TRUE;
}

gboolean
vgw_ice_address_parse (VgwIceAddress *address, const char *text)
{
  char host[VGW_ICE_ADDRESS_TEXT_MAX];
  const char *port = NULL;
  const char *closing = *text == '[' ? strchr (text, ']') : NULL;
  const char *colon = strchr (text, ':');

  memset (address, 0, sizeof *address);
  if (strlen (text) >= sizeof host)
    return FALSE;
  g_strlcpy (host, text, sizeof host);
  if (closing != NULL)
    {
      g_strlcpy (host, text + 1, (gsize) (closing - text));
      if (closing[1] != '\0' && closing[1] != ':')
        return FALSE;
      port = closing[1] == ':' ? closing + 2 : NULL;
    }
  else if (colon != NULL && strchr (colon + 1, ':') == NULL) /* one colon: IPv4 and a port */
    {
      host[colon - text] = '\0';
      port = colon + 1;
    }

  if (port != NULL && !parse_port (port, &address->port))
    return FALSE;
  if (closing == NULL && inet_pton (AF_INET, host, address->ip) == 1)
    address->family = AF_INET;
  else if (inet_pton (AF_INET6, host, address->ip) == 1)
    address->family = AF_INET6;
  return address->family != 0;
}

const char *
vgw_ice_address_ip_to_string (const VgwIceAddress *address, char *text)
{
  if (address->family == 0 || inet_ntop (address->family, address->ip, text, VGW_ICE_ADDRESS_TEXT_MAX) == NULL)
    g_strlcpy (text, "?", VGW_ICE_ADDRESS_TEXT_MAX);
  return text;
}

const char *
vgw_ice_address_to_string (const VgwIceAddress *address, char *text)
{
  char ip[VGW_ICE_ADDRESS_TEXT_MAX];

  vgw_ice_address_ip_to_string (address, ip);
  g_snprintf (text, VGW_ICE_ADDRESS_TEXT_MAX, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, address->port);
  return text;
}

gboolean
vgw_ice_address_is_any (const VgwIceAddress *address)
{
  static const guint8 zero[sizeof address->ip];

  return memcmp (address->ip, zero, sizeof zero) == 0;
}

gboolean
vgw_ice_address_is_loopback (const VgwIceAddress *address)
{
  if (address->family == AF_INET)
    return address->ip[0] == 127; /* RFC 1122 section 3.2.1.3 */
  return IN6_IS_ADDR_LOOPBACK ((const struct in6_addr *) address->ip);
}

gboolean
vgw_ice_address_is_link_local (const VgwIceAddress *address)
{
  if (address->family == AF_INET)
    return address->ip[0] == 169 && address->ip[1] == 254; /* RFC 3927 */
  return IN6_IS_ADDR_LINKLOCAL ((const struct in6_addr *) address->ip);
}

gboolean
vgw_ice_address_equal (const VgwIceAddress *a, const VgwIceAddress *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}

guint
vgw_ice_path_hash (gconstpointer path)
{
  const guint8 *bytes = path;
  guint hash = FNV_OFFSET_BASIS;

  for (gsize i = 0; i < sizeof (VgwIcePath); i++)
    hash = (hash ^ bytes[i]) * FNV_PRIME;
  return hash;
}

gboolean
vgw_ice_path_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (VgwIcePath)) == 0;
}
