#include "net/vgw-http-soup.h"

#include <string.h>

#include "base/vgw-log.h"

#define RESPONSE_TIMEOUT_MS 30000 /* from the end of the head to the end of the response */

static void
on_got_headers (SoupServerMessage *message, gpointer user_data)
{
  VgwHttpConnection *connection = vgw_http_soup_get_connection (message);

  if (connection != NULL)
    vgw_http_connection_set_deadline (connection, RESPONSE_TIMEOUT_MS);
  /* many overlapping ranges of a small file make a large response (CVE-2025-32907); a whole file is a good answer */
  soup_message_headers_remove (soup_server_message_get_request_headers (message), "Range");
}

/* Before the first byte is read, so that libsoup's own error responses have the header as well: it leaks the socket of
 * a client that keeps its connection alive. */
static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  vgw_http_soup_set_header (message, "Connection", "close");
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), NULL);
}

SoupServer *
vgw_http_soup_new (void)
{
  /* raw-paths: libsoup decodes nothing, so no path means something else by the time it is compared */
  SoupServer *soup = soup_server_new ("raw-paths", TRUE, NULL);

  soup_server_remove_websocket_extension (soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  g_signal_connect (soup, "request-started", G_CALLBACK (on_request_started), NULL);
  return soup;
}

void
vgw_http_soup_accept (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address,
                      gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!soup_server_accept_iostream (SOUP_SERVER (user_data), stream, local_address, remote_address, &error))
    vgw_warning (NULL, "http: cannot serve a connection: %s", error->message);
}

VgwHttpConnection *
vgw_http_soup_get_connection (SoupServerMessage *message)
{
  return vgw_http_connection_from_address (soup_server_message_get_remote_address (message));
}

const char *
vgw_http_soup_get_header (SoupServerMessage *message, const char *name)
{
  return soup_message_headers_get_list (soup_server_message_get_request_headers (message), name);
}

void
vgw_http_soup_set_header (SoupServerMessage *message, const char *name, const char *value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), name, value);
}

void
vgw_http_soup_respond (SoupServerMessage *message, guint status, const char *content_type, const char *text)
{
  vgw_http_soup_set_header (message, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, content_type, SOUP_MEMORY_COPY, text, strlen (text));
}
