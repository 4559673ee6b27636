/* The check of JSON text, before json-glib parses it or where it is only passed on. */
#pragma once

#include <glib.h>

/* TRUE where the @length bytes at @text are exactly one JSON object (RFC 8259) that is safe for json-glib: nesting at
 * most @max_depth, every number finite and every integer an int64, no NUL and no "\u0000", surrogates in pairs.
 * Iterative: its stack does not grow with the input. Any thread.
 * Errors: VGW_ERROR_TOO_LARGE for the depth, else VGW_ERROR_BAD_MESSAGE; both with the byte offset. */
gboolean vgw_json_scan (const char *text, gsize length, guint max_depth, GError **error);
