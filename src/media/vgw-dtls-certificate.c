#include "media/vgw-dtls-certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/vgw-error.h"
#include "base/vgw-random.h"

#define CURVE "P-256" /* every WebRTC client has it (RFC 8827 section 6.5) */
#define HASH "sha-256"
#define NAME_BYTES 9
#define DAY_S (24L * 60 * 60)
#define VALID_BEFORE_S DAY_S /* for a client whose clock is late */
/* The gateway may run for years with it. Clients compare the fingerprint; the dates are not theirs to check. */
#define VALID_S (10 * 365 * DAY_S)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

struct _VgwDtlsCertificate
{
  char *pem; /* the certificate and its key */
  char *fingerprint;
  GstElement *keeper; /* GStreamer keeps its TLS context only as long as an element uses it */
};

char *
vgw_dtls_certificate_digest (const guint8 *der, gsize n_bytes, const char *hash_name)
{
  const EVP_MD *hash = g_ascii_strcasecmp (hash_name, "sha-256") == 0   ? EVP_sha256 ()
                       : g_ascii_strcasecmp (hash_name, "sha-384") == 0 ? EVP_sha384 ()
                       : g_ascii_strcasecmp (hash_name, "sha-512") == 0 ? EVP_sha512 ()
                                                                        : NULL;
  guint8 digest[EVP_MAX_MD_SIZE];
  guint length = 0;
  if (hash == NULL || EVP_Digest (der, n_bytes, digest, &length, hash, NULL) != 1)
    return NULL;

  GString *text = g_string_sized_new (length * 3);
  for (guint i = 0; i < length; i++)
    g_string_append_printf (text, "%s%02X", i > 0 ? ":" : "", digest[i]);
  return g_string_free (text, FALSE);
}

/* Self-signed, with a random name, as browsers do. (transfer full) (nullable) */
static X509 *
make_certificate (EVP_PKEY *key)
{
  g_autoptr (X509) certificate = X509_new ();
  X509_NAME *name = certificate != NULL ? X509_get_subject_name (certificate) : NULL;
  g_autofree char *common_name = vgw_random_base64 (NAME_BYTES);
  guint32 serial;

  vgw_random_bytes ((guint8 *) &serial, sizeof serial);
  if (name != NULL && X509_set_version (certificate, X509_VERSION_3)
      && ASN1_INTEGER_set_uint64 (X509_get_serialNumber (certificate), serial)
      && X509_gmtime_adj (X509_getm_notBefore (certificate), -VALID_BEFORE_S) != NULL
      && X509_gmtime_adj (X509_getm_notAfter (certificate), VALID_S) != NULL
      && X509_NAME_add_entry_by_NID (name, NID_commonName, MBSTRING_ASC, (const guchar *) common_name, -1, -1, 0)
      && X509_set_issuer_name (certificate, name) && X509_set_pubkey (certificate, key)
      && X509_sign (certificate, key, EVP_sha256 ()) != 0)
    return g_steal_pointer (&certificate);
  return NULL;
}

/* (transfer full) (nullable) */
static char *
write_pem (X509 *certificate, EVP_PKEY *key)
{
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  char *text;
  long length;

  if (bio == NULL || !PEM_write_bio_X509 (bio, certificate)
      || !PEM_write_bio_PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL))
    return NULL;
  length = BIO_get_mem_data (bio, &text);
  return g_strndup (text, (gsize) length);
}

/* (transfer full) (nullable) */
static char *
write_fingerprint (X509 *certificate)
{
  guint8 *der = NULL;
  int n_bytes = i2d_X509 (certificate, &der);
  g_autofree char *digest = n_bytes > 0 ? vgw_dtls_certificate_digest (der, (gsize) n_bytes, HASH) : NULL;

  OPENSSL_free (der);
  return digest != NULL ? g_strconcat (HASH " ", digest, NULL) : NULL;
}

VgwDtlsCertificate *
vgw_dtls_certificate_new (GError **error)
{
  g_autoptr (VgwDtlsCertificate) self = g_new0 (VgwDtlsCertificate, 1);
  g_autoptr (EVP_PKEY) key = EVP_EC_gen (CURVE);
  g_autoptr (X509) certificate = key != NULL ? make_certificate (key) : NULL;

  if (certificate != NULL)
    {
      self->pem = write_pem (certificate, key);
      self->fingerprint = write_fingerprint (certificate);
    }
  if (self->pem == NULL || self->fingerprint == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "OpenSSL could not create a DTLS certificate");
      return NULL;
    }
  /* The first element also creates the RSA key of the plugin, which takes some 170 ms: not during the first call. */
  self->keeper = gst_object_ref_sink (gst_element_factory_make ("dtlsdec", NULL));
  vgw_dtls_certificate_use (self, self->keeper);
  return g_steal_pointer (&self);
}

void
vgw_dtls_certificate_free (VgwDtlsCertificate *self)
{
  gst_clear_object (&self->keeper);
  g_free (self->fingerprint);
  g_free (self->pem);
  g_free (self);
}

void
vgw_dtls_certificate_use (const VgwDtlsCertificate *self, GstElement *dtls_dec)
{
  g_object_set (dtls_dec, "pem", self->pem, NULL);
}

const char *
vgw_dtls_certificate_get_fingerprint (const VgwDtlsCertificate *self)
{
  return self->fingerprint;
}
