/* The check of the DTLS certificate against the offer, which webrtcbin 1.22 does not do (RFC 8122 section 5). */

#include "media/vgw-offer.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/vgw-error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

/* "AB:CD:…" of @certificate's DER. (transfer full) (nullable) */
static char *
format_digest (X509 *certificate, const char *hash_name)
{
  const EVP_MD *hash = g_ascii_strcasecmp (hash_name, "sha-256") == 0   ? EVP_sha256 ()
                       : g_ascii_strcasecmp (hash_name, "sha-384") == 0 ? EVP_sha384 ()
                       : g_ascii_strcasecmp (hash_name, "sha-512") == 0 ? EVP_sha512 ()
                                                                        : NULL;
  guint8 digest[EVP_MAX_MD_SIZE];
  guint length = 0;
  if (hash == NULL || X509_digest (certificate, hash, digest, &length) != 1)
    return NULL;

  GString *text = g_string_sized_new (length * 3);
  for (guint i = 0; i < length; i++)
    g_string_append_printf (text, "%s%02X", i > 0 ? ":" : "", digest[i]);
  return g_string_free (text, FALSE);
}

gboolean
vgw_offer_check_certificate (const VgwOffer *self, const char *pem, GError **error)
{
  g_autoptr (BIO) bio = pem ? BIO_new_mem_buf (pem, -1) : NULL;
  g_autoptr (X509) certificate = bio ? PEM_read_bio_X509 (bio, NULL, NULL, NULL) : NULL;

  for (guint i = 0; certificate != NULL && i < self->fingerprints->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit (g_ptr_array_index (self->fingerprints, i), " ", 2);
      g_autofree char *actual = format_digest (certificate, parts[0]);
      if (actual != NULL && parts[1] != NULL && g_ascii_strcasecmp (g_strstrip (parts[1]), actual) == 0)
        return TRUE;
    }
  g_set_error (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
               "the DTLS certificate does not match a=fingerprint in the offer");
  return FALSE;
}
