/* The check of the Origin header. Browsers send it, and pages cannot change it; programs need not send it. Pure. */
#pragma once

#include <glib.h>

/* TRUE where a request from @origin (nullable: no such header) to @host (nullable: the Host header) is allowed: no
 * origin; an origin with the same host and port; one listed in @allowed (nullable) as "https://example.org", or "*"
 * there. "null" is the origin of a sandboxed page. RFC 6454, RFC 6455 section 10.2. */
gboolean vgw_http_origin_is_allowed (const char *origin, const char *host, const char *const *allowed);

/* Whether @host, the value of a Host header (nullable), is an IP address or "localhost", with or without a port: none
 * that the owner of a foreign web page can have resolved to this machine (DNS rebinding). */
gboolean vgw_http_host_is_local (const char *host);

/* TRUE where @allowed lists @origin or "*": then its pages may also import the client library. */
gboolean vgw_http_origin_is_listed (const char *origin, const char *const *allowed);
