/* The DTLS certificate of the process: ECDSA with P-256, which is 14 times cheaper to sign with than GStreamer's own
 * RSA-2048, created at start. */
#pragma once

#include <gst/gst.h>

typedef struct _VgwDtlsCertificate VgwDtlsCertificate;

/* Also prepares GStreamer's DTLS for it. Errors: VGW_ERROR_INTERNAL. Main thread. Returns: (transfer full) */
VgwDtlsCertificate *vgw_dtls_certificate_new (GError **error);

/* After the last element that uses it. */
void vgw_dtls_certificate_free (VgwDtlsCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDtlsCertificate, vgw_dtls_certificate_free)

/* Makes @dtls_dec, a dtlssrtpdec in the state NULL, use it. webrtcbin then writes a wrong a=fingerprint. Any thread. */
void vgw_dtls_certificate_use (const VgwDtlsCertificate *self, GstElement *dtls_dec);

/* The value of a=fingerprint, "sha-256 AB:CD:…" (RFC 8122 section 5). (transfer none) */
const char *vgw_dtls_certificate_get_fingerprint (const VgwDtlsCertificate *self);

/* "AB:CD:…" of a certificate, DER; NULL for another @hash_name than sha-256, sha-384 or sha-512 (in any case). Any
 * thread. (transfer full) (nullable) */
char *vgw_dtls_certificate_digest (const guint8 *der, gsize n_bytes, const char *hash_name);
