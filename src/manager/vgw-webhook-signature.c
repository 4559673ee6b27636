#include "manager/vgw-webhook-signature.h"

#include <string.h>

#include "base/vgw-error.h"

#define PREFIX "whsec_"
#define SHA256_BYTES 32
#define BASE64_ALPHABET G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/"

/* Decoders of base64 ignore what does not belong to it; here it is an error, such as a secret cut short. */
static gboolean
is_base64 (const char *text)
{
  gsize n = strspn (text, BASE64_ALPHABET), n_padding = strspn (text + n, "=");

  return text[n + n_padding] == '\0' && n_padding <= 2 && (n + n_padding) % 4 == 0;
}

GBytes *
vgw_webhook_secret_parse (const char *text, GError **error)
{
  const char *encoded = g_str_has_prefix (text, PREFIX) ? text + strlen (PREFIX) : "";
  gsize length = 0;
  guint8 *secret = is_base64 (encoded) && *encoded != '\0' ? g_base64_decode (encoded, &length) : NULL;

  if (length >= VGW_WEBHOOK_MIN_SECRET_BYTES && length <= VGW_WEBHOOK_MAX_SECRET_BYTES)
    return g_bytes_new_take (secret, length);
  g_free (secret);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
               "must be %s and %d to %d bytes in base64, such as from "
               "echo \"%s$(openssl rand -base64 32)\"",
               PREFIX, VGW_WEBHOOK_MIN_SECRET_BYTES, VGW_WEBHOOK_MAX_SECRET_BYTES, PREFIX);
  return NULL;
}

static void
append_signature (GString *out, GBytes *secret, const char *head, GBytes *body)
{
  gsize key_length, body_length, length = SHA256_BYTES;
  const guint8 *key = g_bytes_get_data (secret, &key_length), *data = g_bytes_get_data (body, &body_length);
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  guint8 digest[SHA256_BYTES];
  g_autofree char *text = NULL;

  g_hmac_update (hmac, (const guchar *) head, (gssize) strlen (head));
  g_hmac_update (hmac, data, (gssize) body_length);
  g_hmac_get_digest (hmac, digest, &length);
  text = g_base64_encode (digest, length);
  g_string_append_printf (out, "%sv1,%s", out->len > 0 ? " " : "", text);
}

char *
vgw_webhook_sign (GPtrArray *secrets, const char *id, gint64 timestamp_s, GBytes *body)
{
  g_autofree char *head = g_strdup_printf ("%s.%" G_GINT64_FORMAT ".", id, timestamp_s);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < secrets->len; i++)
    append_signature (out, g_ptr_array_index (secrets, i), head, body);
  return g_string_free (out, FALSE);
}
