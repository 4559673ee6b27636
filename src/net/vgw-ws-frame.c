#include "net/vgw-ws-frame.h"

#include <string.h>

#include "base/vgw-error.h"

/* RFC 6455 section 5.2 */
#define MAX_HEADER_BYTES 14
#define OPCODE_CONTINUATION 0x0
#define FIN_BIT 0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS 0x0f
#define MASK_BIT 0x80
#define LENGTH_BITS 0x7f
#define LENGTH_16_BIT 126
#define LENGTH_64_BIT 127
#define MAX_CONTROL_BYTES 125 /* section 5.5 */

/* More than any real client sends; bounds the work for empty fragments. */
#define MAX_FRAGMENTS 512

struct _VgwWsParser
{
  gsize max_text_bytes, max_binary_bytes; /* of one message */
  gboolean is_masked;                     /* incoming frames */
  guint16 close_code;
  guint64 n_frames;

  guint8 header[MAX_HEADER_BYTES];
  gsize n_header;
  gboolean is_in_payload;

  /* the frame whose payload is being read */
  guint8 opcode;
  gboolean is_final;
  guint8 mask[VGW_WS_MASK_BYTES];
  guint64 n_payload;
  guint64 n_payload_read;

  /* the message that its fragments make */
  guint8 message_opcode; /* 0: none */
  guint n_fragments;
  GByteArray *message;
  gboolean is_delivered;                 /* the caller may use it until the next call */
  guint8 control[MAX_CONTROL_BYTES + 1]; /* a control frame between two fragments */
};

static VgwWsResult
fail (VgwWsParser *self, guint16 close_code, GError **error, const char *why)
{
  self->close_code = close_code;
  g_byte_array_set_size (self->message, 0);
  g_set_error (error, VGW_ERROR, close_code == VGW_WS_CLOSE_TOO_BIG ? VGW_ERROR_TOO_LARGE : VGW_ERROR_BAD_MESSAGE,
               "WebSocket: %s", why);
  return VGW_WS_FAILED;
}

static gboolean
is_control (guint8 opcode)
{
  return (opcode & 0x08) != 0;
}

/* NUL is valid here; g_utf8_validate () would end there. */
static gboolean
is_utf8 (const guint8 *data, gsize length)
{
  const char *p = (const char *) data;
  const char *end = length > 0 ? p + length : p; /* an empty message has no data at all */

  while (p < end)
    {
      if (g_utf8_validate (p, end - p, &p))
        return TRUE;
      if (*p != '\0')
        return FALSE;
      p++;
    }
  return TRUE;
}

/* The length of the header, by its first two bytes. */
static gsize
header_bytes (const VgwWsParser *self)
{
  guint8 length = self->header[1] & LENGTH_BITS;
  gsize n_extended = length == LENGTH_16_BIT ? 2 : length == LENGTH_64_BIT ? 8 : 0;

  return 2 + n_extended + (self->is_masked ? VGW_WS_MASK_BYTES : 0);
}

static guint64
payload_bytes (const VgwWsParser *self)
{
  guint8 length = self->header[1] & LENGTH_BITS;
  guint64 n_bytes = 0;
  gsize n_extended = length == LENGTH_16_BIT ? 2 : 8;

  if (length < LENGTH_16_BIT)
    return length;
  for (gsize i = 0; i < n_extended; i++)
    n_bytes = n_bytes << 8 | self->header[2 + i];
  return n_bytes;
}

static gboolean
is_shortest_length (const VgwWsParser *self)
{
  switch (self->header[1] & LENGTH_BITS)
    {
    case LENGTH_16_BIT:
      return self->n_payload > MAX_CONTROL_BYTES;
    case LENGTH_64_BIT:
      return self->n_payload > G_MAXUINT16 && self->n_payload <= G_MAXINT64;
    default:
      return TRUE;
    }
}

/* Checks the first two bytes before the rest of the header is awaited. */
static VgwWsResult
check_first_bytes (VgwWsParser *self, GError **error)
{
  guint8 length = self->header[1] & LENGTH_BITS;

  self->opcode = self->header[0] & OPCODE_BITS;
  self->is_final = (self->header[0] & FIN_BIT) != 0;
  self->n_frames++;
  if ((self->header[0] & RESERVED_BITS) != 0)
    return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "reserved bits set without an extension");
  if (((self->header[1] & MASK_BIT) != 0) != self->is_masked)
    return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error,
                 self->is_masked ? "a frame from a client must be masked" : "a frame from a server must not be masked");
  if (is_control (self->opcode) && (!self->is_final || length > MAX_CONTROL_BYTES))
    return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "a control frame is fragmented or too long");

  switch (self->opcode)
    {
    case OPCODE_CONTINUATION:
      return self->message_opcode != 0
                 ? VGW_WS_MORE
                 : fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "a continuation frame without a message");
    case VGW_WS_TEXT:
    case VGW_WS_BINARY:
      return self->message_opcode == 0
                 ? VGW_WS_MORE
                 : fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "a new message inside a fragmented one");
    case VGW_WS_CLOSE:
    case VGW_WS_PING:
    case VGW_WS_PONG:
      return VGW_WS_MORE;
    default:
      return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "an unknown opcode");
    }
}

