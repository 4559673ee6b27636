/* A SoupServer as both listeners use it: fed by VgwHttpListener, with what is known to be wrong with libsoup 3.2.3 kept
 * away from it. Main thread only. */
#pragma once

#include <libsoup/soup.h>

#include "net/vgw-http-connection.h"

G_BEGIN_DECLS

#define VGW_HTTP_TEXT_PLAIN "text/plain; charset=utf-8"

/* Without a socket of its own. Every response says `Connection: close` and has a bound of time; paths stay as they
 * came. Returns: (transfer full) */
SoupServer *vgw_http_soup_new (void);

/* A VgwHttpReadyFunc; @user_data: the SoupServer. */
void vgw_http_soup_accept (GIOStream *stream, GSocketAddress *local_address, GSocketAddress *remote_address,
                           gpointer user_data);

/* The connection that @message came on. (transfer none) (nullable) */
VgwHttpConnection *vgw_http_soup_get_connection (SoupServerMessage *message);

/* The value of a request header, or NULL. (transfer none) */
const char *vgw_http_soup_get_header (SoupServerMessage *message, const char *name);

/* Sets a response header. */
void vgw_http_soup_set_header (SoupServerMessage *message, const char *name, const char *value);

/* Answers with @text, which is copied. */
void vgw_http_soup_respond (SoupServerMessage *message, guint status, const char *content_type, const char *text);

G_END_DECLS
