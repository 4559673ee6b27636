/* The certificate authorities for TLS connections to bots (wss:) and to other nodes (https:). */
#pragma once

#include <gio/gio.h>

/* Whether @url has the scheme wss: or https:, case-insensitive (RFC 3986 section 3.1). */
gboolean vgw_tls_is_wanted (const char *url);

/* The authorities in the PEM file @path. Reads files: not on a thread that serves sockets. Errors: VGW_ERROR_CONFIG,
 * "must be …", for a missing file or one without certificates. Returns: (transfer full) */
GTlsDatabase *vgw_tls_load_authorities (const char *path, GError **error);

/* Those of the system, read at the first call. Returns: (transfer full) */
GTlsDatabase *vgw_tls_get_system_authorities (void);
