#include "net/vgw-tls-identity.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <time.h>

#include "base/vgw-error.h"

struct _VgwTlsIdentity
{
  SSL_CTX *context;
};

/* Reads nothing from the terminal, as OpenSSL does by default. */
static int
refuse_passphrase (char *buffer, int size, int is_writing, void *user_data)
{
  return -1;
}

/* Sets @error to "PATH: TEXT: REASON" with the reason of OpenSSL, where it has one. Returns FALSE. */
static gboolean
fail (GError **error, const char *path, const char *text)
{
  unsigned long code = ERR_peek_error ();
  const char *reason = ERR_SYSTEM_ERROR (code) ? g_strerror (ERR_GET_REASON (code)) : ERR_reason_error_string (code);

  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s%s", path, text, reason != NULL ? ": " : "",
               reason != NULL ? reason : "");
  ERR_clear_error ();
  return FALSE;
}

/* (transfer full) */
static char *
time_to_text (const ASN1_TIME *time)
{
  g_autoptr (GDateTime) date = NULL;
  struct tm parts;

  if (ASN1_TIME_to_tm (time, &parts) == 1)
    date = g_date_time_new_from_unix_utc (timegm (&parts));
  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M UTC") : g_strdup ("an unknown time");
}

static gboolean
check_validity (const X509 *certificate, const char *path, GError **error)
{
  const ASN1_TIME *begin = X509_get0_notBefore (certificate), *end = X509_get0_notAfter (certificate);
  gboolean is_early = X509_cmp_current_time (begin) > 0;
  g_autofree char *text = time_to_text (is_early ? begin : end);

  if (!is_early && X509_cmp_current_time (end) > 0)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: the certificate %s %s", path,
               is_early ? "is not valid before" : "expired at", text);
  return FALSE;
}

static gboolean
load (SSL_CTX *context, const char *certificate_path, const char *key_path, GError **error)
{
  ERR_clear_error ();
  SSL_CTX_set_default_passwd_cb (context, refuse_passphrase);
  if (SSL_CTX_use_certificate_chain_file (context, certificate_path) != 1)
    return fail (error, certificate_path, "must be a certificate in PEM");
  if (!check_validity (SSL_CTX_get0_certificate (context), certificate_path, error))
    return FALSE;
  if (SSL_CTX_use_PrivateKey_file (context, key_path, SSL_FILETYPE_PEM) == 1)
    return TRUE;
  return ERR_GET_LIB (ERR_peek_error ()) == ERR_LIB_X509
             ? fail (error, key_path, "is not the private key of the certificate")
             : fail (error, key_path, "must be a private key in PEM without a passphrase");
}

VgwTlsIdentity *
vgw_tls_identity_new (const char *certificate_path, const char *key_path, GError **error)
{
  g_autoptr (VgwTlsIdentity) self = g_atomic_rc_box_new0 (VgwTlsIdentity);

  self->context = SSL_CTX_new (TLS_server_method ());
  if (self->context == NULL)
    {
      fail (error, certificate_path, "OpenSSL cannot be initialised");
      return NULL;
    }
  SSL_CTX_set_min_proto_version (self->context, TLS1_2_VERSION);
  SSL_CTX_set_options (self->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (self->context,
                    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  /* each call returns after one record without data, such as a key update: a client can send them without end */
  SSL_CTX_clear_mode (self->context, SSL_MODE_AUTO_RETRY);
  /* sessions are resumed with tickets, which need no memory here */
  SSL_CTX_set_session_cache_mode (self->context, SSL_SESS_CACHE_OFF);
  return load (self->context, certificate_path, key_path, error) ? g_steal_pointer (&self) : NULL;
}

VgwTlsIdentity *
vgw_tls_identity_ref (VgwTlsIdentity *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
identity_clear (gpointer data)
{
  VgwTlsIdentity *self = data;

  SSL_CTX_free (self->context);
}

void
vgw_tls_identity_unref (VgwTlsIdentity *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, identity_clear);
}

gboolean
vgw_tls_identity_equal (VgwTlsIdentity *self, VgwTlsIdentity *other)
{
  return X509_cmp (SSL_CTX_get0_certificate (self->context), SSL_CTX_get0_certificate (other->context)) == 0;
}

gint64
vgw_tls_identity_get_expiry_s (VgwTlsIdentity *self)
{
  struct tm parts;

  return ASN1_TIME_to_tm (X509_get0_notAfter (SSL_CTX_get0_certificate (self->context)), &parts) == 1 ? timegm (&parts)
                                                                                                      : 0;
}

struct ssl_ctx_st *
vgw_tls_identity_get_context (VgwTlsIdentity *self)
{
  return self->context;
}

char *
vgw_tls_identity_get_expiry_text (VgwTlsIdentity *self)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (vgw_tls_identity_get_expiry_s (self));

  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}
