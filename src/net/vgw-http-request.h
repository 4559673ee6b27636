/* A request of an HTTP client, and its reply: at once, or in any later iteration of the main loop. A handler that
 * replies later keeps a reference; where the last one is dropped without a reply, the client receives a 500. Main
 * thread.
 *
 * Signals:
 *   "gone" (void)   once, where the client disconnects, the time limit passes or the server stops before there is a
 *                   reply. A reply has no effect afterwards.
 */
#pragma once

#include <glib-object.h>

#include "net/vgw-http-routes.h"

#define VGW_TYPE_HTTP_REQUEST (vgw_http_request_get_type ())
G_DECLARE_FINAL_TYPE (VgwHttpRequest, vgw_http_request, VGW, HTTP_REQUEST, GObject)

/* RFC 9110 section 15 */
typedef enum
{
  VGW_HTTP_STATUS_OK = 200,
  VGW_HTTP_STATUS_CREATED = 201,
  VGW_HTTP_STATUS_NO_CONTENT = 204,
  VGW_HTTP_STATUS_NOT_MODIFIED = 304,
  VGW_HTTP_STATUS_TEMPORARY_REDIRECT = 307,
  VGW_HTTP_STATUS_BAD_REQUEST = 400,
  VGW_HTTP_STATUS_UNAUTHORIZED = 401,
  VGW_HTTP_STATUS_FORBIDDEN = 403,
  VGW_HTTP_STATUS_NOT_FOUND = 404,
  VGW_HTTP_STATUS_CONFLICT = 409,
  VGW_HTTP_STATUS_GONE = 410,
  VGW_HTTP_STATUS_PRECONDITION_FAILED = 412,
  VGW_HTTP_STATUS_CONTENT_TOO_LARGE = 413,
  VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE = 415,
  VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT = 422,
  VGW_HTTP_STATUS_UPGRADE_REQUIRED = 426,
  VGW_HTTP_STATUS_PRECONDITION_REQUIRED = 428, /* RFC 6585 section 3 */
  VGW_HTTP_STATUS_TOO_MANY_REQUESTS = 429,
  VGW_HTTP_STATUS_INTERNAL_ERROR = 500,
  VGW_HTTP_STATUS_NOT_IMPLEMENTED = 501,
  VGW_HTTP_STATUS_UNAVAILABLE = 503,
} VgwHttpStatus;

#define VGW_HTTP_TEXT_PLAIN "text/plain; charset=utf-8"
#define VGW_HTTP_JSON "application/json"

/* "GET", "HEAD", "POST", … */
const char *vgw_http_request_get_method (VgwHttpRequest *self);

/* The path, undecoded. */
const char *vgw_http_request_get_path (VgwHttpRequest *self);

/* The part of the path that matched wildcard @n of the route's pattern, undecoded. */
const char *vgw_http_request_get_capture (VgwHttpRequest *self, guint n);

/* The query after "?", undecoded; NULL where there is none. */
const char *vgw_http_request_get_query (VgwHttpRequest *self);

/* The parameter @name of the query, decoded; NULL where there is none. (transfer full) (nullable) */
char *vgw_http_request_get_parameter (VgwHttpRequest *self, const char *name);

/* Whether it is a WebSocket handshake (RFC 6455 section 4.2.1). */
gboolean vgw_http_request_is_handshake (VgwHttpRequest *self);

/* The value of a header, several lines joined by commas; NULL where there is none. */
const char *vgw_http_request_get_header (VgwHttpRequest *self, const char *name);

/* Whether the body is of @type, "application/sdp", with or without parameters. */
gboolean vgw_http_request_has_content_type (VgwHttpRequest *self, const char *type);

/* … @value (nullable) of the header Content-Type. RFC 9110 section 8.3.1. */
gboolean vgw_http_is_content_type (const char *value, const char *type);

/* The body, at most the route's max_body_bytes. (transfer full) */
GBytes *vgw_http_request_get_body (VgwHttpRequest *self);

/* The client's address, "192.0.2.1" or "2001:db8::1": behind a trusted proxy the one that the proxy names. */
const char *vgw_http_request_get_remote_address (VgwHttpRequest *self);

/* Sets a header of the reply. */
void vgw_http_request_set_header (VgwHttpRequest *self, const char *name, const char *value);

/* Adds a line of a header that may have several. */
void vgw_http_request_add_header (VgwHttpRequest *self, const char *name, const char *value);

/* Replies with @text, which is copied. */
void vgw_http_request_reply (VgwHttpRequest *self, guint status, const char *content_type, const char *text);

/* Replies with @body (transfer none), or without one for NULL; @content_type (nullable). */
void vgw_http_request_reply_bytes (VgwHttpRequest *self, guint status, const char *content_type, GBytes *body);

/* Whether a reply can still be sent. */
gboolean vgw_http_request_is_open (VgwHttpRequest *self);

/* For VgwHttpServer only. */

typedef struct _SoupServerMessage SoupServerMessage;

/* @message (transfer none), @captures and @remote_address (transfer full). Returns: (transfer full) */
VgwHttpRequest *vgw_http_request_new (SoupServerMessage *message, char **captures, char *remote_address);

/* To be called after the handler: without a reply the request waits for one, or for the client to disconnect. */
void vgw_http_request_wait (VgwHttpRequest *self);

/* The message, NULL after the reply. (transfer none) (nullable) */
SoupServerMessage *vgw_http_request_get_message (VgwHttpRequest *self);

/* Ends the request without a reply, for a response that the caller makes. Returns: its message (transfer full) */
SoupServerMessage *vgw_http_request_steal_message (VgwHttpRequest *self);
