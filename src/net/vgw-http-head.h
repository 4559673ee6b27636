/* The check of a request head before libsoup parses it. libsoup 3.2.3 leaks memory for a malformed Transfer-Encoding or
 * Content-Length, reads any body to its end before it answers, and accepts more than RFC 9112 allows. A request that
 * passes has a method allowed for its path, well-formed lines, and no body above the route's limit. Pure. */
#pragma once

#include "net/vgw-http-routes.h"

#define VGW_HTTP_HEAD_MAX_BYTES 16384

typedef enum
{
  VGW_HTTP_HEAD_MORE,      /* incomplete */
  VGW_HTTP_HEAD_GOOD,      /* to be handed to libsoup */
  VGW_HTTP_HEAD_BAD,       /* 400: not HTTP/1, a folded line, a name with spaces, control characters, bad lengths,
                            * no Host, or two lines of a field with one value */
  VGW_HTTP_HEAD_METHOD,    /* 405 */
  VGW_HTTP_HEAD_LENGTH,    /* 411: a body of unknown length */
  VGW_HTTP_HEAD_BODY,      /* 413: a body above the route's limit */
  VGW_HTTP_HEAD_EXPECT,    /* 417: with Expect: 100-continue libsoup would answer twice */
  VGW_HTTP_HEAD_TOO_LARGE, /* 431: longer than VGW_HTTP_HEAD_MAX_BYTES */
} VgwHttpHead;

/* @data: all bytes received so far. @allow (out) (optional): with VGW_HTTP_HEAD_METHOD the value of the header Allow
 * (transfer full), else unchanged. RFC 9112. */
VgwHttpHead vgw_http_head_check (const char *data, gsize length, VgwHttpRoutes *routes, char **allow);

/* Whether the empty line at the end of the head has arrived. */
gboolean vgw_http_head_is_whole (const char *data, gsize length);

/* The values of all fields @name, joined with ", "; NULL where none has arrived. (transfer full) */
char *vgw_http_head_list_field (const char *data, gsize length, const char *name);

/* The value of the first field @name that has no control characters, without the space around it; NULL where none has
 * arrived. (transfer full) */
char *vgw_http_head_find_field (const char *data, gsize length, const char *name);
