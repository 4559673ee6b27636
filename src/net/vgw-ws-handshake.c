#include "net/vgw-ws-handshake.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/vgw-error.h"

#define MAX_HEAD_BYTES 16384
#define KEY_BYTES 16                                       /* RFC 6455 section 4.1 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* section 4.2.2 */
#define HEAD_END "\r\n\r\n"
#define TLS_ALERT 0x15 /* RFC 8446 section 5.1: first byte of the answer of a TLS server to plain HTTP */

struct _VgwWsHandshake
{
  char *key;
  char *request;
  char *subprotocol; /* (nullable) */
  GByteArray *head;  /* of the answer, as far as received */
};

void
vgw_ws_handshake_free (VgwWsHandshake *self)
{
  if (self == NULL)
    return;
  g_free (self->key);
  g_free (self->request);
  g_free (self->subprotocol);
  g_byte_array_unref (self->head);
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

static char *
make_request (const char *url, const char *key, const char *subprotocol, const char *authorization,
              const char *traceparent)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
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
                          key);
  if (subprotocol != NULL)
    g_string_append_printf (request, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
  if (authorization != NULL)
    g_string_append_printf (request, "Authorization: %s\r\n", authorization);
  if (traceparent != NULL)
    g_string_append_printf (request, "traceparent: %s\r\n", traceparent);
  g_string_append (request, "\r\n");
  return g_string_free (g_steal_pointer (&request), FALSE);
}

VgwWsHandshake *
vgw_ws_handshake_new (const char *url, const char *subprotocol, const char *authorization, const char *traceparent)
{
  VgwWsHandshake *self = g_new0 (VgwWsHandshake, 1);
  guint32 random[KEY_BYTES / sizeof (guint32)];

  for (gsize i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = g_random_int (); /* a nonce, not a secret */
  self->key = g_base64_encode ((const guint8 *) random, sizeof random);
  self->request = make_request (url, self->key, subprotocol, authorization, traceparent);
  self->subprotocol = g_strdup (subprotocol);
  self->head = g_byte_array_new ();
  return self;
}

const char *
vgw_ws_handshake_get_request (VgwWsHandshake *self)
{
  return self->request;
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

/* The checks of section 4.1. Returns a description of the fault, or NULL. */
static const char *
find_fault (VgwWsHandshake *self, SoupMessageHeaders *headers)
{
  g_autofree char *accept = make_accept (self);
  const char *upgrade = soup_message_headers_get_one (headers, "Upgrade");
  const char *protocol = soup_message_headers_get_one (headers, "Sec-WebSocket-Protocol");

  if (upgrade == NULL || g_ascii_strcasecmp (upgrade, "websocket") != 0
      || !soup_message_headers_header_contains (headers, "Connection", "upgrade"))
    return "the response is not an upgrade";
  if (g_strcmp0 (soup_message_headers_get_one (headers, "Sec-WebSocket-Accept"), accept) != 0)
    return "the response does not match the request";
  if (soup_message_headers_get_list (headers, "Sec-WebSocket-Extensions") != NULL)
    return "the response has an extension that was not requested";
  if (protocol != NULL && g_strcmp0 (protocol, self->subprotocol) != 0)
    return "the response has another subprotocol";
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
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the response is not HTTP");
      return FALSE;
    }
  if (status != SOUP_STATUS_SWITCHING_PROTOCOLS)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "the response is %u %s", status,
                   soup_status_get_phrase (status));
      return FALSE;
    }
  fault = find_fault (self, headers);
  if (fault != NULL)
    g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, fault);
  return fault == NULL;
}

VgwWsResult
vgw_ws_handshake_read (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken, GError **error)
{
  gsize n_before = self->head->len;
  gsize n = MIN (length, MAX_HEAD_BYTES - n_before);
  const guint8 *end;
  gsize head_bytes;

  *n_taken = n;
  g_byte_array_append (self->head, data, n);
  if (self->head->len > 0 && self->head->data[0] == TLS_ALERT)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the bot uses TLS: its url must begin with wss:");
      return VGW_WS_FAILED;
    }
  end = memmem (self->head->data, self->head->len, HEAD_END, strlen (HEAD_END));
  if (end == NULL)
    {
      if (self->head->len < MAX_HEAD_BYTES)
        return VGW_WS_MORE;
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_ENGINE, "the head of the response is too long");
      return VGW_WS_FAILED;
    }
  head_bytes = (gsize) (end - self->head->data) + strlen (HEAD_END);
  *n_taken = head_bytes - n_before; /* the rest belongs to the frames */
  return check_head (self, head_bytes, error) ? VGW_WS_MESSAGE : VGW_WS_FAILED;
}
