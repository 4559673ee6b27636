#include "net/vgw-http-routes.h"

#include <string.h>

typedef struct
{
  VgwHttpRoute route;
  gpointer user_data;
} Entry;

#define WILDCARDS "{*" /* their first characters in a pattern */

struct _VgwHttpRoutes
{
  GArray *entries; /* Entry */
};

/* @captures (nullable): receives a string for each wildcard. */
static gboolean
matches (const char *pattern, const char *path, GPtrArray *captures)
{
  while (*pattern != '\0')
    {
      gsize n = strcspn (pattern, WILDCARDS);

      if (strncmp (pattern, path, n) != 0)
        return FALSE;
      pattern += n;
      path += n;
      if (*pattern == '\0')
        break;
      n = *pattern == '*' ? strlen (path) : strcspn (path, "/");
      if (n == 0 && *pattern == '{')
        return FALSE;
      if (captures != NULL)
        g_ptr_array_add (captures, g_strndup (path, n));
      path += n;
      pattern += *pattern == '*' ? 1 : strcspn (pattern, "}") + 1;
    }
  return *path == '\0';
}

VgwHttpRoutes *
vgw_http_routes_new (void)
{
  VgwHttpRoutes *self = g_new0 (VgwHttpRoutes, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  return self;
}

void
vgw_http_routes_free (VgwHttpRoutes *self)
{
  g_array_unref (self->entries);
  g_free (self);
}

void
vgw_http_routes_add (VgwHttpRoutes *self, const VgwHttpRoute *route, gpointer user_data)
{
  const Entry entry = { *route, user_data };

  g_array_append_val (self->entries, entry);
}

const VgwHttpRoute *
vgw_http_routes_find (VgwHttpRoutes *self, const char *path, gpointer *user_data, char ***captures)
{
  g_autoptr (GPtrArray) captured = g_ptr_array_new ();
  const Entry *best = NULL;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);
      gsize n = strcspn (entry->route.pattern, WILDCARDS);

      if ((best == NULL || n > strcspn (best->route.pattern, WILDCARDS)) && matches (entry->route.pattern, path, NULL))
        best = entry;
    }
  if (best == NULL)
    return NULL;
  if (user_data != NULL)
    *user_data = best->user_data;
  if (captures != NULL)
    {
      matches (best->route.pattern, path, captured);
      g_ptr_array_add (captured, NULL);
      *captures = (char **) g_ptr_array_steal (captured, NULL);
    }
  return &best->route;
}

VgwHttpHandler
vgw_http_route_get_handler (const VgwHttpRoute *route, const char *method)
{
  if (route == NULL)
    return NULL;
  if (g_str_equal (method, "GET") || g_str_equal (method, "HEAD"))
    return route->get;
  if (g_str_equal (method, "POST"))
    return route->post;
  if (g_str_equal (method, "PUT"))
    return route->put;
  if (g_str_equal (method, "PATCH"))
    return route->patch;
  if (g_str_equal (method, "DELETE"))
    return route->delete;
  return g_str_equal (method, "OPTIONS") ? route->options : NULL;
}

gboolean
vgw_http_route_allows (const VgwHttpRoute *route, const char *method)
{
  if (route == NULL)
    return g_str_equal (method, "GET") || g_str_equal (method, "HEAD");
  if (vgw_http_route_get_handler (route, method) != NULL)
    return TRUE;
  /* browsers send no preflight for GET and HEAD (Fetch, "CORS-safelisted method") */
  return route->has_cors && g_str_equal (method, "OPTIONS")
         && (route->post != NULL || route->put != NULL || route->patch != NULL || route->delete != NULL);
}

char *
vgw_http_route_list_methods (const VgwHttpRoute *route)
{
  static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (vgw_http_route_allows (route, methods[i]))
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", methods[i]);
  return g_string_free (list, FALSE);
}
