/* Lock order: VgwIceRouter.lock, then VgwIceRoute.path_lock. VgwIceRoute.deliver_lock is taken while no other lock is
 * held, and only the callbacks run under it. */
#include "ice/vgw-ice-router.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_UFRAG_BYTES 256 /* RFC 8839 section 5.4 */

struct _VgwIceRouter
{
  gatomicrefcount ref_count;
  GMutex lock;
  GHashTable *by_ufrag; /* guarded by lock; char * (owned by the route) → VgwIceRoute * (a reference) */
  GHashTable *by_path;  /* guarded by lock; VgwIcePath * (inside the route) → VgwIceRoute * */
};

typedef struct
{
  VgwIcePath path;
  gint64 last_used_us;
  gint64 last_check_us;
} ValidatedPath;

struct _VgwIceRoute
{
  gatomicrefcount ref_count;
  VgwIceRouter *router;
  const VgwIceRouteFuncs *funcs;
  gpointer user_data;
  _Atomic gint64 last_check_us;

  /* guarded by router->lock */
  char *ufrag;
  char *password; /* a GRefString: the receiving thread uses it outside of the lock */
  gboolean is_closed;
  ValidatedPath *validated[VGW_ICE_MAX_PATHS]; /* allocated one by one: they are keys of by_path */
  guint n_validated;

  GMutex path_lock;
  VgwIcePath current;     /* guarded by path_lock; remote.family is 0 for none */
  gboolean has_nominated; /* guarded by path_lock */

  GMutex deliver_lock;
  gboolean is_stopped; /* guarded by deliver_lock */
};

VgwIceRouter *
vgw_ice_router_new (void)
{
  VgwIceRouter *self = g_new0 (VgwIceRouter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->by_ufrag = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) vgw_ice_route_unref);
  self->by_path = g_hash_table_new (vgw_ice_path_hash, vgw_ice_path_equal);
  return self;
}

VgwIceRouter *
vgw_ice_router_ref (VgwIceRouter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_ice_router_unref (VgwIceRouter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->by_path);
  g_hash_table_unref (self->by_ufrag);
  g_mutex_clear (&self->lock);
  g_free (self);
}

VgwIceRoute *
vgw_ice_route_new (VgwIceRouter *router, const VgwIceRouteFuncs *funcs, gpointer user_data)
{
  VgwIceRoute *self = g_new0 (VgwIceRoute, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->router = vgw_ice_router_ref (router);
  self->funcs = funcs;
  self->user_data = user_data;
  g_mutex_init (&self->path_lock);
  g_mutex_init (&self->deliver_lock);
  return self;
}

VgwIceRoute *
vgw_ice_route_ref (VgwIceRoute *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_ice_route_unref (VgwIceRoute *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_validated; i++)
    g_free (self->validated[i]);
  g_free (self->ufrag);
  g_clear_pointer (&self->password, g_ref_string_release);
  g_mutex_clear (&self->path_lock);
  g_mutex_clear (&self->deliver_lock);
  vgw_ice_router_unref (self->router);
  g_free (self);
}

/* With router->lock. */
static void
forget_credentials (VgwIceRoute *self)
{
  if (self->ufrag != NULL)
    g_hash_table_remove (self->router->by_ufrag, self->ufrag);
  g_clear_pointer (&self->ufrag, g_free);
  g_clear_pointer (&self->password, g_ref_string_release);
}

gboolean
vgw_ice_route_set_credentials (VgwIceRoute *self, const char *ufrag, const char *password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);
  VgwIceRoute *owner = g_hash_table_lookup (self->router->by_ufrag, ufrag);

  if (self->is_closed || strlen (ufrag) > MAX_UFRAG_BYTES || *ufrag == '\0' || *password == '\0')
    return FALSE;
  if (owner != NULL && owner != self)
    return FALSE;

  /* the caller's reference keeps self while the table's is dropped */
  forget_credentials (self);
  self->ufrag = g_strdup (ufrag);
  self->password = g_ref_string_new (password);
  g_hash_table_insert (self->router->by_ufrag, self->ufrag, vgw_ice_route_ref (self));
  return TRUE;
}

void
vgw_ice_route_stop (VgwIceRoute *self)
{
  g_mutex_lock (&self->router->lock);
  self->is_closed = TRUE;
  for (guint i = 0; i < self->n_validated; i++)
    {
      g_hash_table_remove (self->router->by_path, &self->validated[i]->path);
      g_free (self->validated[i]);
    }
  self->n_validated = 0;
  forget_credentials (self);
  g_mutex_unlock (&self->router->lock);

  g_mutex_lock (&self->deliver_lock);
  self->is_stopped = TRUE;
  g_mutex_unlock (&self->deliver_lock);
}

gboolean
vgw_ice_route_get_path (VgwIceRoute *self, VgwIcePath *path)
{
  g_mutex_lock (&self->path_lock);
  *path = self->current;
  g_mutex_unlock (&self->path_lock);
  return path->remote.family != 0;
}

gint64
vgw_ice_route_get_last_check_us (VgwIceRoute *self)
{
  return atomic_load_explicit (&self->last_check_us, memory_order_relaxed);
}

/* With router->lock. */
static void
remove_validated (VgwIceRoute *self, guint index)
{
  g_hash_table_remove (self->router->by_path, &self->validated[index]->path);
  g_free (self->validated[index]);
  self->validated[index] = self->validated[--self->n_validated];
}

