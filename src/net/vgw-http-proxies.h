/* Trusted proxies, and the client's address in the headers that they add. Pure. */
#pragma once

#include <glib.h>

typedef struct _VgwHttpProxies VgwHttpProxies;

/* @list (nullable): addresses and prefixes, "192.0.2.1", "10.0.0.0/8", "fd00::/8"; what is none of that is left out.
 * Returns: (transfer full) */
VgwHttpProxies *vgw_http_proxies_new (const char *const *list);
void vgw_http_proxies_free (VgwHttpProxies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpProxies, vgw_http_proxies_free)

/* Whether @text is an address or a prefix. */
gboolean vgw_http_proxies_is_item (const char *text);

/* Whether @address is that of a proxy. */
gboolean vgw_http_proxies_has (VgwHttpProxies *self, const char *address);

/* The client of a request that came from @peer with the headers X-Forwarded-For and Forwarded (RFC 7239), several lines
 * of them joined by commas, each (nullable). They count where @peer is a proxy: the client is the rightmost hop that is
 * none, since what is left of it can be forged. A hop without an address ends the search at the proxy that named it.
 * NULL where the two headers name different clients: a proxy writes one of them, and the other one is the client's own
 * text. Returns: (transfer full) (nullable) */
char *vgw_http_proxies_find_client (VgwHttpProxies *self, const char *peer, const char *forwarded_for,
                                    const char *forwarded);
