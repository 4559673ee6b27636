#include "engine/dialects/vgw-dialect-wire.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

#define CHUNK_SAMPLES 1024 /* on the stack */
#define BASE64_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
#define MAX_MESSAGE_BYTES 256 /* of an error */

void
vgw_dialect_send_text (const VgwDialectWire *wire, const char *text)
{
  wire->handlers->send (TRUE, (const guint8 *) text, strlen (text), wire->user_data);
}

void
vgw_dialect_send_object (const VgwDialectWire *wire, JsonObject *object)
{
  g_autofree char *text = vgw_json_object_to_text (object);

  vgw_dialect_send_text (wire, text);
  json_object_unref (object);
}

void
vgw_dialect_add_string (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
}

void
vgw_dialect_add_parameters (const VgwDialectCall *call, JsonObject *object)
{
  for (const char *const *name = call->parameters; name != NULL && *name != NULL; name += 2)
    {
      if (!json_object_has_member (object, name[0]))
        json_object_set_string_member (object, name[0], name[1]);
    }
}

void
vgw_dialect_send_samples (const VgwDialectWire *wire, const gint16 *samples, gsize n_samples)
{
  if (n_samples == 0)
    return;
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  wire->handlers->send (FALSE, (const guint8 *) samples, n_samples * sizeof (gint16), wire->user_data);
#else
  g_autofree gint16 *little = g_new (gint16, n_samples);
  for (gsize i = 0; i < n_samples; i++)
    little[i] = GINT16_TO_LE (samples[i]);
  wire->handlers->send (FALSE, (const guint8 *) little, n_samples * sizeof (gint16), wire->user_data);
#endif
}

gboolean
vgw_dialect_fail (GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *valid = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (strlen (text) > MAX_MESSAGE_BYTES)
    text[MAX_MESSAGE_BYTES] = '\0';
  valid = g_utf8_make_valid (text, -1);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, valid);
  return FALSE;
}

JsonObject *
vgw_dialect_parse (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GError) cause = NULL;
  JsonObject *object;

  if (length > VGW_DIALECT_MAX_TEXT_BYTES)
    {
      vgw_dialect_fail (error, "a text of %" G_GSIZE_FORMAT " bytes is too long, the limit is %u", length,
                        VGW_DIALECT_MAX_TEXT_BYTES);
      return NULL;
    }
  object = vgw_json_parse_object ((const char *) data, length, &cause);
  if (object == NULL)
    vgw_dialect_fail (error, "%s", cause->message); /* with the code ENGINE: the client is not at fault */
  return object;
}

/* The closing quotation mark of the JSON string that begins at @start, or NULL. */
static const guint8 *
find_string_end (const guint8 *start, const guint8 *end)
{
  for (const guint8 *at = start + 1; at < end; at++)
    {
      if (*at == '"')
        return at;
      if (*at == '\\')
        at++;
    }
  return NULL;
}

/* Finds the longest string in @data. FALSE where the rest is still longer than VGW_DIALECT_MAX_TEXT_BYTES. */
static gboolean
find_long_string (const guint8 *data, gsize length, const guint8 **start, const guint8 **end)
{
  const guint8 *at = data, *from, *to;

  *start = *end = data;
  while ((from = memchr (at, '"', (gsize) (data + length - at))) != NULL
         && (to = find_string_end (from, data + length)) != NULL)
    {
      if (to - from > *end - *start)
        {
          *start = from;
          *end = to;
        }
      at = to + 1;
    }
  return (gsize) (*end - *start)
         > length - MIN (length, VGW_DIALECT_MAX_TEXT_BYTES) + strlen (VGW_DIALECT_PAYLOAD_IS_APART);
}

/* Copies a JSON string without escapes except "\/", which some encoders write in base64. */
static char *
copy_base64 (const guint8 *start, const guint8 *end)
{
  char *text = g_malloc ((gsize) (end - start) + 1);
  gsize n = 0;

  for (const guint8 *at = start; at < end; at++)
    {
      if (*at != '\\' || at + 1 == end || at[1] != '/')
        text[n++] = (char) *at;
    }
  text[n] = '\0';
  return text;
}

JsonObject *
vgw_dialect_parse_with_payload (const guint8 *data, gsize length, char **payload, GError **error)
{
  g_autoptr (GByteArray) rest = NULL;
  const guint8 *start, *end;
  JsonObject *object;

  *payload = NULL;
  if (length <= VGW_DIALECT_MAX_TEXT_BYTES || !find_long_string (data, length, &start, &end))
    return vgw_dialect_parse (data, length, error);
  rest = g_byte_array_new ();
  g_byte_array_append (rest, data, (guint) (start + 1 - data));
  g_byte_array_append (rest, (const guint8 *) VGW_DIALECT_PAYLOAD_IS_APART, strlen (VGW_DIALECT_PAYLOAD_IS_APART));
  g_byte_array_append (rest, end, (guint) (data + length - end));
  object = vgw_dialect_parse (rest->data, rest->len, error);
  if (object != NULL)
    *payload = copy_base64 (start + 1, end);
  return object;
}

