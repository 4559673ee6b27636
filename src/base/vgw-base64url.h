/* Base64 with the alphabet for URLs and file names, without padding (RFC 4648 section 5). Any thread. */
#pragma once

#include <glib.h>

/* Returns: (transfer full) */
char *vgw_base64url_encode (const guint8 *bytes, gsize length);

/* The bytes of @text and, beyond @length, a zero. Characters outside of the alphabet are skipped: who needs to know
 * that there are none checks @text, or encodes the result again. Returns: (transfer full) */
guint8 *vgw_base64url_decode (const char *text, gsize *length);
