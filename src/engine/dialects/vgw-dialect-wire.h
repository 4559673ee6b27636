/* What the dialects share: frames of JSON and of PCM, blocks of an exact size, identifiers. Pure, as they are; for
 * implementations of a dialect only. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/dialects/vgw-dialect.h"

/* What every state holds: the call, and where things go. Borrowed from open (). */
typedef struct
{
  const VgwDialectCall *call;
  const VgwDialectHandlers *handlers;
  gpointer user_data;
} VgwDialectWire;

/* One text frame, as it is. */
void vgw_dialect_send_text (const VgwDialectWire *wire, const char *text);

/* One text frame: the compact text of @object (transfer full). */
void vgw_dialect_send_object (const VgwDialectWire *wire, JsonObject *object);

/* Adds @value (nullable) as a string. */
void vgw_dialect_add_string (JsonObject *object, const char *name, const char *value);

/* Adds the page's parameters as strings, but for those whose names @object has already. */
void vgw_dialect_add_parameters (const VgwDialectCall *call, JsonObject *object);

/* One binary frame, s16le. Nothing for no samples. */
void vgw_dialect_send_samples (const VgwDialectWire *wire, const gint16 *samples, gsize n_samples);

/* Parses one text frame of a bot. Errors: VGW_ERROR_ENGINE. Returns: (transfer full) */
JsonObject *vgw_dialect_parse (const guint8 *data, gsize length, GError **error);

/* What stands in a message for the payload that was cut out of it; no base64. */
#define VGW_DIALECT_PAYLOAD_IS_APART "*"

/* The same for a protocol with audio in base64 in its text. Where the frame is longer than VGW_DIALECT_MAX_TEXT_BYTES,
 * its longest string goes to @payload (out) (transfer full), unescaped, and VGW_DIALECT_PAYLOAD_IS_APART is in its
 * place: a minute of audio is not taken apart twice. */
JsonObject *vgw_dialect_parse_with_payload (const guint8 *data, gsize length, char **payload, GError **error);

/* The JSON value @json, checked, or NULL where it is none: an application's event on its way into a frame.
 * Returns: (transfer full) */
JsonNode *vgw_dialect_parse_value (const char *json);

/* Plays @data, s16le at any alignment; the last byte of an odd @length is left out. */
void vgw_dialect_play_bytes (const VgwDialectWire *wire, const guint8 *data, gsize length);

/* The first byte of a sample whose second one has not come yet: bots that pass a stream on cut it anywhere. */
typedef struct
{
  guint8 byte;
  gboolean is_held;
  gboolean is_marked; /* a mark came behind it */
} VgwDialectOddByte;

/* As vgw_dialect_play_bytes (), for a stream: an odd byte at the end waits in @odd for the next call. Set @odd to zeros
 * where a new piece of audio begins, with a connection and a clear; and is_marked at a mark, which may stand between
 * two pieces, or behind one whose last byte is of no sample: a piece of an even length begins anew there. */
void vgw_dialect_play_stream (const VgwDialectWire *wire, VgwDialectOddByte *odd, const guint8 *data, gsize length);

/* Whether @text of a bot is the word @word: case does not matter, in any protocol (docs/ENGINE.md). */
gboolean vgw_dialect_is_word (const char *text, const char *word);

/* Sets @error to VGW_ERROR_ENGINE with a message that is safe to log whatever the bot sent. Returns FALSE. */
gboolean vgw_dialect_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

#define VGW_DIALECT_ID_BYTES 16

/* An identifier that is always the same for @session_id and @purpose, and tells neither: the head of a SHA-256. */
void vgw_dialect_make_id (const char *session_id, const char *purpose, guint8 id[VGW_DIALECT_ID_BYTES]);

/* The same as 32 hexadecimal digits. Returns: (transfer full) */
char *vgw_dialect_make_hex_id (const char *session_id, const char *purpose);

/* The same as a UUID of version 8, a name-based identifier of one's own: RFC 9562 section 5.8. */
void vgw_dialect_make_uuid_bytes (const char *session_id, const char *purpose, guint8 uuid[VGW_DIALECT_ID_BYTES]);

/* Its text. Returns: (transfer full) */
char *vgw_dialect_make_uuid (const char *session_id, const char *purpose);

/* The bytes of @text, strictly base64, or NULL. Returns: (transfer full) (nullable) */
guint8 *vgw_dialect_decode_base64 (const char *text, gsize *length);

#define VGW_DIALECT_MAX_FRAME_SAMPLES 960 /* 20 ms at 48 kHz */
#define VGW_DIALECT_MAX_BLOCK_SAMPLES (5 * VGW_DIALECT_MAX_FRAME_SAMPLES)

/* Cuts a stream of samples into blocks of the same size. */
typedef struct
{
  gint16 samples[VGW_DIALECT_MAX_BLOCK_SAMPLES];
  gsize n_samples; /* of one block */
  gsize n_filled;
} VgwDialectBlock;

typedef void (*VgwDialectBlockFunc) (gpointer state, const gint16 *samples, gsize n_samples);

/* Blocks of @n_frames (1 … 5) times 20 ms of @format; drops what was not yet a block. */
void vgw_dialect_block_reset (VgwDialectBlock *self, const VgwAudioFormat *format, guint n_frames);

/* Calls @func for each block that @samples complete. */
void vgw_dialect_block_push (VgwDialectBlock *self, const gint16 *samples, gsize n_samples, VgwDialectBlockFunc func,
                             gpointer state);
