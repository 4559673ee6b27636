/* Which pages may open /ws. Browsers send Origin and do not let a page change it; programs need not send it. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* TRUE where a request from @origin (nullable: the header was absent) to @host (nullable: the Host header) may pass:
 * no origin; an origin with the same host and port; one listed in @allowed (nullable) as "https://example.org", or
 * "*" there. "null" is the origin of a sandboxed page and passes only with "*". RFC 6454, RFC 6455 section 10.2. */
gboolean vgw_http_origin_is_allowed (const char *origin, const char *host, const char *const *allowed);

/* TRUE where @allowed names @origin or "*": then its pages may also import the client library from here. */
gboolean vgw_http_origin_is_listed (const char *origin, const char *const *allowed);

G_END_DECLS
