#include "access/vgw-token.h"

#include <jwt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-base64url.h"
#include "base/vgw-error.h"
#include "base/vgw-json.h"

#define N_PARTS 3 /* header, claims, signature: RFC 7515 section 7.1 */
#define BASE64URL G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"
#define ALGORITHM "HS256"
#define SIGNATURE_BYTES 32
#define CLOCK_SKEW_S 10
#define MIN_SECRET_BYTES 32
#define MAX_SECRET_BYTES 512
#define MAX_KEY_ID_BYTES 64
#define MAX_IDENTITY_BYTES 256
#define MAX_ENGINES 100
#define MAX_ENGINE_BYTES 64
#define MAX_METADATA_BYTES 4096
#define MAX_DURATION_S (365 * 24 * 3600)

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (VGW_ERROR, VGW_ERROR_UNAUTHORIZED, format, args);
  va_end (args);
  return FALSE;
}

VgwToken *
vgw_token_copy (const VgwToken *token)
{
  VgwToken *copy = g_new (VgwToken, 1);

  *copy = (VgwToken){
    .identity = g_strdup (token->identity),
    .engines = g_strdupv (token->engines),
    .max_duration_s = token->max_duration_s,
    .metadata = g_strdup (token->metadata),
    .expires_at_s = token->expires_at_s,
  };
  return copy;
}

void
vgw_token_free (VgwToken *token)
{
  if (token == NULL)
    return;
  g_free (token->identity);
  g_strfreev (token->engines);
  g_free (token->metadata);
  g_free (token);
}

/* --- keys --- */

static gboolean
is_key_id (const char *text)
{
  return *text != '\0' && strlen (text) <= MAX_KEY_ID_BYTES
         && strspn (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == strlen (text);
}

static gboolean
is_secret (const char *text)
{
  gsize length = strlen (text);

  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isgraph (*at))
      return FALSE;
  return length >= MIN_SECRET_BYTES && length <= MAX_SECRET_BYTES;
}

GHashTable *
vgw_token_read_keys (const char *const *lines, GError **error)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (; lines != NULL && *lines != NULL; lines++)
    {
      const char *colon = strchr (*lines, ':');
      g_autofree char *id = g_strstrip (g_strndup (*lines, colon != NULL ? colon - *lines : 0));
      g_autofree char *secret = g_strstrip (g_strdup (colon != NULL ? colon + 1 : ""));

      if (!is_key_id (id) || !is_secret (secret))
        {
          g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
                       "must be lines KEYID: SECRET, with an id of letters, digits, '.', '_' and '-' and a secret of "
                       "%d to %d characters without space",
                       MIN_SECRET_BYTES, MAX_SECRET_BYTES);
          return NULL;
        }
      if (!g_hash_table_insert (keys, g_strdup (id), g_steal_pointer (&secret)))
        {
          g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must have one line for each key; \"%s\" has two", id);
          return NULL;
        }
    }
  return g_steal_pointer (&keys);
}

/* --- claims --- */

/* The member @name where it is a string, else NULL; names are case-sensitive. (transfer none) */
static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

/* The member @name where it is a number, in seconds, else -1. RFC 7519 section 2, NumericDate: fractions are allowed.
 * */
static double
get_time_s (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  double time_s = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double (node) : -1;

  return time_s >= 0 && time_s <= G_MAXINT32 * 1000.0 ? time_s : -1;
}

static gboolean
check_times (JsonObject *claims, gint64 now_s, GError **error)
{
  if (get_time_s (claims, "exp") < 0)
    return refuse (error, "the token's \"exp\" is missing or not valid");
  if (get_time_s (claims, "exp") + CLOCK_SKEW_S <= now_s)
    return refuse (error, "the token has expired");
  if (!json_object_has_member (claims, "nbf"))
    return TRUE;
  if (get_time_s (claims, "nbf") < 0)
    return refuse (error, "the token's \"nbf\" is not a time");
  return get_time_s (claims, "nbf") - CLOCK_SKEW_S <= now_s || refuse (error, "the token is not valid yet");
}

/* RFC 7519 section 4.1.3: a text, or a list of them. */
static gboolean
check_audience (JsonObject *claims, const char *audience, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "aud");
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (node == NULL)
    return refuse (error, "the token has no \"aud\"");
  if (g_strcmp0 (get_string (claims, "aud"), audience) == 0)
    return TRUE;
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonNode *item = json_array_get_element (list, i);

      if (JSON_NODE_HOLDS_VALUE (item) && g_strcmp0 (json_node_get_string (item), audience) == 0)
        return TRUE;
    }
  return refuse (error, "the token is for another audience");
}

