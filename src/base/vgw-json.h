/* Bounded JSON: json-glib 1.6 recurses without limit and accepts more than JSON, so text from a socket or a file is
 * checked first (depth, NUL, comments, empty input). */
#pragma once

#include <json-glib/json-glib.h>

#define VGW_JSON_MAX_DEPTH 32
#define VGW_EVENT_MAX_BYTES 65536 /* of the JSON text of an application event, on every path */

/* Parses @text (UTF-8, @length bytes, need not be terminated) as one JSON object.
 * Errors: VGW_ERROR_TOO_LARGE for nesting deeper than VGW_JSON_MAX_DEPTH, VGW_ERROR_BAD_MESSAGE for anything
 * that is not exactly one JSON object (empty, trailing text, comments, NUL, "\u0000", invalid UTF-8).
 * Any thread. Returns: (transfer full) */
JsonObject *vgw_json_parse_object (const char *text, gsize length, GError **error);

/* The member @name of @object, case-insensitive (ASCII); an exact match is preferred.
 * Returns: (transfer none) (nullable) */
JsonNode *vgw_json_get (JsonObject *object, const char *name);

/* The string member @name (case-insensitive), or NULL where it is absent or not a string. (transfer none) */
const char *vgw_json_get_string (JsonObject *object, const char *name);

/* The integer member @name (case-insensitive), or @fallback where it is absent, not an integer, or outside [min, max].
 * */
gint64 vgw_json_get_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 fallback);

/* The compact text of @node or @object, always valid UTF-8; NaN and infinity become null. To be used instead of
 * json_to_string (), see vgw-json-write.c. Recursive: only for values that were parsed here or built by the program.
 * Returns: (transfer full) */
char *vgw_json_to_text (JsonNode *node);
char *vgw_json_object_to_text (JsonObject *object);
