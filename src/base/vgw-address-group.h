/* The client that an IP address belongs to, for limits per client. Pure. Any thread. */
#pragma once

#include <glib.h>

/* An IPv4 address unchanged; for an IPv6 address its /64, "2001:db8:0:1::/64", which belongs to one customer. Any other
 * text is returned unchanged, NULL as "". Returns: (transfer full) */
char *vgw_address_group (const char *address);

/* Whether @address (nullable) is a loopback address: a proxy on this machine forwards many callers, so that limits per
 * client do not apply. */
gboolean vgw_address_is_loopback (const char *address);
