#include "fuzz.h"

#include <string.h>

#include "access/vgw-token.h"
#include "token-test.h"

#define SECRET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOW_S 1800000000

/* The input is a token, and the claims of a signed one. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const lines[] = { "a: " SECRET, NULL };
  g_autoptr (GHashTable) keys = vgw_token_read_keys (lines, NULL);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *signed_text = forge_token ("{\"alg\":\"HS256\"}", data, size, SECRET, G_CHECKSUM_SHA256);
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
