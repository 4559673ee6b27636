/* What a listener answers: path and method → handler. It also tells, before a request is read, whether its method may
 * come and how large its body may be. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VgwHttpRequest VgwHttpRequest;

/* Replies to @request, or keeps a reference and replies later: see vgw-http-request.h. */
typedef void (*VgwHttpHandler) (VgwHttpRequest *request, gpointer user_data);

/* What is at one path. A handler that is NULL: that method is refused with 405. */
typedef struct
{
  const char
      *pattern; /* static; "/sessions/{id}": a name in braces is one segment, not empty; "*" at the end the rest */
  VgwHttpHandler get; /* and HEAD, which gets no body */
  VgwHttpHandler post;
  VgwHttpHandler patch;
  VgwHttpHandler delete;
  VgwHttpHandler options;      /* NULL: preflights (CORS) have an answer where they are needed */
  gsize max_body_bytes;        /* 0: no body */
  gboolean has_cors;           /* pages of the listed origins may call it and read the reply */
  const char *exposed_headers; /* (nullable) static, with has_cors: "ETag, Link", of the reply that pages may read */
} VgwHttpRoute;

typedef struct _VgwHttpRoutes VgwHttpRoutes;

/* Returns: (transfer full) */
VgwHttpRoutes *vgw_http_routes_new (void);
void vgw_http_routes_free (VgwHttpRoutes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpRoutes, vgw_http_routes_free)

/* @route is copied; @user_data, for its handlers, outlives the table. Of several patterns that match a path the one
 * counts whose text before its first wildcard is the longest. */
void vgw_http_routes_add (VgwHttpRoutes *self, const VgwHttpRoute *route, gpointer user_data);

/* The route of @path (raw, without query), or NULL. @user_data (out) (optional). @captures (out) (optional): what
 * stands for the wildcards, in their order (transfer full). Returns: (transfer none) */
const VgwHttpRoute *vgw_http_routes_find (VgwHttpRoutes *self, const char *path, gpointer *user_data, char ***captures);

/* NULL where @route (nullable) has none for @method. */
VgwHttpHandler vgw_http_route_get_handler (const VgwHttpRoute *route, const char *method);

/* Whether a request of @method may come: there is a handler, or it is a preflight (OPTIONS) that needs none, or nothing
 * is there (@route is NULL) and it is GET or HEAD, for a 404. */
gboolean vgw_http_route_allows (const VgwHttpRoute *route, const char *method);

/* The methods that it allows, "GET, HEAD", as the header Allow has them. (transfer full) */
char *vgw_http_route_list_methods (const VgwHttpRoute *route);

G_END_DECLS
