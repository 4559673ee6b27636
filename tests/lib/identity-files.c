#include "identity-files.h"

#include <check.h>
#include <glib.h>
#include <openssl/pem.h>
#include <string.h>

void
write_identity (const char *directory, const char *name, EVP_PKEY *key, long begin_s, long end_s,
                const char *passphrase)
{
  g_autofree char *certificate_path = g_strdup_printf ("%s/%s.pem", directory, name);
  g_autofree char *key_path = g_strdup_printf ("%s/%s.key", directory, name);
  X509 *certificate = X509_new ();
  FILE *file;

  ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), begin_s);
  X509_gmtime_adj (X509_getm_notAfter (certificate), end_s);
  X509_set_pubkey (certificate, key);
  ck_assert_int_gt (X509_sign (certificate, key, EVP_sha256 ()), 0);
  file = fopen (certificate_path, "w");
  ck_assert_int_eq (PEM_write_X509 (file, certificate), 1);
  fclose (file);
  file = fopen (key_path, "w");
  ck_assert_int_eq (PEM_write_PrivateKey (file, key, passphrase != NULL ? EVP_aes_128_cbc () : NULL,
                                          (const guchar *) passphrase,
                                          passphrase != NULL ? (int) strlen (passphrase) : 0, NULL, NULL),
                    1);
  fclose (file);
  X509_free (certificate);
  EVP_PKEY_free (key);
}
