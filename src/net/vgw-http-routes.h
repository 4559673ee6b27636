/* What a listener answers: method and path → handler. It also tells, before a request is read, whether its method may
 * come and how large its body may be. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VgwHttpRequest VgwHttpRequest;

/* Replies to @request, or keeps a reference and replies later: see vgw-http-request.h. */
typedef void (*VgwHttpHandler) (VgwHttpRequest *request, gpointer user_data);

/* Strings are static. */
typedef struct
{
  const char *method;   /* "GET", which stands for HEAD as well, "POST", … */
  const char *pattern;  /* "/sessions/{id}": a name in braces is one segment, not empty; "*" at the end is the rest */
  gsize max_body_bytes; /* 0: no body */
  gboolean has_cors;    /* pages of the listed origins may call it and read the reply (CORS) */
  VgwHttpHandler handler;
} VgwHttpRoute;

typedef struct _VgwHttpRoutes VgwHttpRoutes;

/* Returns: (transfer full) */
VgwHttpRoutes *vgw_http_routes_new (void);
void vgw_http_routes_free (VgwHttpRoutes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpRoutes, vgw_http_routes_free)

/* @route is copied; @user_data outlives the table. Of several patterns that match a path the one counts whose text
 * before its first wildcard is the longest. */
void vgw_http_routes_add (VgwHttpRoutes *self, const VgwHttpRoute *route, gpointer user_data);

/* The route of a request for @path (raw, without query), or NULL. @user_data (out). @captures (out) (optional): what
 * stands for the wildcards, in their order (transfer full). Returns: (transfer none) */
const VgwHttpRoute *vgw_http_routes_find (VgwHttpRoutes *self, const char *method, const char *path,
                                          gpointer *user_data, char ***captures);

/* Whether a request of @method may come for @path: it has a route, or it is a preflight (OPTIONS) of one that is for
 * other origins, or nothing is there and it is GET or HEAD, for a 404. @max_body_bytes (out). */
gboolean vgw_http_routes_allow (VgwHttpRoutes *self, const char *method, const char *path, gsize *max_body_bytes);

/* The methods for which vgw_http_routes_allow () is TRUE, "GET, HEAD", as the header Allow has them. (transfer full) */
char *vgw_http_routes_list_methods (VgwHttpRoutes *self, const char *path);

/* Whether pages of listed origins may call what is at @path. */
gboolean vgw_http_routes_has_cors (VgwHttpRoutes *self, const char *path);

G_END_DECLS
