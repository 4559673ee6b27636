/* Where TLS towards a bot (wss:) gets its authorities from. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether @url asks for TLS: a scheme is the same in capitals (RFC 3986 section 3.1). */
gboolean vgw_tls_is_wanted (const char *url);

/* The authorities whose certificates are in the file @path, PEM. Reads files: not on a thread that serves sockets.
 * Errors: VGW_ERROR_CONFIG, "must be …", for a file that is missing, or is none of certificates. Returns: (transfer
 * full) */
GTlsDatabase *vgw_tls_load_authorities (const char *path, GError **error);

/* Those of the machine, which are read the first time. Returns: (transfer full) */
GTlsDatabase *vgw_tls_get_system_authorities (void);

G_END_DECLS
