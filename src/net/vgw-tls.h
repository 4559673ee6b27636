/* TLS towards a bot (wss:). Its certificate is always verified: against the authorities of the system, or those of the
 * engine's tls-ca in their place. What goes wrong is told in words. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether @url asks for TLS: a scheme is the same in capitals (RFC 3986 section 3.1). */
gboolean vgw_tls_is_wanted (const char *url);

/* The authorities whose certificates are in the file @path, PEM. Reads files: not on the engine thread. Errors:
 * VGW_ERROR_CONFIG, "must be …", for a file that is missing, or is none of certificates. Returns: (transfer full) */
GTlsDatabase *vgw_tls_load_authorities (const char *path, GError **error);

/* Those of the machine, which are read the first time. Returns: (transfer full) */
GTlsDatabase *vgw_tls_get_system_authorities (void);

/* Makes @tcp a secure connection to a server whose certificate is for @address, signed by one of @authorities
 * (nullable: those of the system). @tcp is the handshake's until @callback, and is closed where it fails. A bot may
 * never answer: @cancellable has to end it then, for GLib keeps a thread waiting. Engine thread. */
void vgw_tls_handshake_async (GSocketConnection *tcp, GNetworkAddress *address, GTlsDatabase *authorities,
                              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* Errors: VGW_ERROR_ENGINE, for people. Returns: (transfer full) */
GSocketConnection *vgw_tls_handshake_finish (GAsyncResult *result, GError **error);

G_END_DECLS
