#include "net/vgw-http-routes.h"

#include <string.h>

typedef struct
{
  VgwHttpRoute route;
  gpointer user_data;
} Entry;

struct _VgwHttpRoutes
{
  GArray *entries; /* Entry */
};

static gsize
literal_length (const char *pattern)
{
  return strcspn (pattern, "{*");
}

/* @captures (nullable): gets a string for each wildcard. */
static gboolean
matches (const char *pattern, const char *path, GPtrArray *captures)
{
  while (*pattern != '\0')
    {
      gsize n = literal_length (pattern);

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

/* The pattern that counts for @path, or NULL. */
static const char *
find_pattern (VgwHttpRoutes *self, const char *path)
{
  const char *best = NULL;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const char *pattern = g_array_index (self->entries, Entry, i).route.pattern;

      if ((best == NULL || literal_length (pattern) > literal_length (best)) && matches (pattern, path, NULL))
        best = pattern;
    }
  return best;
}

/* Those of @pattern (nullable) after @entry, NULL for the first one. */
static Entry *
next_of_pattern (VgwHttpRoutes *self, const char *pattern, Entry *entry)
{
  Entry *end = &g_array_index (self->entries, Entry, self->entries->len);

  if (pattern == NULL)
    return NULL;
  for (entry = entry != NULL ? entry + 1 : &g_array_index (self->entries, Entry, 0); entry < end; entry++)
    if (g_str_equal (entry->route.pattern, pattern))
      return entry;
  return NULL;
}

static Entry *
find_entry (VgwHttpRoutes *self, const char *method, const char *path)
{
  const char *pattern = find_pattern (self, path);
  const char *wanted = g_str_equal (method, "HEAD") ? "GET" : method;

  for (Entry *entry = next_of_pattern (self, pattern, NULL); entry != NULL;
       entry = next_of_pattern (self, pattern, entry))
    if (g_str_equal (entry->route.method, wanted))
      return entry;
  return NULL;
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
vgw_http_routes_find (VgwHttpRoutes *self, const char *method, const char *path, gpointer *user_data, char ***captures)
{
  Entry *entry = find_entry (self, method, path);
  GPtrArray *captured;

  if (entry == NULL)
    return NULL;
  *user_data = entry->user_data;
  if (captures == NULL)
    return &entry->route;
  captured = g_ptr_array_new ();
  matches (entry->route.pattern, path, captured);
  g_ptr_array_add (captured, NULL);
  *captures = (char **) g_ptr_array_free (captured, FALSE);
  return &entry->route;
}

gboolean
vgw_http_routes_has_cors (VgwHttpRoutes *self, const char *path)
{
  const char *pattern = find_pattern (self, path);

  for (Entry *entry = next_of_pattern (self, pattern, NULL); entry != NULL;
       entry = next_of_pattern (self, pattern, entry))
    if (entry->route.has_cors)
      return TRUE;
  return FALSE;
}

/* Browsers send no preflight for GET and HEAD (Fetch, "CORS-safelisted method"). */
static gboolean
has_preflight (VgwHttpRoutes *self, const char *pattern)
{
  for (Entry *entry = next_of_pattern (self, pattern, NULL); entry != NULL;
       entry = next_of_pattern (self, pattern, entry))
    if (entry->route.has_cors && !g_str_equal (entry->route.method, "GET"))
      return TRUE;
  return FALSE;
}

gboolean
vgw_http_routes_allow (VgwHttpRoutes *self, const char *method, const char *path, gsize *max_body_bytes)
{
  const char *pattern = find_pattern (self, path);
  Entry *entry = find_entry (self, method, path);

  *max_body_bytes = entry != NULL ? entry->route.max_body_bytes : 0;
  if (entry != NULL)
    return TRUE;
  if (pattern == NULL)
    return g_str_equal (method, "GET") || g_str_equal (method, "HEAD");
  return g_str_equal (method, "OPTIONS") && has_preflight (self, pattern);
}

char *
vgw_http_routes_list_methods (VgwHttpRoutes *self, const char *path)
{
  static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
  GString *list = g_string_new (NULL);
  gsize max_body_bytes;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (vgw_http_routes_allow (self, methods[i], path, &max_body_bytes))
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", methods[i]);
  return g_string_free (list, FALSE);
}