/* The bound of the message that the present frame belongs to. */
static gsize
get_max_bytes (const VgwWsParser *self)
{
  guint8 opcode = self->opcode != OPCODE_CONTINUATION ? self->opcode : self->message_opcode;

  return opcode == VGW_WS_TEXT ? self->max_text_bytes : self->max_binary_bytes;
}

/* The header is complete: checks the limits before any payload is read. */
static VgwWsResult
begin_payload (VgwWsParser *self, GError **error)
{
  char why[64];

  self->n_payload = payload_bytes (self);
  self->n_payload_read = 0;
  if (self->is_masked)
    memcpy (self->mask, self->header + self->n_header - VGW_WS_MASK_BYTES, VGW_WS_MASK_BYTES);
  if (!is_shortest_length (self))
    return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "a length that is not encoded in its shortest form");
  self->is_in_payload = TRUE;
  if (is_control (self->opcode))
    return VGW_WS_MORE;

  if (self->n_payload > get_max_bytes (self) - self->message->len)
    {
      g_snprintf (why, sizeof why, "a message of more than %" G_GSIZE_FORMAT " bytes", get_max_bytes (self));
      return fail (self, VGW_WS_CLOSE_TOO_BIG, error, why);
    }
  if (self->opcode != OPCODE_CONTINUATION)
    {
      self->message_opcode = self->opcode;
      self->n_fragments = 0;
    }
  self->n_fragments++;
  if (self->n_fragments > MAX_FRAGMENTS)
    return fail (self, VGW_WS_CLOSE_TOO_BIG, error, "the message has too many fragments");
  return VGW_WS_MORE;
}

/* Reads the header byte by byte: it has 14 at most. */
static VgwWsResult
read_header (VgwWsParser *self, const guint8 *data, gsize length, gsize *n_taken, GError **error)
{
  while (*n_taken < length)
    {
      self->header[self->n_header++] = data[(*n_taken)++];
      if (self->n_header == 2 && check_first_bytes (self, error) == VGW_WS_FAILED)
        return VGW_WS_FAILED;
      if (self->n_header >= 2 && self->n_header == header_bytes (self))
        return begin_payload (self, error);
    }
  return VGW_WS_MORE;
}

static void
apply_mask (guint8 *to, const guint8 *from, gsize length, const guint8 *mask, guint64 offset)
{
  for (gsize i = 0; i < length; i++)
    to[i] = from[i] ^ mask[(offset + i) % VGW_WS_MASK_BYTES];
}

static void
read_payload (VgwWsParser *self, const guint8 *data, gsize length, gsize *n_taken)
{
  gsize n = MIN (self->n_payload - self->n_payload_read, length - *n_taken);
  guint8 *to;

  if (n == 0)
    return;
  if (is_control (self->opcode))
    to = self->control + self->n_payload_read;
  else
    {
      g_byte_array_set_size (self->message, self->message->len + n);
      to = self->message->data + self->message->len - n;
    }
  apply_mask (to, data + *n_taken, n, self->mask, self->n_payload_read);
  self->n_payload_read += n;
  *n_taken += n;
}

/* RFC 6455 section 7.4: 1004 to 1006 and 1015 are never sent; below 1000 and from 1016 to 2999 nothing is defined. */
static gboolean
is_close_code (guint16 code)
{
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
}

static VgwWsResult
deliver_control (VgwWsParser *self, VgwWsMessage *message, GError **error)
{
  gsize length = self->n_payload;

  if (self->opcode == VGW_WS_CLOSE && length > 0)
    {
      if (length == 1 || !is_close_code (self->control[0] << 8 | self->control[1]))
        return fail (self, VGW_WS_CLOSE_PROTOCOL_ERROR, error, "a close code that must not be sent");
      if (!is_utf8 (self->control + 2, length - 2))
        return fail (self, VGW_WS_CLOSE_BAD_DATA, error, "the reason for closing is not UTF-8");
    }
  self->control[length] = '\0';
  *message = (VgwWsMessage){ self->opcode, self->control, length };
  return VGW_WS_MESSAGE;
}

