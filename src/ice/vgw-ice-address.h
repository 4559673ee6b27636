/* An IP address with its port, and the pair of addresses of a packet; both can be hash keys. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

#define VGW_ICE_ADDRESS_TEXT_MAX 64 /* "[" IPv6 with scope "]:65535", terminated */

/* Without padding, unused bytes are zero: equal addresses are equal bytes. */
typedef struct
{
  guint8 family;    /* AF_INET or AF_INET6; 0: no address */
  guint8 protocol;  /* IPPROTO_TCP for a connection, 0 for UDP */
  guint16 port;     /* host order; 0: none given */
  guint32 scope_id; /* IPv6 link-local only, else 0 */
  guint8 ip[16];    /* network order; IPv4 uses the first four bytes */
} VgwIceAddress;

/* @remote sent to @local, or will be sent to from it. */
typedef struct
{
  VgwIceAddress remote;
  VgwIceAddress local;
} VgwIcePath;

/* FALSE where @socket_address is neither IPv4 nor IPv6; @address is then all zero. */
gboolean vgw_ice_address_from_sockaddr (VgwIceAddress *address, const struct sockaddr *socket_address);

/* Fills @storage; returns the length of the address. */
socklen_t vgw_ice_address_to_sockaddr (const VgwIceAddress *address, struct sockaddr_storage *storage);

/* Parses "192.0.2.1", "192.0.2.1:5000", "2001:db8::1" or "[2001:db8::1]:5000". FALSE for anything else. */
gboolean vgw_ice_address_parse (VgwIceAddress *address, const char *text);

/* The address alone, or with its port, into @text of VGW_ICE_ADDRESS_TEXT_MAX bytes. Returns @text. */
const char *vgw_ice_address_ip_to_string (const VgwIceAddress *address, char *text);
const char *vgw_ice_address_to_string (const VgwIceAddress *address, char *text);

gboolean vgw_ice_address_is_any (const VgwIceAddress *address);
gboolean vgw_ice_address_is_loopback (const VgwIceAddress *address);
gboolean vgw_ice_address_is_link_local (const VgwIceAddress *address);

gboolean vgw_ice_address_equal (const VgwIceAddress *a, const VgwIceAddress *b);

/* For GHashTable, over const VgwIcePath *. */
guint vgw_ice_path_hash (gconstpointer path);
gboolean vgw_ice_path_equal (gconstpointer a, gconstpointer b);
