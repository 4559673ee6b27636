#include "ws-peer.h"

WsPeer *
ws_peer_new (GSocket *socket)
{
  WsPeer *self = g_new0 (WsPeer, 1);

  g_socket_set_blocking (socket, FALSE);
  self->socket = socket;
  self->received = g_byte_array_new ();
  return self;
}

void
ws_peer_free (WsPeer *self)
{
  g_object_unref (self->socket);
  g_byte_array_unref (self->received);
  g_free (self);
}

gboolean
ws_peer_read (WsPeer *self)
{
  char data[16384];
  gssize n;

  while (!self->is_eof)
    {
      g_autoptr (GError) error = NULL;

      n = g_socket_receive (self->socket, data, sizeof data, NULL, &error);
      if (n > 0)
        g_byte_array_append (self->received, (const guint8 *) data, n);
      else if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      else
        self->is_eof = TRUE;
    }
  return TRUE;
}

void
ws_peer_send (WsPeer *self, gconstpointer data, gsize length)
{
  gsize n_sent = 0;
  gint64 end_us = g_get_monotonic_time () + DEADLINE_US;

  while (n_sent < length && g_get_monotonic_time () < end_us)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (self->socket, (const char *) data + n_sent, length - n_sent, NULL, &error);

      if (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      n_sent += MAX (n, 0);
      g_main_context_iteration (NULL, FALSE);
    }
}

void
ws_append_frame (GByteArray *out, guint8 first_byte, gboolean is_masked, gconstpointer payload, gsize length)
{
  static const guint8 mask[4] = { 0xa1, 0xb2, 0xc3, 0xd4 };
  gsize n_extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  guint8 header[2] = { first_byte, (is_masked ? 0x80 : 0) | (n_extended == 0 ? length : n_extended == 2 ? 126 : 127) };
  gsize start;

  g_byte_array_append (out, header, 2);
  for (gsize i = 0; i < n_extended; i++)
    g_byte_array_append (out, &(guint8){ (guint64) length >> 8 * (n_extended - 1 - i) }, 1);
  if (is_masked)
    g_byte_array_append (out, mask, sizeof mask);
  start = out->len;
  if (length > 0)
    g_byte_array_append (out, payload, length);
  for (gsize i = 0; is_masked && i < length; i++)
    out->data[start + i] ^= mask[i % 4];
}

void
ws_peer_send_frame (WsPeer *self, guint8 first_byte, const char *payload)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ws_append_frame (bytes, first_byte, TRUE, payload, strlen (payload));
  ws_peer_send (self, bytes->data, bytes->len);
}

void
ws_peer_send_close (WsPeer *self, guint16 code)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  char payload[] = { code >> 8, code & 0xff };

  ws_append_frame (bytes, WS_FIN | WS_CLOSE, TRUE, payload, sizeof payload);
  ws_peer_send (self, bytes->data, bytes->len);
}

/* Reads, and takes one whole frame of a server off what has arrived. @payload: (transfer full), NUL-terminated. */
static gboolean
ws_peer_take_frame (WsPeer *self, guint8 *opcode, char **payload, gsize *length)
{
  const guint8 *data;
  gsize n_header = 2, n_payload;

  ws_peer_read (self);
  data = self->received->data;
  if (self->received->len < 2)
    return FALSE;
  n_payload = data[1];
  if (n_payload >= 126)
    n_header += n_payload == 126 ? 2 : 8;
  if (self->received->len < n_header)
    return FALSE;
  for (gsize i = 2, n = 0; i < n_header; i++)
    n_payload = n = n << 8 | data[i];
  if (self->received->len < n_header + n_payload)
    return FALSE;
  *opcode = data[0] & 0x0f;
  *length = n_payload;
  *payload = g_strndup ((const char *) data + n_header, n_payload);
  memcpy (*payload, data + n_header, n_payload);
  g_byte_array_remove_range (self->received, 0, n_header + n_payload);
  return TRUE;
}

char *
ws_peer_expect (WsPeer *self, guint8 opcode)
{
  guint8 next = WS_PING;
  char *payload = NULL;
  gsize length = 0;

  while (next == WS_PING)
    {
      g_free (payload);
      WAIT_UNTIL (ws_peer_take_frame (self, &next, &payload, &length) || self->is_eof);
      ck_assert_msg (payload != NULL, "the connection ended where a frame was expected");
      if (opcode == WS_PING)
        break;
    }
  ck_assert_int_eq (next, opcode);
  return payload;
}

void
ws_peer_expect_text (WsPeer *self, const char *text)
{
  g_autofree char *payload = ws_peer_expect (self, WS_TEXT);

  ck_assert_str_eq (payload, text);
}

void
ws_peer_expect_close (WsPeer *self, guint16 code)
{
  g_autofree char *payload = ws_peer_expect (self, WS_CLOSE);

  ck_assert_uint_eq ((guint8) payload[0] << 8 | (guint8) payload[1], code);
}

char *
ws_make_handshake_answer (const char *head, const char *more_headers)
{
  g_autofree char *key = NULL;
  g_autofree char *accept = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;
  const char *at = strstr (head, "Sec-WebSocket-Key: ");

  ck_assert_ptr_nonnull (at);
  at += strlen ("Sec-WebSocket-Key: ");
  key = g_strndup (at, strcspn (at, "\r"));
  g_checksum_update (checksum, (const guint8 *) key, -1);
  g_checksum_update (checksum, (const guint8 *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (checksum, digest, &length);
  accept = g_base64_encode (digest, length);
  return g_strdup_printf (
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
      "Sec-WebSocket-Accept: %s\r\n%s\r\n",
      accept, more_headers);
}
