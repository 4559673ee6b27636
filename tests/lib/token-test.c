#include "token-test.h"

#include <string.h>

static char *
to_base64url (gconstpointer data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

char *
forge_token (const char *header, gconstpointer claims, gsize length, const char *secret, GChecksumType hash)
{
  g_autofree char *first = to_base64url (header, strlen (header));
  g_autofree char *second = to_base64url (claims, length);
  g_autofree char *head = g_strconcat (first, ".", second, NULL);
  g_autoptr (GHmac) hmac = g_hmac_new (hash, (const guchar *) secret, strlen (secret));
  guint8 digest[64];
  gsize digest_length = sizeof digest;
  g_autofree char *signature = NULL;

  g_hmac_update (hmac, (const guchar *) head, (gssize) strlen (head));
  g_hmac_get_digest (hmac, digest, &digest_length);
  signature = to_base64url (digest, digest_length);
  return g_strconcat (head, ".", signature, NULL);
}
