/* A first look at a request, before libsoup parses it. libsoup 3.2.3 loses memory for a request whose Transfer-Encoding
 * or Content-Length it does not understand, reads any body to its end before it answers, and takes more than RFC 9112
 * allows. What passes here is plain: a method that there is for this path, every line well-formed, no body beyond the
 * route's bound. Pure. */
#pragma once

#include "net/vgw-http-routes.h"

G_BEGIN_DECLS

#define VGW_HTTP_HEAD_MAX_BYTES 16384

typedef enum
{
  VGW_HTTP_HEAD_MORE,      /* good so far, its end is missing */
  VGW_HTTP_HEAD_GOOD,      /* libsoup may have it */
  VGW_HTTP_HEAD_BAD,       /* 400: not HTTP/1, a folded line, a name with spaces, control characters, bad lengths,
                            * no Host, or two lines of what has one value */
  VGW_HTTP_HEAD_METHOD,    /* 405 */
  VGW_HTTP_HEAD_LENGTH,    /* 411: a body of unknown length */
  VGW_HTTP_HEAD_BODY,      /* 413: a longer body than the route takes, or any where it takes none */
  VGW_HTTP_HEAD_EXPECT,    /* 417: Expect: 100-continue would let libsoup answer twice */
  VGW_HTTP_HEAD_TOO_LARGE, /* 431: no end within VGW_HTTP_HEAD_MAX_BYTES */
} VgwHttpHead;

/* @data: all bytes that have arrived. @allow (out) (optional): with VGW_HTTP_HEAD_METHOD the value of the header Allow
 * (transfer full), else left as it is. RFC 9112. */
VgwHttpHead vgw_http_head_check (const char *data, gsize length, VgwHttpRoutes *routes, char **allow);

G_END_DECLS
