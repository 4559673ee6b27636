/* Whom an IP address stands for, where something is bounded for each client. Pure. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "192.0.2.1" as it is; of an IPv6 address the /64 that one customer has: "2001:db8:0:1::/64". Any other text, NULL for
 * "", is itself. Returns: (transfer full) */
char *vgw_address_group (const char *address);

/* Whether it is this machine: a proxy, behind which there are all callers. They are not bounded as one client. */
gboolean vgw_address_is_loopback (const char *address);

G_END_DECLS