static gboolean
read_engines (VgwToken *token, JsonNode *node, GError **error)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (list == NULL || json_array_get_length (list) > MAX_ENGINES)
    return refuse (error, "the token's \"voice.engines\" is not a list of names");
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *item = json_array_get_element (list, i);
      const char *name = JSON_NODE_HOLDS_VALUE (item) ? json_node_get_string (item) : NULL;

      if (name == NULL || strlen (name) > MAX_ENGINE_BYTES)
        return refuse (error, "the token's \"voice.engines\" is not a list of names");
      g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);
  token->engines = (char **) g_ptr_array_steal (names, NULL);
  return TRUE;
}

static gboolean
read_duration (VgwToken *token, JsonNode *node, GError **error)
{
  gboolean is_integer = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
  gint64 duration_s = is_integer ? json_node_get_int (node) : 0;

  if (duration_s < 1 || duration_s > MAX_DURATION_S)
    return refuse (error, "the token's \"voice.max_duration_s\" is not a whole number of seconds from 1 to %d",
                   MAX_DURATION_S);
  token->max_duration_s = (guint) duration_s;
  return TRUE;
}

static gboolean
read_metadata (VgwToken *token, JsonNode *node, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse (error, "the token's \"voice.metadata\" is not an object");
  token->metadata = vgw_json_to_text (node);
  return strlen (token->metadata) <= MAX_METADATA_BYTES
         || refuse (error, "the token's \"voice.metadata\" has more than %d bytes", MAX_METADATA_BYTES);
}

/* The claim `voice`; what is not known in it is ignored. */
static gboolean
read_grant (VgwToken *token, JsonObject *claims, GError **error)
{
  static const struct
  {
    const char *name;
    gboolean (*read) (VgwToken *token, JsonNode *node, GError **error);
  } members[] = { { "engines", read_engines }, { "max_duration_s", read_duration }, { "metadata", read_metadata } };
  JsonNode *voice = json_object_get_member (claims, "voice");

  if (voice == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (voice))
    return refuse (error, "the token's \"voice\" is not an object");
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *node = json_object_get_member (json_node_get_object (voice), members[i].name);

      if (node != NULL && !members[i].read (token, node, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_identity (VgwToken *token, JsonObject *claims, GError **error)
{
  const char *identity = get_string (claims, "sub");

  if (!json_object_has_member (claims, "sub"))
    return TRUE;
  if (identity == NULL || *identity == '\0' || strlen (identity) > MAX_IDENTITY_BYTES)
    return refuse (error, "the token's \"sub\" is not a string of 1 to %d bytes", MAX_IDENTITY_BYTES);
  token->identity = g_strdup (identity);
  return TRUE;
}

/* --- the whole --- */

/* The JSON object in a part of a token. (transfer full) (nullable) */
static JsonObject *
decode_part (const char *part)
{
  gsize length;
  g_autofree guint8 *text = vgw_base64url_decode (part, &length);

  return vgw_json_parse_object ((const char *) text, length, NULL);
}

/* The three parts of @text, each of base64url; NULL where it is none of that. (transfer full) */
static char **
split (const char *text)
{
  g_auto (GStrv) parts = strlen (text) <= VGW_TOKEN_MAX_BYTES ? g_strsplit (text, ".", N_PARTS + 1) : NULL;

  if (parts == NULL || g_strv_length (parts) != N_PARTS)
    return NULL;
  for (guint i = 0; i < N_PARTS; i++)
    if (*parts[i] == '\0' || strspn (parts[i], BASE64URL) != strlen (parts[i]))
      return NULL;
  return g_steal_pointer (&parts);
}

/* The secret of the key that the token names; into @keys. Neither @header nor @claims are verified yet. */
static const char *
find_secret (JsonObject *header, JsonObject *claims, GHashTable *keys, GError **error)
{
  const char *id = json_object_has_member (header, "kid") ? get_string (header, "kid") : get_string (claims, "iss");
  const char *secret = id != NULL ? g_hash_table_lookup (keys, id) : NULL;

  if (g_strcmp0 (get_string (header, "alg"), ALGORITHM) != 0)
    refuse (error, "the token's algorithm is not " ALGORITHM);
  else if (json_object_has_member (header, "crit")) /* RFC 7515 section 4.1.11: extensions, and we have none */
    refuse (error, "the token has unknown extensions (crit)");
  else if (id == NULL)
    refuse (error, "the token names no key, neither as \"kid\" nor as \"iss\"");
  else if (secret == NULL && is_key_id (id))
    refuse (error, "the token names the unknown key \"%s\"", id);
  else if (secret == NULL)
    refuse (error, "the token names an unknown key");
  else
    return secret;
  return NULL;
}

/* The HMAC of RFC 7518 section 3.2 in @signature, compared in constant time: libjwt before 1.17 does that with
 * strcmp (), whose time tells how much of a forged signature is right. */
static gboolean
has_signature (const char *text, gsize length, const char *signature, const char *secret)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) secret, strlen (secret));
  guint8 expected[SIGNATURE_BYTES];
  gsize n_expected = sizeof expected, n_given;
  g_autofree guint8 *given = vgw_base64url_decode (signature, &n_given);

  g_hmac_update (hmac, (const guchar *) text, (gssize) length);
  g_hmac_get_digest (hmac, expected, &n_expected);
  return n_given == n_expected && CRYPTO_memcmp (given, expected, n_expected) == 0;
}

