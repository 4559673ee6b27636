/* The routes of a listener: path and method → handler, with the allowed methods and the limit of the body, which are
 * checked before a request is read. Main thread. */
#pragma once

#include <glib.h>

typedef struct _VgwHttpRequest VgwHttpRequest;

/* Replies to @request, or keeps a reference and replies later: see vgw-http-request.h. */
typedef void (*VgwHttpHandler) (VgwHttpRequest *request, gpointer user_data);

/* The handlers of one path. A method without a handler is refused with 405. */
typedef struct
{
  const char
      *pattern; /* static; "/sessions/{id}": a name in braces matches one segment, not empty; "*" at the end the rest */
  VgwHttpHandler get; /* and HEAD, without a body */
  VgwHttpHandler post;
  VgwHttpHandler put;
  VgwHttpHandler patch;
  VgwHttpHandler delete;
  VgwHttpHandler options;      /* NULL: CORS preflights are answered where has_cors is set */
  gsize max_body_bytes;        /* 0: no body */
  gboolean has_cors;           /* pages of the listed origins may use it and read the reply */
  const char *exposed_headers; /* (nullable) static, with has_cors: "ETag, Link", of the reply that pages may read */
} VgwHttpRoute;

typedef struct _VgwHttpRoutes VgwHttpRoutes;

/* Returns: (transfer full) */
VgwHttpRoutes *vgw_http_routes_new (void);
void vgw_http_routes_free (VgwHttpRoutes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpRoutes, vgw_http_routes_free)

/* @route is copied; @user_data, for its handlers, outlives the table. Of several matching patterns the one with the
 * longest text before its first wildcard is used. */
void vgw_http_routes_add (VgwHttpRoutes *self, const VgwHttpRoute *route, gpointer user_data);

/* The route of @path (undecoded, without query), or NULL. @user_data (out) (optional). @captures (out) (optional): the
 * parts that matched the wildcards, in order (transfer full). Returns: (transfer none) */
const VgwHttpRoute *vgw_http_routes_find (VgwHttpRoutes *self, const char *path, gpointer *user_data, char ***captures);

/* The handler of @route (nullable) for @method, or NULL. */
VgwHttpHandler vgw_http_route_get_handler (const VgwHttpRoute *route, const char *method);

/* Whether @method is allowed: it has a handler, or it is a preflight (OPTIONS), which needs none, or @route is NULL and
 * it is GET or HEAD, to be answered with 404. */
gboolean vgw_http_route_allows (const VgwHttpRoute *route, const char *method);

/* The allowed methods, "GET, HEAD", for the header Allow. (transfer full) */
char *vgw_http_route_list_methods (const VgwHttpRoute *route);