JsonNode *
vgw_dialect_parse_value (const char *json)
{
  g_autofree char *text = g_strdup_printf ("{\"value\":%s}", json);
  g_autoptr (JsonObject) object = vgw_json_parse_object (text, strlen (text), NULL);

  if (object == NULL || json_object_get_size (object) != 1) /* "1,\"other\":2" is not a value */
    return NULL;
  return json_node_copy (json_object_get_member (object, "value"));
}

void
vgw_dialect_play_bytes (const VgwDialectWire *wire, const guint8 *data, gsize length)
{
  gint16 samples[CHUNK_SAMPLES];
  gsize n_left = length / sizeof (gint16);

  while (n_left > 0)
    {
      gsize n = MIN (n_left, CHUNK_SAMPLES);
      memcpy (samples, data, n * sizeof (gint16)); /* @data need not be aligned */
      for (gsize i = 0; i < n; i++)
        samples[i] = GINT16_FROM_LE (samples[i]);
      wire->handlers->play (samples, n, wire->user_data);
      data += n * sizeof (gint16);
      n_left -= n;
    }
}

void
vgw_dialect_play_stream (const VgwDialectWire *wire, VgwDialectOddByte *odd, const guint8 *data, gsize length)
{
  if (length == 0)
    return;
  if (odd->is_held && (!odd->is_marked || length % sizeof (gint16) != 0))
    {
      const guint8 sample[] = { odd->byte, data[0] };

      vgw_dialect_play_bytes (wire, sample, sizeof sample);
      data++;
      length--;
    }
  odd->is_marked = FALSE;
  odd->is_held = length % sizeof (gint16) != 0;
  if (odd->is_held)
    odd->byte = data[length - 1];
  vgw_dialect_play_bytes (wire, data, length);
}

gboolean
vgw_dialect_is_word (const char *text, const char *word)
{
  return text != NULL && g_ascii_strcasecmp (text, word) == 0;
}

void
vgw_dialect_make_id (const char *session_id, const char *purpose, guint8 id[VGW_DIALECT_ID_BYTES])
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) purpose, (gssize) strlen (purpose) + 1);
  g_checksum_update (checksum, (const guchar *) session_id, (gssize) strlen (session_id));
  g_checksum_get_digest (checksum, digest, &length);
  memcpy (id, digest, VGW_DIALECT_ID_BYTES);
}

char *
vgw_dialect_make_hex_id (const char *session_id, const char *purpose)
{
  guint8 id[VGW_DIALECT_ID_BYTES];
  GString *hex = g_string_sized_new (2 * VGW_DIALECT_ID_BYTES);

  vgw_dialect_make_id (session_id, purpose, id);
  for (guint i = 0; i < VGW_DIALECT_ID_BYTES; i++)
    g_string_append_printf (hex, "%02x", id[i]);
  return g_string_free (hex, FALSE);
}

void
vgw_dialect_make_uuid_bytes (const char *session_id, const char *purpose, guint8 uuid[VGW_DIALECT_ID_BYTES])
{
  vgw_dialect_make_id (session_id, purpose, uuid);
  uuid[6] = (uuid[6] & 0x0f) | 0x80; /* version 8 */
  uuid[8] = (uuid[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
}

char *
vgw_dialect_make_uuid (const char *session_id, const char *purpose)
{
  guint8 u[VGW_DIALECT_ID_BYTES];

  vgw_dialect_make_uuid_bytes (session_id, purpose, u);
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
                          u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

guint8 *
vgw_dialect_decode_base64 (const char *text, gsize *length)
{
  if (text[strspn (text, BASE64_CHARACTERS)] != '\0')
    return NULL; /* g_base64_decode () ignores invalid characters */
  return g_base64_decode (text, length);
}

void
vgw_dialect_block_reset (VgwDialectBlock *self, const VgwAudioFormat *format, guint n_frames)
{
  self->n_samples = CLAMP (vgw_audio_format_frame_samples (format) * n_frames, 1, VGW_DIALECT_MAX_BLOCK_SAMPLES);
  self->n_filled = 0;
}

void
vgw_dialect_block_push (VgwDialectBlock *self, const gint16 *samples, gsize n_samples, VgwDialectBlockFunc func,
                        gpointer state)
{
  while (n_samples > 0)
    {
      gsize n = MIN (n_samples, self->n_samples - self->n_filled);
      memcpy (self->samples + self->n_filled, samples, n * sizeof (gint16));
      self->n_filled += n;
      samples += n;
      n_samples -= n;
      if (self->n_filled < self->n_samples)
        return;
      self->n_filled = 0;
      func (state, self->samples, self->n_samples);
    }
}
