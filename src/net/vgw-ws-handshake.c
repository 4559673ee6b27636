#include "net/vgw-ws-handshake.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/vgw-error.h"

#define MAX_HEAD_BYTES 16384
#define KEY_BYTES 16                                       /* RFC 6455 section 4.1 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* section 4.2.2 */
#define HEAD_END "\r\n\r\n"
#define TLS_ALERT 0x15 /* RFC 8446 section 5.1: what a record begins with, where a server speaks TLS and we do not */

struct _VgwWsHandshake
{
  char *url;
  char *subprotocol;   /* (nullable) */
  char *authorization; /* (nullable) */
  char *key;
  GByteArray *head; /* of the answer, as far as it has arrived */
  gboolean is_open;
  VgwWsParser *parser;
};

VgwWsHandshake *
vgw_ws_handshake_new (const char *url, const char *subprotocol, const char *authorization, gsize max_text_bytes,
                      gsize max_binary_bytes)
{
  VgwWsHandshake *self = g_new0 (VgwWsHandshake, 1);
  guint32 random[KEY_BYTES / sizeof (guint32)];

  for (gsize i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = g_random_int (); /* a nonce, not a secret */
  self->url = g_strdup (url);
  self->subprotocol = g_strdup (subprotocol);
  self->authorization = g_strdup (authorization);
  self->key = g_base64_encode ((const guint8 *) random, sizeof random);
  self->head = g_byte_array_new ();
  self->parser = vgw_ws_parser_new_for_client (max_text_bytes, max_binary_bytes);
  return self;
}

void
vgw_ws_handshake_free (VgwWsHandshake *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_free (self->subprotocol);
  g_free (self->authorization);
  g_free (self->key);
  g_byte_array_unref (self->head);
  vgw_ws_parser_free (self->parser);
  g_free (self);
}

/* "HOST" or "HOST:PORT", an IPv6 address in brackets (transfer full). */
static char *
make_host (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  gboolean is_v6 = strchr (host, ':') != NULL;
  g_autofree char *name = g_strdup_printf (is_v6 ? "[%s]" : "%s", host);

  return g_uri_get_port (uri) > 0 ? g_strdup_printf ("%s:%d", name, g_uri_get_port (uri)) : g_steal_pointer (&name);
}

char *
vgw_ws_handshake_make_request (VgwWsHandshake *self)
{
  g_autoptr (GUri) uri = g_uri_parse (self->url, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GString) request = g_string_new (NULL);
  g_autofree char *host = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  host = make_host (uri);
  g_string_append_printf (request, "GET %s%s%s%s HTTP/1.1\r\nHost: %s\r\n", *g_uri_get_path (uri) == '/' ? "" : "/",
                          g_uri_get_path (uri), g_uri_get_query (uri) != NULL ? "?" : "",
                          g_uri_get_query (uri) != NULL ? g_uri_get_query (uri) : "", host);
  g_string_append_printf (request,
                          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n",
                          self->key);
  if (self->subprotocol != NULL)
    g_string_append_printf (request, "Sec-WebSocket-Protocol: %s\r\n", self->subprotocol);
  if (self->authorization != NULL)
    g_string_append_printf (request, "Authorization: %s\r\n", self->authorization);
  g_string_append (request, "\r\n");
  return g_string_free (g_steal_pointer (&request), FALSE);
}

static char *
make_accept (VgwWsHandshake *self)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guint8 *) self->key, -1);
  g_checksum_update (checksum, (const guint8 *) ACCEPT_GUID, -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

/* Section 4.1: what the client must check. Returns what is wrong, or NULL. */
static const char *
find_fault (VgwWsHandshake *self, SoupMessageHeaders *headers)
{
  g_autofree char *accept = make_accept (self);
  const char *upgrade = soup_message_headers_get_one (headers, "Upgrade");
  const char *protocol = soup_message_headers_get_one (headers, "Sec-WebSocket-Protocol");

  if (upgrade == NULL || g_ascii_strcasecmp (upgrade, "websocket") != 0
      || !soup_message_headers_header_contains (headers, "Connection", "upgrade"))
    return "the answer is no upgrade";
  if (g_strcmp0 (soup_message_headers_get_one (headers, "Sec-WebSocket-Accept"), accept) != 0)
    return "the answer is not to this request";
  if (soup_message_headers_get_list (headers, "Sec-WebSocket-Extensions") != NULL)
    return "the answer has an extension that was not asked for";
  if (protocol != NULL && g_strcmp0 (protocol, self->subprotocol) != 0)
    return "the answer is for another subprotocol";
  return NULL;
}

static gboolean
check_head (VgwWsHandshake *self, gsize length, GError **error)
{
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  const char *fault;
  guint status;

  /* without the empty line at the end */
  if (!soup_headers_parse_response ((const char *) self->head->data, (int) (length - strlen ("\r\n")), headers, NULL,
                                    &status, NULL))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the answer is not HTTP");
      return FALSE;
    }
  if (status != SOUP_STATUS_SWITCHING_PROTOCOLS)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "the answer is %u %s", status, soup_status_get_phrase (status));
      return FALSE;
    }
  fault = find_fault (self, headers);
  if (fault != NULL)
    g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, fault);
  return fault == NULL;
}

/* What comes behind the head belongs to the frames. */
static VgwWsHandshakeResult
read_head (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken, GError **error)
{
  gsize n_before = self->head->len;
  gsize n = MIN (length, MAX_HEAD_BYTES - n_before);
  const guint8 *end;
  gsize head_bytes;

  g_byte_array_append (self->head, data, n);
  if (self->head->len > 0 && self->head->data[0] == TLS_ALERT)
    {
      *n_taken = n;
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the bot speaks TLS: its url must begin with wss:");
      return VGW_WS_HANDSHAKE_FAILED;
    }
  end = memmem (self->head->data, self->head->len, HEAD_END, strlen (HEAD_END));
  if (end == NULL)
    {
      *n_taken = n;
      if (self->head->len < MAX_HEAD_BYTES)
        return VGW_WS_HANDSHAKE_MORE;
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the head of the answer is too long");
      return VGW_WS_HANDSHAKE_FAILED;
    }
  head_bytes = (gsize) (end - self->head->data) + strlen (HEAD_END);
  *n_taken = head_bytes - n_before;
  if (!check_head (self, head_bytes, error))
    return VGW_WS_HANDSHAKE_FAILED;
  self->is_open = TRUE;
  g_byte_array_set_size (self->head, 0);
  return VGW_WS_HANDSHAKE_OPENED;
}

VgwWsHandshakeResult
vgw_ws_handshake_read (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken, VgwWsMessage *message,
                       GError **error)
{
  if (!self->is_open)
    return read_head (self, data, length, n_taken, error);
  switch (vgw_ws_parser_read (self->parser, data, length, n_taken, message, error))
    {
    case VGW_WS_MORE:
      return VGW_WS_HANDSHAKE_MORE;
    case VGW_WS_MESSAGE:
      return VGW_WS_HANDSHAKE_MESSAGE;
    case VGW_WS_FAILED:
      return VGW_WS_HANDSHAKE_FAILED;
    }
  g_return_val_if_reached (VGW_WS_HANDSHAKE_FAILED);
}

GBytes *
vgw_ws_handshake_make_frame (VgwWsHandshake *self, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  return vgw_ws_frame_new_masked (opcode, data, length, g_random_int ());
}

guint16
vgw_ws_handshake_get_close_code (VgwWsHandshake *self)
{
  return vgw_ws_parser_get_close_code (self->parser);
}
