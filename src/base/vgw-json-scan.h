/* The scan that text must pass before json-glib sees it. Private to base. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* TRUE where the @length bytes at @text are exactly one JSON text (RFC 8259) whose root is an object, that json-glib
 * can take without harm: nesting at most @max_depth, every number finite and every integer an int64, no NUL and no
 * "\u0000", surrogates in pairs. Iterative: its stack does not grow with the input. Any thread.
 * Errors: VGW_ERROR_TOO_LARGE for the depth, else VGW_ERROR_BAD_MESSAGE; both with the byte offset. */
gboolean vgw_json_scan (const char *text, gsize length, guint max_depth, GError **error);

G_END_DECLS
