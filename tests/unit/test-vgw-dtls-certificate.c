#include "media/vgw-dtls-certificate.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "run-suite.h"

/* The certificate that a dtlssrtpdec presents. (transfer full) */
static X509 *
get_certificate (VgwDtlsCertificate *self)
{
  g_autoptr (GstElement) dtls_dec = gst_object_ref_sink (gst_element_factory_make ("dtlssrtpdec", NULL));
  g_autofree char *pem = NULL;
  BIO *bio;
  X509 *certificate;

  vgw_dtls_certificate_use (self, dtls_dec);
  g_object_get (dtls_dec, "pem", &pem, NULL);
  bio = BIO_new_mem_buf (pem, -1);
  certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  ck_assert_ptr_nonnull (certificate);
  BIO_free_all (bio);
  return certificate;
}

START_TEST (a_certificate_is_ecdsa_with_p256)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwDtlsCertificate) self = vgw_dtls_certificate_new (&error);
  g_autofree char *digest = NULL;
  X509 *certificate;
  EVP_PKEY *key;
  char curve[32];
  guint8 *der = NULL;
  int n_bytes;

  ck_assert_msg (self != NULL, "%s", error != NULL ? error->message : "");
  certificate = get_certificate (self);
  key = X509_get0_pubkey (certificate);
  ck_assert_int_eq (EVP_PKEY_get_group_name (key, curve, sizeof curve, NULL), 1);
  ck_assert_str_eq (curve, "prime256v1");
  ck_assert_int_eq (X509_verify (certificate, key), 1);
  ck_assert_int_lt (X509_cmp_current_time (X509_get0_notBefore (certificate)), 0);
  ck_assert_int_gt (X509_cmp_current_time (X509_get0_notAfter (certificate)), 0);

  n_bytes = i2d_X509 (certificate, &der);
  digest = vgw_dtls_certificate_digest (der, (gsize) n_bytes, "SHA-256");
  ck_assert_str_eq (vgw_dtls_certificate_get_fingerprint (self) + strlen ("sha-256 "), digest);
  ck_assert (g_str_has_prefix (vgw_dtls_certificate_get_fingerprint (self), "sha-256 "));
  OPENSSL_free (der);
  X509_free (certificate);
}
END_TEST

START_TEST (each_has_a_key_of_its_own)
{
  g_autoptr (VgwDtlsCertificate) one = vgw_dtls_certificate_new (NULL);
  g_autoptr (VgwDtlsCertificate) other = vgw_dtls_certificate_new (NULL);
  X509 *one_certificate = get_certificate (one), *other_certificate = get_certificate (other);

  ck_assert_str_ne (vgw_dtls_certificate_get_fingerprint (one), vgw_dtls_certificate_get_fingerprint (other));
  ck_assert_int_ne (EVP_PKEY_eq (X509_get0_pubkey (one_certificate), X509_get0_pubkey (other_certificate)), 1);
  X509_free (one_certificate);
  X509_free (other_certificate);
}
END_TEST

/* RFC 8122 section 5; values of sha256sum and its siblings. */
START_TEST (a_digest_is_in_upper_case_with_colons)
{
  g_autofree char *sha256 = vgw_dtls_certificate_digest ((const guint8 *) "abc", 3, "sha-256");
  g_autofree char *sha512 = vgw_dtls_certificate_digest ((const guint8 *) "abc", 3, "sha-512");

  ck_assert_str_eq (sha256, "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:"
                            "F2:00:15:AD");
  ck_assert (g_str_has_prefix (sha512, "DD:AF:35:A1:93:61:7A:BA:"));
  ck_assert_ptr_null (vgw_dtls_certificate_digest ((const guint8 *) "abc", 3, "sha-1"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dtls-certificate");
  TCase *tcase = tcase_create ("certificate");

  gst_init (NULL, NULL);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_certificate_is_ecdsa_with_p256);
  tcase_add_test (tcase, each_has_a_key_of_its_own);
  tcase_add_test (tcase, a_digest_is_in_upper_case_with_colons);
  suite_add_tcase (suite, tcase);
  return suite;
}
