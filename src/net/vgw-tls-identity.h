/* The certificate and the private key of a TLS listener. */
#pragma once

#include <glib.h>

typedef struct _VgwTlsIdentity VgwTlsIdentity;

/* Reads both PEM files; the certificate may be followed by those of intermediate authorities. Blocks: at the start, or
 * on a thread for it. Errors: VGW_ERROR_CONFIG, with the path in the message: a file that cannot be read, a key with a
 * passphrase or of another certificate, a certificate that has expired or is not valid yet. Returns: (transfer full) */
VgwTlsIdentity *vgw_tls_identity_new (const char *certificate_path, const char *key_path, GError **error);

/* Any thread. */
VgwTlsIdentity *vgw_tls_identity_ref (VgwTlsIdentity *self);
void vgw_tls_identity_unref (VgwTlsIdentity *self); /* @self (nullable) */

/* Whether both have the same certificate. */
gboolean vgw_tls_identity_equal (VgwTlsIdentity *self, VgwTlsIdentity *other);

/* The end of the certificate's validity, in seconds since 1970. */
gint64 vgw_tls_identity_get_expiry_s (VgwTlsIdentity *self);

/* The same for a person, to the minute. Returns: (transfer full) */
char *vgw_tls_identity_get_expiry_text (VgwTlsIdentity *self);

/* The SSL_CTX of a server, TLS 1.2 or later. (transfer none) */
struct ssl_ctx_st *vgw_tls_identity_get_context (VgwTlsIdentity *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwTlsIdentity, vgw_tls_identity_unref)