/* With router->lock. The validated path whose last check is newest, or NULL. */
static const ValidatedPath *
newest_validated (VgwIceRoute *self)
{
  const ValidatedPath *newest = NULL;

  for (guint i = 0; i < self->n_validated; i++)
    if (newest == NULL || self->validated[i]->last_check_us > newest->last_check_us)
      newest = self->validated[i];
  return newest;
}

/* With router->lock. @path has proved to be somebody else's. */
static void
lose_path (VgwIceRoute *self, const VgwIcePath *path)
{
  const ValidatedPath *fallback;

  for (guint i = 0; i < self->n_validated; i++)
    if (vgw_ice_path_equal (&self->validated[i]->path, path))
      {
        remove_validated (self, i);
        break;
      }

  fallback = newest_validated (self);
  g_mutex_lock (&self->path_lock);
  if (vgw_ice_path_equal (&self->current, path))
    {
      memset (&self->current, 0, sizeof self->current);
      self->has_nominated = FALSE;
      if (fallback != NULL)
        self->current = fallback->path;
    }
  g_mutex_unlock (&self->path_lock);
}

/* With router->lock. Makes room by dropping the longest unused path that we do not send on. */
static void
evict_one (VgwIceRoute *self)
{
  VgwIcePath current;
  guint oldest = VGW_ICE_MAX_PATHS;

  vgw_ice_route_get_path (self, &current);
  for (guint i = 0; i < self->n_validated; i++)
    {
      if (vgw_ice_path_equal (&self->validated[i]->path, &current))
        continue;
      if (oldest == VGW_ICE_MAX_PATHS || self->validated[i]->last_used_us < self->validated[oldest]->last_used_us)
        oldest = i;
    }
  remove_validated (self, oldest);
}

/* With router->lock. */
static ValidatedPath *
ensure_validated (VgwIceRoute *self, const VgwIcePath *path)
{
  ValidatedPath *validated;
  VgwIceRoute *owner = g_hash_table_lookup (self->router->by_path, path);

  if (owner == self)
    for (guint i = 0; i < self->n_validated; i++)
      if (vgw_ice_path_equal (&self->validated[i]->path, path))
        return self->validated[i];
  if (owner != NULL)
    lose_path (owner, path);
  if (self->n_validated == VGW_ICE_MAX_PATHS)
    evict_one (self);

  validated = g_new0 (ValidatedPath, 1);
  validated->path = *path;
  self->validated[self->n_validated++] = validated;
  g_hash_table_insert (self->router->by_path, &validated->path, self);
  return validated;
}

/* Returns whether the peer has nominated a path. */
static gboolean
choose_path (VgwIceRoute *self, const VgwIcePath *path, gboolean is_nominated)
{
  gboolean has_nominated;

  g_mutex_lock (&self->path_lock);
  if (is_nominated || !self->has_nominated)
    self->current = *path;
  self->has_nominated |= is_nominated;
  has_nominated = self->has_nominated;
  g_mutex_unlock (&self->path_lock);
  return has_nominated;
}

VgwIceRoute *
vgw_ice_router_find_ufrag (VgwIceRouter *self, const char *ufrag, gsize length, char **password)
{
  char name[MAX_UFRAG_BYTES + 1];
  VgwIceRoute *route;

  if (length > MAX_UFRAG_BYTES || memchr (ufrag, '\0', length) != NULL)
    return NULL;
  memcpy (name, ufrag, length);
  name[length] = '\0';

  g_mutex_lock (&self->lock);
  route = g_hash_table_lookup (self->by_ufrag, name);
  if (route != NULL)
    {
      vgw_ice_route_ref (route);
      *password = g_ref_string_acquire (route->password);
    }
  g_mutex_unlock (&self->lock);
  return route;
}

VgwIceRoute *
vgw_ice_router_find_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us)
{
  gpointer key;
  gpointer route = NULL;

  g_mutex_lock (&self->lock);
  if (g_hash_table_lookup_extended (self->by_path, path, &key, &route))
    {
      ((ValidatedPath *) key)->last_used_us = now_us; /* the key is its first member */
      vgw_ice_route_ref (route);
    }
  g_mutex_unlock (&self->lock);
  return route;
}

G_STATIC_ASSERT (G_STRUCT_OFFSET (ValidatedPath, path) == 0);

void
vgw_ice_router_validate (VgwIceRouter *self, VgwIceRoute *route, const VgwIcePath *path, gboolean is_nominated,
                         gint64 now_us)
{
  ValidatedPath *validated;
  gboolean has_nominated;

  g_mutex_lock (&self->lock);
  if (route->is_closed)
    {
      g_mutex_unlock (&self->lock);
      return;
    }
  validated = ensure_validated (route, path);
  validated->last_used_us = validated->last_check_us = now_us;
  has_nominated = choose_path (route, path, is_nominated);
  atomic_store_explicit (&route->last_check_us, now_us, memory_order_relaxed);
  g_mutex_unlock (&self->lock);

  g_mutex_lock (&route->deliver_lock);
  if (!route->is_stopped)
    route->funcs->checked (has_nominated, route->user_data);
  g_mutex_unlock (&route->deliver_lock);
}

void
vgw_ice_route_deliver (VgwIceRoute *self, const guint8 *data, gsize length)
{
  g_mutex_lock (&self->deliver_lock);
  if (!self->is_stopped)
    self->funcs->packet (data, length, self->user_data);
  g_mutex_unlock (&self->deliver_lock);
}

guint
vgw_ice_router_count_paths (VgwIceRouter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_size (self->by_path);
}

guint
vgw_ice_router_count_routes (VgwIceRouter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_size (self->by_ufrag);
}
