/* Helpers for dialects: frames of JSON and of PCM, blocks of an exact size, identifiers. Pure. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/dialects/vgw-dialect.h"

/* The common part of every state. Borrowed from open (). */
typedef struct
{
  const VgwDialectCall *call;
  const VgwDialectHandlers *handlers;
  gpointer user_data;
} VgwDialectWire;

/* Sends one text frame. */
void vgw_dialect_send_text (const VgwDialectWire *wire, const char *text);

/* Sends the compact text of @object (transfer full) as one text frame. */
void vgw_dialect_send_object (const VgwDialectWire *wire, JsonObject *object);

/* Adds @value as a string; nothing for NULL. */
void vgw_dialect_add_string (JsonObject *object, const char *name, const char *value);

/* Adds the page's parameters as strings, except those whose names @object has already. */
void vgw_dialect_add_parameters (const VgwDialectCall *call, JsonObject *object);

/* Sends one binary frame, s16le. Nothing for 0 samples. */
void vgw_dialect_send_samples (const VgwDialectWire *wire, const gint16 *samples, gsize n_samples);

/* Parses one text frame of a bot. Errors: VGW_ERROR_ENGINE. Returns: (transfer full) */
JsonObject *vgw_dialect_parse (const guint8 *data, gsize length, GError **error);

/* The placeholder of a payload that was cut out of its message; not base64. */
#define VGW_DIALECT_PAYLOAD_IS_APART "*"

/* The same for a protocol with audio in base64 in its text. Where the frame is longer than VGW_DIALECT_MAX_TEXT_BYTES,
 * its longest string is returned in @payload (out) (transfer full), unescaped, and replaced by
 * VGW_DIALECT_PAYLOAD_IS_APART: the JSON parser does not see a minute of audio. */
JsonObject *vgw_dialect_parse_with_payload (const guint8 *data, gsize length, char **payload, GError **error);

/* Parses the JSON value @json, such as an application event; NULL where it is invalid. Returns: (transfer full) */
JsonNode *vgw_dialect_parse_value (const char *json);

/* Plays @data, s16le at any alignment; ignores the last byte of an odd @length. */
void vgw_dialect_play_bytes (const VgwDialectWire *wire, const guint8 *data, gsize length);

/* The first byte of a sample whose second one is not received yet: bots may cut a stream anywhere. */
typedef struct
{
  guint8 byte;
  gboolean is_held;
  gboolean is_marked; /* a mark was received after it */
} VgwDialectOddByte;

/* As vgw_dialect_play_bytes (), for a stream: an odd byte at the end is kept in @odd for the next call. To be zeroed
 * where new audio begins, with a connection and a clear. At a mark set is_marked: the mark may be inside of a sample,
 * or after a stray byte; a following piece of even length is then taken as the beginning of new audio. */
void vgw_dialect_play_stream (const VgwDialectWire *wire, VgwDialectOddByte *odd, const guint8 *data, gsize length);

/* Whether @text of a bot equals @word, case-insensitive in all protocols (docs/ENGINE.md). */
gboolean vgw_dialect_is_word (const char *text, const char *word);

/* Sets @error to VGW_ERROR_ENGINE with a message that is safe to log with any input. Returns FALSE. */
gboolean vgw_dialect_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

#define VGW_DIALECT_ID_BYTES 16

/* An identifier derived from @session_id and @purpose, which it does not reveal: the head of a SHA-256. */
void vgw_dialect_make_id (const char *session_id, const char *purpose, guint8 id[VGW_DIALECT_ID_BYTES]);

/* The same as 32 hexadecimal digits. Returns: (transfer full) */
char *vgw_dialect_make_hex_id (const char *session_id, const char *purpose);

/* The same as a UUID of version 8 (RFC 9562 section 5.8). */
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

/* Sets the size to @n_frames (1 … 5) times 20 ms of @format; drops an incomplete block. */
void vgw_dialect_block_reset (VgwDialectBlock *self, const VgwAudioFormat *format, guint n_frames);

/* Calls @func for each block that is completed by @samples. */
void vgw_dialect_block_push (VgwDialectBlock *self, const gint16 *samples, gsize n_samples, VgwDialectBlockFunc func,
                             gpointer state);
