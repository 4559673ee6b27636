/* Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC SHA-256 by one of several keys. Pure. Any thread. */
#pragma once

#include <glib.h>

#define VGW_TOKEN_MAX_BYTES 8192

/* What a token grants. A value; each pointer is owned and (nullable). */
typedef struct
{
  char *identity;       /* sub */
  char **engines;       /* voice.engines: the names that the caller may ask for; NULL: no other rule than without it */
  guint max_duration_s; /* voice.max_duration_s; 0: no bound */
  char *metadata;       /* voice.metadata, the text of a JSON object for the engine */
  gint64 expires_at_s;  /* exp, of a token that was verified */
} VgwToken;

/* Returns: (transfer full) */
VgwToken *vgw_token_copy (const VgwToken *token);

void vgw_token_free (VgwToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwToken, vgw_token_free)

/* The keys of @lines, "KEYID: SECRET" each: id → secret. An id has 1 to 64 letters, digits, '.', '_' or '-'; a secret
 * 32 to 512 printable ASCII characters without space (RFC 7518 section 3.2: at least as long as the hash), and is used
 * as it is. Errors: VGW_ERROR_CONFIG, "must …", without any part of a secret; an id that stands twice is one. Returns:
 * (transfer full) */
GHashTable *vgw_token_read_keys (const char *const *lines, GError **error);

/* What @text grants at @now_s (Unix time): it is signed by one of @keys, which `kid` of its header or else `iss` names;
 * the algorithm is HS256 and no other; `exp` is there and not past; `aud` is there and is or has @audience; `nbf`,
 * where it is there, is past. Clocks may differ by 10 s. Errors: VGW_ERROR_UNAUTHORIZED; the message says why, and has
 * no part of the token but the id of a key that there is not. Returns: (transfer full) */
VgwToken *vgw_token_verify (const char *text, GHashTable *keys, const char *audience, gint64 now_s, GError **error);

/* A token that grants @token from @now_s on for @ttl_s, signed with the key @key_id of @keys. Errors:
 * VGW_ERROR_BAD_REQUEST for an unknown key, for metadata that are no JSON object, and for what is too long to be
 * verified. Returns: (transfer full) */
char *vgw_token_mint (const VgwToken *token, GHashTable *keys, const char *key_id, const char *audience, gint64 now_s,
                      guint ttl_s, GError **error);
