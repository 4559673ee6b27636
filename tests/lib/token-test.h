/* Tokens that no library would make. */
#pragma once

#include <glib.h>

/* @header and the @length bytes of @claims, with an HMAC by @secret over both. (transfer full) */
char *forge_token (const char *header, gconstpointer claims, gsize length, const char *secret, GChecksumType hash);
