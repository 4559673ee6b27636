#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "net/vgw-ws-frame.h"

#define MAX_MESSAGE_BYTES 300 /* above 125, so that the longer header is used, and near enough to be passed */

static void
check_message (const VgwWsMessage *message)
{
  g_assert (message->data != NULL);
  g_assert (message->data[message->length] == '\0');
  switch (message->opcode)
    {
    case VGW_WS_TEXT:
    case VGW_WS_BINARY:
      g_assert (message->length <= MAX_MESSAGE_BYTES);
      break;
    case VGW_WS_CLOSE:
      g_assert (message->length != 1);
      g_assert (message->length <= 125);
      break;
    case VGW_WS_PING:
    case VGW_WS_PONG:
      g_assert (message->length <= 125);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Adds what came out to @summary: opcode, length, content, or the close code. */
static void
read_all (VgwWsParser *parser, const uint8_t *data, size_t size, gsize chunk, GChecksum *summary)
{
  gsize n_done = 0;

  while (n_done < size)
    {
      gsize n = MIN (chunk, size - n_done);
      gsize n_taken;
      VgwWsMessage message;
      g_autoptr (GError) error = NULL;
      VgwWsResult result = vgw_ws_parser_read (parser, data + n_done, n, &n_taken, &message, &error);

      g_assert (n_taken <= n);
      g_assert (vgw_ws_parser_get_held_bytes (parser) <= MAX_MESSAGE_BYTES);
      g_assert ((result == VGW_WS_FAILED) == (error != NULL));
      n_done += n_taken;
      if (result == VGW_WS_FAILED)
        {
          guint16 code = vgw_ws_parser_get_close_code (parser);

          g_assert (code == 1002 || code == 1007 || code == 1009);
          g_assert ((code == 1009) == g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
          g_checksum_update (summary, (const guchar *) &code, sizeof code);
          return;
        }
      if (result == VGW_WS_MORE)
        {
          g_assert (n_taken == n);
          continue;
        }
      check_message (&message);
      g_checksum_update (summary, (const guchar *) &message.opcode, sizeof message.opcode);
      g_checksum_update (summary, (const guchar *) &message.length, sizeof message.length);
      g_checksum_update (summary, message.data, message.length);
    }
}

/* However the bytes are cut into reads, the same comes out. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (VgwWsParser) at_once = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (VgwWsParser) by_bytes = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GChecksum) first = g_checksum_new (G_CHECKSUM_MD5);
  g_autoptr (GChecksum) second = g_checksum_new (G_CHECKSUM_MD5);

  read_all (at_once, data, size, size, first);
  read_all (by_bytes, data, size, 1, second);
  g_assert_cmpstr (g_checksum_get_string (first), ==, g_checksum_get_string (second));
  return 0;
}
