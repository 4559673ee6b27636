/* Input: what a bot answers to the handshake of a WebSocket, and what it sends then. "ACCEPT" stands for the right
 * Sec-WebSocket-Accept, which depends on chance. */
#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "net/vgw-ws-handshake.h"

#define MAX_MESSAGE_BYTES 1000
#define ACCEPT_MARK "ACCEPT"

/* What the server of RFC 6455 section 4.2.2 would say to @ws (transfer full). */
static char *
make_accept (VgwWsHandshake *ws)
{
  const char *request = vgw_ws_handshake_get_request (ws);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  const char *at = strstr (request, "Sec-WebSocket-Key: ") + strlen ("Sec-WebSocket-Key: ");
  g_autofree char *key = g_strndup (at, strcspn (at, "\r"));
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guint8 *) key, -1);
  g_checksum_update (checksum, (const guint8 *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

static GByteArray *
fill_in (const uint8_t *data, size_t size, const char *accept)
{
  GByteArray *bytes = g_byte_array_new ();
  const uint8_t *at = size > 0 ? memmem (data, size, ACCEPT_MARK, strlen (ACCEPT_MARK)) : NULL;

  if (at != NULL)
    {
      g_byte_array_append (bytes, data, at - data);
      g_byte_array_append (bytes, (const guint8 *) accept, strlen (accept));
      size -= at - data + strlen (ACCEPT_MARK);
      data = at + strlen (ACCEPT_MARK);
    }
  g_byte_array_append (bytes, data, size);
  return bytes;
}

/* Feeds @bytes in pieces of @step to @ws, and what follows the answer to a parser. Returns how many messages came out. */
static guint
feed (VgwWsHandshake *ws, const GByteArray *bytes, gsize step)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (FALSE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  gboolean is_open = FALSE;
  guint n_messages = 0;

  for (gsize at = 0; at < bytes->len;)
    {
      g_autoptr (GError) error = NULL;
      VgwWsMessage message = { 0 };
      gsize n_taken = 0, n = MIN (step, bytes->len - at);
      VgwWsResult result = is_open ? vgw_ws_parser_read (parser, bytes->data + at, n, &n_taken, &message, &error)
                                   : vgw_ws_handshake_read (ws, bytes->data + at, n, &n_taken, &error);

      g_assert ((result == VGW_WS_FAILED) == (error != NULL));
      g_assert (n_taken <= n);
      if (result == VGW_WS_FAILED)
        return n_messages;
      g_assert (n_taken > 0);
      g_assert (message.length <= MAX_MESSAGE_BYTES);
      n_messages += is_open && result == VGW_WS_MESSAGE;
      is_open |= result == VGW_WS_MESSAGE;
      at += n_taken;
    }
  return n_messages;
}

/* Whether the name of a field with a subprotocol may be in there: names have no case, and one that is cut in two has no
 * meaning. */
static gboolean
has_protocol (const uint8_t *data, size_t size)
{
  static const char word[] = "protocol";

  for (size_t at = 0; at + strlen (word) <= size; at++)
    {
      if (g_ascii_strncasecmp ((const char *) data + at, word, strlen (word)) == 0)
        return TRUE;
    }
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (VgwWsHandshake) at_once = vgw_ws_handshake_new ("ws://h:1/a?b", "p", "Bearer x", NULL);
  g_autoptr (VgwWsHandshake) by_bytes = vgw_ws_handshake_new ("wss://[::1]", NULL, NULL, NULL);
  g_autofree char *accept = make_accept (at_once);
  g_autofree char *other_accept = make_accept (by_bytes);
  g_autoptr (GByteArray) bytes = fill_in (data, size, accept);
  g_autoptr (GByteArray) other_bytes = fill_in (data, size, other_accept);
  guint n = feed (at_once, bytes, bytes->len);
  guint n_by_bytes = feed (by_bytes, other_bytes, 1);

  /* only the one asked for a subprotocol */
  g_assert (n == n_by_bytes || has_protocol (data, size));
  return 0;
}