/* libjwt takes the algorithm from the token, so that is checked before, and once more after. */
static gboolean
check_signature (const char *text, char **parts, const char *secret, GError **error)
{
  gsize n_signed = strlen (parts[0]) + 1 + strlen (parts[1]);
  jwt_t *jwt = NULL;
  gboolean is_good = has_signature (text, n_signed, parts[2], secret)
                     && jwt_decode (&jwt, text, (const guchar *) secret, (int) strlen (secret)) == 0
                     && jwt_get_alg (jwt) == JWT_ALG_HS256;

  jwt_free (jwt);
  return is_good || refuse (error, "the token's signature is not valid");
}

VgwToken *
vgw_token_verify (const char *text, GHashTable *keys, const char *audience, gint64 now_s, GError **error)
{
  g_auto (GStrv) parts = split (text);
  g_autoptr (JsonObject) header = parts != NULL ? decode_part (parts[0]) : NULL;
  g_autoptr (JsonObject) claims = parts != NULL ? decode_part (parts[1]) : NULL;
  g_autoptr (VgwToken) token = g_new0 (VgwToken, 1);
  const char *secret;

  if (header == NULL || claims == NULL)
    {
      refuse (error, "it is not an access token");
      return NULL;
    }
  secret = find_secret (header, claims, keys, error);
  if (secret == NULL || !check_signature (text, parts, secret, error) || !check_times (claims, now_s, error)
      || !check_audience (claims, audience, error) || !read_identity (token, claims, error)
      || !read_grant (token, claims, error))
    return NULL;
  token->expires_at_s = (gint64) get_time_s (claims, "exp");
  return g_steal_pointer (&token);
}

/* (transfer full) (nullable) */
static JsonObject *
describe_grant (const VgwToken *token, GError **error)
{
  g_autoptr (JsonObject) voice = json_object_new ();
  JsonObject *metadata = NULL;

  if (token->metadata != NULL)
    {
      metadata = vgw_json_parse_object (token->metadata, strlen (token->metadata), error);
      if (metadata == NULL)
        return NULL;
      json_object_set_object_member (voice, "metadata", metadata);
    }
  if (token->engines != NULL)
    {
      JsonArray *engines = json_array_new ();

      for (char **name = token->engines; *name != NULL; name++)
        json_array_add_string_element (engines, *name);
      json_object_set_array_member (voice, "engines", engines);
    }
  if (token->max_duration_s > 0)
    json_object_set_int_member (voice, "max_duration_s", token->max_duration_s);
  return g_steal_pointer (&voice);
}

static char *
sign (JsonObject *claims, const char *secret)
{
  g_autofree char *text = vgw_json_object_to_text (claims);
  char *encoded = NULL, *copy;
  jwt_t *jwt = NULL;

  if (jwt_new (&jwt) == 0 && jwt_add_grants_json (jwt, text) == 0
      && jwt_set_alg (jwt, JWT_ALG_HS256, (const guchar *) secret, (int) strlen (secret)) == 0)
    encoded = jwt_encode_str (jwt);
  copy = g_strdup (encoded);
  free (encoded); /* libjwt's, by malloc () */
  jwt_free (jwt);
  return copy;
}

char *
vgw_token_mint (const VgwToken *token, GHashTable *keys, const char *key_id, const char *audience, gint64 now_s,
                guint ttl_s, GError **error)
{
  const char *secret = g_hash_table_lookup (keys, key_id);
  g_autoptr (JsonObject) claims = json_object_new ();
  g_autoptr (GError) cause = NULL;
  JsonObject *voice = describe_grant (token, &cause);
  g_autofree char *text = NULL;
  g_autoptr (VgwToken) checked = NULL;

  json_object_set_string_member (claims, "iss", key_id);
  json_object_set_string_member (claims, "aud", audience);
  json_object_set_int_member (claims, "iat", now_s);
  json_object_set_int_member (claims, "exp", now_s + ttl_s);
  if (token->identity != NULL)
    json_object_set_string_member (claims, "sub", token->identity);
  if (voice != NULL)
    json_object_set_object_member (claims, "voice", voice);
  text = secret != NULL && voice != NULL ? sign (claims, secret) : NULL;
  checked = text != NULL ? vgw_token_verify (text, keys, audience, now_s, &cause) : NULL;
  if (checked != NULL)
    return g_steal_pointer (&text);
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_REQUEST, "%s%s",
               secret == NULL  ? "no such key"
               : voice == NULL ? "the metadata: "
                               : "",
               cause != NULL && secret != NULL ? cause->message : "");
  return NULL;
}
