#include "fuzz.h"

#include <string.h>

#include "access/vgw-token.h"

#define SECRET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOW_S 1800000000

static char *
to_base64url (const guint8 *data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/* @claims as a token with a good signature, so that they are read. (transfer full) */
static char *
sign (const uint8_t *claims, size_t size)
{
  g_autofree char *body = to_base64url (claims, size);
  g_autofree char *head = g_strconcat ("eyJhbGciOiJIUzI1NiJ9.", body, NULL); /* {"alg":"HS256"} */
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET));
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *signature = NULL;

  g_hmac_update (hmac, (const guchar *) head, (gssize) strlen (head));
  g_hmac_get_digest (hmac, digest, &length);
  signature = to_base64url (digest, length);
  return g_strconcat (head, ".", signature, NULL);
}

/* The input is a token, and the claims of a signed one. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const lines[] = { "a: " SECRET, NULL };
  g_autoptr (GHashTable) keys = vgw_token_read_keys (lines, NULL);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *signed_text = sign (data, size);
  const char *const texts[] = { text, signed_text };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VgwToken) token = vgw_token_verify (texts[i], keys, "voice-gateway", NOW_S, &error);

      g_assert ((token == NULL) == (error != NULL));
      g_assert (token == NULL || strlen (texts[i]) <= VGW_TOKEN_MAX_BYTES);
      g_assert (token == NULL || token->identity == NULL || g_utf8_validate (token->identity, -1, NULL));
      g_assert (error == NULL || g_utf8_validate (error->message, -1, NULL));
    }
  return 0;
}
