/* The check of the DTLS certificate against the offer, which webrtcbin 1.22 does not do (RFC 8122 section 5). */

#include "media/vgw-offer.h"

#include <openssl/pem.h>

#include "base/vgw-error.h"
#include "media/vgw-dtls-certificate.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

/* A fingerprint is that of the DER, so the certificate need not be decoded further: that is 40 times as much work. */
static gboolean
has_fingerprint_of (const VgwOffer *self, const guint8 *certificate, gsize n_bytes)
{
  for (guint i = 0; i < self->fingerprints->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit (g_ptr_array_index (self->fingerprints, i), " ", 2);
      g_autofree char *actual = vgw_dtls_certificate_digest (certificate, n_bytes, parts[0]);
      if (actual != NULL && parts[1] != NULL && g_ascii_strcasecmp (g_strstrip (parts[1]), actual) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
vgw_offer_check_certificate (const VgwOffer *self, const char *pem, GError **error)
{
  g_autoptr (BIO) bio = pem ? BIO_new_mem_buf (pem, -1) : NULL;
  guint8 *certificate = NULL;
  long n_bytes = 0;
  gboolean is_valid = bio != NULL
                      && PEM_bytes_read_bio (&certificate, &n_bytes, NULL, PEM_STRING_X509, bio, NULL, NULL) == 1
                      && has_fingerprint_of (self, certificate, (gsize) n_bytes);

  OPENSSL_free (certificate);
  if (is_valid)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
               "the DTLS certificate does not match a=fingerprint in the offer");
  return FALSE;
}
