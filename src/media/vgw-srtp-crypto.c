#include "media/vgw-srtp-crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <string.h>

#include "base/vgw-error.h"

#define AES_BLOCK_BYTES 16
#define SALT_BYTES (SRTP_AES_ICM_128_KEY_LEN_WSALT - SRTP_AES_128_KEY_LEN)
#define SHA1_BYTES 20

/* --- AES-128 in counter mode (RFC 3711 section 4.1.1) ----------------------------------------------------------- */

typedef struct
{
  srtp_cipher_t base; /* what libsrtp sees; its state is this struct */
  EVP_CIPHER_CTX *context;
  guint8 salt[AES_BLOCK_BYTES]; /* the last two bytes are 0: they count blocks */
} Cipher;

static const srtp_cipher_type_t cipher_type;

static srtp_err_status_t
cipher_free (srtp_cipher_pointer_t base)
{
  Cipher *self = base->state;

  EVP_CIPHER_CTX_free (self->context);
  OPENSSL_cleanse (self, sizeof *self);
  g_free (self);
  return srtp_err_status_ok;
}

static srtp_err_status_t
cipher_new (srtp_cipher_pointer_t *base, int key_len, int tag_len)
{
  Cipher *self;

  if (key_len != SRTP_AES_ICM_128_KEY_LEN_WSALT)
    return srtp_err_status_bad_param;
  self = g_new0 (Cipher, 1);
  self->base =
      (srtp_cipher_t){ .type = &cipher_type, .state = self, .key_len = key_len, .algorithm = SRTP_AES_ICM_128 };
  self->context = EVP_CIPHER_CTX_new ();
  *base = &self->base;
  if (self->context != NULL)
    return srtp_err_status_ok;
  cipher_free (&self->base);
  return srtp_err_status_alloc_fail;
}

/* @key: the key, then the salt. */
static srtp_err_status_t
cipher_init (void *state, const uint8_t *key)
{
  Cipher *self = state;

  memcpy (self->salt, key + SRTP_AES_128_KEY_LEN, SALT_BYTES);
  if (EVP_EncryptInit_ex (self->context, EVP_aes_128_ctr (), NULL, key, self->salt) != 1)
    return srtp_err_status_init_fail;
  return srtp_err_status_ok;
}

static srtp_err_status_t
cipher_set_iv (void *state, uint8_t *iv, srtp_cipher_direction_t direction)
{
  Cipher *self = state;
  guint8 counter[AES_BLOCK_BYTES];

  for (guint i = 0; i < AES_BLOCK_BYTES; i++)
    counter[i] = self->salt[i] ^ iv[i];
  if (EVP_EncryptInit_ex (self->context, NULL, NULL, NULL, counter) != 1)
    return srtp_err_status_init_fail;
  return srtp_err_status_ok;
}

/* Decrypts, too. */
static srtp_err_status_t
cipher_apply (void *state, uint8_t *bytes, unsigned int *n_bytes)
{
  Cipher *self = state;
  int n = 0;

  if (EVP_EncryptUpdate (self->context, bytes, &n, bytes, (int) *n_bytes) != 1)
    return srtp_err_status_cipher_fail;
  *n_bytes = (unsigned int) n;
  return srtp_err_status_ok;
}

/* RFC 3711 appendix B.2 */
static const guint8 cipher_test_key[SRTP_AES_ICM_128_KEY_LEN_WSALT] = {
  0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
  0x3c, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd,
};
static guint8 cipher_test_iv[AES_BLOCK_BYTES];
static const guint8 cipher_test_zeros[3 * AES_BLOCK_BYTES];
static const guint8 cipher_test_keystream[3 * AES_BLOCK_BYTES] = {
  0xe0, 0x3e, 0xad, 0x09, 0x35, 0xc9, 0x5e, 0x80, 0xe1, 0x66, 0xb1, 0x6d, 0xd9, 0x2b, 0x4e, 0xb4,
  0xd2, 0x35, 0x13, 0x16, 0x2b, 0x02, 0xd0, 0xf7, 0x2a, 0x43, 0xa2, 0xfe, 0x4a, 0x5f, 0x97, 0xab,
  0x41, 0xe9, 0x5b, 0x3b, 0xb0, 0xa2, 0xe8, 0xdd, 0x47, 0x79, 0x01, 0xe4, 0xfc, 0xa8, 0x94, 0xc0,
};
static const srtp_cipher_test_case_t cipher_test = {
  .key_length_octets = sizeof cipher_test_key,
  .key = cipher_test_key,
  .idx = cipher_test_iv,
  .plaintext_length_octets = sizeof cipher_test_zeros,
  .plaintext = cipher_test_zeros,
  .ciphertext_length_octets = sizeof cipher_test_keystream,
  .ciphertext = cipher_test_keystream,
};

static const srtp_cipher_type_t cipher_type = {
  .alloc = cipher_new,
  .dealloc = cipher_free,
  .init = cipher_init,
  .encrypt = cipher_apply,
  .decrypt = cipher_apply,
  .set_iv = cipher_set_iv,
  .description = "AES-128 counter mode by OpenSSL",
  .test_data = &cipher_test,
  .id = SRTP_AES_ICM_128,
};

/* --- HMAC-SHA1 (RFC 3711 section 4.2.1) ------------------------------------------------------------------------- */