static VgwWsResult
deliver_data (VgwWsParser *self, VgwWsMessage *message, GError **error)
{
  gsize length = self->message->len;

  if (self->message_opcode == VGW_WS_TEXT && !is_utf8 (self->message->data, length))
    return fail (self, VGW_WS_CLOSE_BAD_DATA, error, "the text is not UTF-8");
  g_byte_array_append (self->message, (const guint8 *) "", 1);
  *message = (VgwWsMessage){ self->message_opcode, self->message->data, length };
  self->is_delivered = TRUE;
  self->message_opcode = 0;
  return VGW_WS_MESSAGE;
}

VgwWsParser *
vgw_ws_parser_new (gboolean is_masked, gsize max_text_bytes, gsize max_binary_bytes)
{
  VgwWsParser *self = g_new0 (VgwWsParser, 1);

  self->is_masked = is_masked;
  self->max_text_bytes = max_text_bytes;
  self->max_binary_bytes = max_binary_bytes;
  self->message = g_byte_array_new ();
  return self;
}

void
vgw_ws_parser_free (VgwWsParser *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->message);
  g_free (self);
}

VgwWsResult
vgw_ws_parser_read (VgwWsParser *self, const guint8 *data, gsize length, gsize *n_taken, VgwWsMessage *message,
                    GError **error)
{
  *n_taken = 0;
  if (self->close_code != 0)
    return fail (self, self->close_code, error, "read after a failure");
  if (self->is_delivered)
    g_byte_array_set_size (self->message, 0);
  self->is_delivered = FALSE;

  while (*n_taken < length)
    {
      if (!self->is_in_payload && read_header (self, data, length, n_taken, error) == VGW_WS_FAILED)
        return VGW_WS_FAILED;
      if (!self->is_in_payload)
        return VGW_WS_MORE;
      read_payload (self, data, length, n_taken);
      if (self->n_payload_read < self->n_payload)
        return VGW_WS_MORE;

      self->is_in_payload = FALSE;
      self->n_header = 0;
      if (is_control (self->opcode))
        return deliver_control (self, message, error);
      if (self->is_final)
        return deliver_data (self, message, error);
    }
  return VGW_WS_MORE;
}

guint16
vgw_ws_parser_get_close_code (VgwWsParser *self)
{
  return self->close_code;
}

gsize
vgw_ws_parser_get_held_bytes (VgwWsParser *self)
{
  return self->is_delivered ? 0 : self->message->len;
}

guint64
vgw_ws_parser_get_n_frames (VgwWsParser *self)
{
  return self->n_frames;
}

void
vgw_ws_frame_append (GByteArray *out, VgwWsOpcode opcode, gconstpointer data, gsize length, const guint8 *mask)
{
  guint8 header[MAX_HEADER_BYTES];
  gsize n_extended = length < LENGTH_16_BIT ? 0 : length <= G_MAXUINT16 ? 2 : 8;
  gsize n_header = 2 + n_extended;

  header[0] = FIN_BIT | opcode;
  header[1] = n_extended == 0 ? length : n_extended == 2 ? LENGTH_16_BIT : LENGTH_64_BIT;
  for (gsize i = 0; i < n_extended; i++)
    header[2 + i] = (guint64) length >> 8 * (n_extended - 1 - i);
  if (mask != NULL)
    {
      header[1] |= MASK_BIT;
      memcpy (header + n_header, mask, VGW_WS_MASK_BYTES);
      n_header += VGW_WS_MASK_BYTES;
    }
  g_byte_array_append (out, header, n_header);
  if (length > 0)
    g_byte_array_append (out, data, length);
  if (mask != NULL)
    apply_mask (out->data + out->len - length, out->data + out->len - length, length, mask, 0);
}

void
vgw_ws_frame_append_close (GByteArray *out, guint16 code, const char *reason, const guint8 *mask)
{
  guint8 payload[MAX_CONTROL_BYTES] = { code >> 8, code & 0xff };
  const char *end;
  gsize length = 0;

  if (reason != NULL)
    {
      /* cut where a character ends */
      g_utf8_validate (reason, MIN (strlen (reason), sizeof payload - 2), &end);
      length = end - reason;
      memcpy (payload + 2, reason, length);
    }
  vgw_ws_frame_append (out, VGW_WS_CLOSE, payload, 2 + length, mask);
}

guint16
vgw_ws_frame_get_close_code (const VgwWsMessage *message)
{
  return message->length >= 2 ? message->data[0] << 8 | message->data[1] : VGW_WS_CLOSE_NO_CODE;
}