typedef struct
{
  srtp_auth_t base; /* what libsrtp sees; its state is this struct */
  EVP_MAC_CTX *context;
} Auth;

static const srtp_auth_type_t auth_type;

static srtp_err_status_t
auth_free (srtp_auth_pointer_t base)
{
  Auth *self = base->state;

  EVP_MAC_CTX_free (self->context);
  g_free (self);
  return srtp_err_status_ok;
}

static srtp_err_status_t
auth_new (srtp_auth_pointer_t *base, int key_len, int tag_len)
{
  EVP_MAC *hmac;
  Auth *self;

  if (key_len > SHA1_BYTES || tag_len > SHA1_BYTES)
    return srtp_err_status_bad_param;
  self = g_new0 (Auth, 1);
  self->base = (srtp_auth_t){ .type = &auth_type, .state = self, .key_len = key_len, .out_len = tag_len };
  hmac = EVP_MAC_fetch (NULL, OSSL_MAC_NAME_HMAC, NULL);
  self->context = hmac != NULL ? EVP_MAC_CTX_new (hmac) : NULL;
  EVP_MAC_free (hmac); /* the context has a reference */
  *base = &self->base;
  if (self->context != NULL)
    return srtp_err_status_ok;
  auth_free (&self->base);
  return srtp_err_status_alloc_fail;
}

static srtp_err_status_t
auth_init (void *state, const uint8_t *key, int key_len)
{
  Auth *self = state;
  const OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, (char *) "SHA1", 0),
    OSSL_PARAM_construct_end (),
  };

  if (EVP_MAC_init (self->context, key, (size_t) key_len, parameters) != 1)
    return srtp_err_status_init_fail;
  return srtp_err_status_ok;
}

/* With the same key. */
static srtp_err_status_t
auth_start (void *state)
{
  Auth *self = state;

  return EVP_MAC_init (self->context, NULL, 0, NULL) == 1 ? srtp_err_status_ok : srtp_err_status_auth_fail;
}

static srtp_err_status_t
auth_update (void *state, const uint8_t *bytes, int n_bytes)
{
  Auth *self = state;

  return EVP_MAC_update (self->context, bytes, (size_t) n_bytes) == 1 ? srtp_err_status_ok : srtp_err_status_auth_fail;
}

static srtp_err_status_t
auth_compute (void *state, const uint8_t *bytes, int n_bytes, int tag_len, uint8_t *tag)
{
  Auth *self = state;
  guint8 whole[SHA1_BYTES];
  size_t n = 0;

  if (tag_len > SHA1_BYTES)
    return srtp_err_status_bad_param;
  if (auth_update (state, bytes, n_bytes) != srtp_err_status_ok
      || EVP_MAC_final (self->context, whole, &n, sizeof whole) != 1)
    return srtp_err_status_auth_fail;
  memcpy (tag, whole, (size_t) tag_len);
  return srtp_err_status_ok;
}

/* RFC 2202 section 3, test case 1 */
static const guint8 auth_test_key[SHA1_BYTES] = {
  0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
  0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
};
static const guint8 auth_test_data[] = { 'H', 'i', ' ', 'T', 'h', 'e', 'r', 'e' };
static const guint8 auth_test_tag[SHA1_BYTES] = {
  0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b,
  0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00,
};
static const srtp_auth_test_case_t auth_test = {
  .key_length_octets = sizeof auth_test_key,
  .key = auth_test_key,
  .data_length_octets = sizeof auth_test_data,
  .data = auth_test_data,
  .tag_length_octets = sizeof auth_test_tag,
  .tag = auth_test_tag,
};

static const srtp_auth_type_t auth_type = {
  .alloc = auth_new,
  .dealloc = auth_free,
  .init = auth_init,
  .compute = auth_compute,
  .update = auth_update,
  .start = auth_start,
  .description = "HMAC-SHA1 by OpenSSL",
  .test_data = &auth_test,
  .id = SRTP_HMAC_SHA1,
};

/* ---------------------------------------------------------------------------------------------------------------- */

/* It needs both, and whatever else srtp_init () is there for. */
static srtp_err_status_t
try_session (void)
{
  guint8 key[SRTP_MASTER_KEY_LEN] = { 0 };
  srtp_policy_t policy = { .ssrc = { .type = ssrc_any_outbound }, .key = key };
  srtp_err_status_t status;
  srtp_t session;

  srtp_crypto_policy_set_rtp_default (&policy.rtp);
  srtp_crypto_policy_set_rtcp_default (&policy.rtcp);
  status = srtp_create (&session, &policy);
  if (status == srtp_err_status_ok)
    srtp_dealloc (session);
  return status;
}

gboolean
vgw_srtp_crypto_use (GError **error)
{
  static gboolean is_used; /* not again beside sessions */
  srtp_err_status_t status;

  if (is_used)
    return TRUE;
  srtp_init (); /* fails where GStreamer has called it before, as GStreamer's own does after this one */
  status = srtp_replace_cipher_type (&cipher_type, SRTP_AES_ICM_128);
  if (status == srtp_err_status_ok)
    status = srtp_replace_auth_type (&auth_type, SRTP_HMAC_SHA1);
  if (status == srtp_err_status_ok)
    status = try_session ();
  is_used = status == srtp_err_status_ok;
  if (!is_used)
    g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "libsrtp does not take OpenSSL's cipher: error %d",
                 (int) status);
  return is_used;
}
