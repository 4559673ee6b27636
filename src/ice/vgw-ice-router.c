/* An address belongs to the route that proved it last; an unproved one to the first route that received a check from
 * it, while its checks continue. So a check with a forged source address affects no other route: that address receives
 * an answer and two checks.
 *
 * Lock order: VgwIceRouter.lock, then VgwIceSendPath.lock. VgwIceDelivery.lock is taken while no other lock is held;
 * only the callbacks run under it. */
#include "ice/vgw-ice-router.h"

#include "base/vgw-random.h"
#include "ice/vgw-ice-generations.h"
#include "ice/vgw-ice-send-path.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_UFRAG_BYTES 256 /* RFC 8839 section 5.4 */

struct _VgwIceRouter
{
  gatomicrefcount ref_count;
  GMutex lock;
  GHashTable *by_ufrag; /* guarded by lock, as all tables; char * (owned by the route) → VgwIceRoute * (a reference) */
  GHashTable *by_path;  /* VgwIcePath * (inside of the value) → VgwIceKnownPath * */
  GHashTable *by_transaction; /* guint8[] (inside of the value) → VgwIceKnownPath * */
  _Atomic guint n_paths;      /* the size of by_path, for a look without the lock */
  _Atomic guint64 n_moved;
  _Atomic guint64 n_consents_lost;
  _Atomic guint64 n_foreign;
  _Atomic guint64 n_restarts;
};

struct _VgwIceRoute
{
  gatomicrefcount ref_count;
  VgwIceRouter *router;
  _Atomic gint64 last_check_us;
  atomic_bool has_proof; /* as in paths, for a look without the lock */

  /* guarded by router->lock */
  VgwIceGenerations generations; /* from the oldest that the path in use has to that of the last restart */
  guint counted_generation;      /* the last one in n_restarts */
  gboolean is_closed;
  VgwIcePathSet paths;

  VgwIceSendPath send_path; /* as paths.current has it */
  VgwIceDelivery delivery;
};

VgwIceRouter *
vgw_ice_router_new (void)
{
  VgwIceRouter *self = g_new0 (VgwIceRouter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->by_ufrag = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) vgw_ice_route_unref);
  self->by_path = g_hash_table_new (vgw_ice_path_hash, vgw_ice_path_equal);
  self->by_transaction = g_hash_table_new (vgw_ice_transaction_hash, vgw_ice_transaction_equal);
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
  g_hash_table_unref (self->by_transaction);
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
  vgw_ice_generations_init (&self->generations);
  vgw_ice_send_path_init (&self->send_path);
  vgw_ice_delivery_init (&self->delivery, funcs, user_data);
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
  vgw_ice_generations_clear (&self->generations);
  vgw_ice_send_path_clear (&self->send_path);
  vgw_ice_delivery_clear (&self->delivery);
  vgw_ice_router_unref (self->router);
  g_free (self);
}

/* router->lock held; the caller has a reference. */
static void
forget_ufrag (VgwIceRoute *self, VgwIceCredentials *credentials)
{
  if (credentials->ufrag != NULL)
    g_hash_table_remove (self->router->by_ufrag, credentials->ufrag);
  vgw_ice_credentials_set_local (credentials, NULL, NULL);
}

/* With router->lock. */
static gboolean
may_have_local (VgwIceRoute *self, const char *ufrag, const char *password)
{
  return !self->is_closed && strlen (ufrag) <= MAX_UFRAG_BYTES && *ufrag != '\0' && *password != '\0'
         && !g_hash_table_contains (self->router->by_ufrag, ufrag);
}

/* With router->lock. */
static void
set_local (VgwIceRoute *self, VgwIceCredentials *credentials, const char *ufrag, const char *password)
{
  forget_ufrag (self, credentials);
  vgw_ice_credentials_set_local (credentials, ufrag, password);
  g_hash_table_insert (self->router->by_ufrag, credentials->ufrag, vgw_ice_route_ref (self));
}

gboolean
vgw_ice_route_set_credentials (VgwIceRoute *self, const char *ufrag, const char *password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);
  VgwIceCredentials *credentials = vgw_ice_generations_get_newest (&self->generations);

  if (g_strcmp0 (credentials->ufrag, ufrag) != 0 && !may_have_local (self, ufrag, password))
    return FALSE;
  set_local (self, credentials, ufrag, password);
  return TRUE;
}

void
vgw_ice_route_set_remote_credentials (VgwIceRoute *self, const char *ufrag, const char *password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);

  vgw_ice_credentials_set_remote (vgw_ice_generations_get_newest (&self->generations), ufrag, password);
}

/* With router->lock. */
static void
forget_generation (VgwIceRoute *self, VgwIceCredentials *credentials)
{
  forget_ufrag (self, credentials);
  vgw_ice_generations_remove (&self->generations, credentials);
}

gboolean
vgw_ice_route_restart (VgwIceRoute *self, const char *ufrag, const char *password, const char *remote_ufrag,
                       const char *remote_password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);
  const VgwIceKnownPath *current = self->paths.current;
  VgwIceCredentials *excess, *added;

  if (vgw_ice_generations_get_newest (&self->generations)->ufrag == NULL || !may_have_local (self, ufrag, password))
    return FALSE;
  excess = vgw_ice_generations_find_excess (&self->generations, current != NULL ? current->generation : 0,
                                            current != NULL ? current->peer_generation : 0);
  if (excess != NULL)
    forget_generation (self, excess);
  added = vgw_ice_generations_add (&self->generations);
  set_local (self, added, ufrag, password);
  vgw_ice_credentials_set_remote (added, remote_ufrag, remote_password);
  return TRUE;
}

/* With router->lock. Once media goes over a path that was proved with newer credentials, the ones before are gone. */
static void
end_restart (VgwIceRoute *self)
{
  const VgwIceKnownPath *current = self->paths.current;

  if (current == NULL || current->consent.proof == VGW_ICE_PROOF_NONE)
    return;
  if (current->peer_generation > self->counted_generation)
    {
      atomic_fetch_add_explicit (&self->router->n_restarts, 1, memory_order_relaxed);
      self->counted_generation = current->peer_generation;
    }
  while (self->generations.known[0].generation < MIN (current->generation, current->peer_generation))
    forget_generation (self, &self->generations.known[0]);
}

/* With router->lock. */
static void
forget_transaction (VgwIceRouter *self, VgwIceKnownPath *known)
{
  if (g_hash_table_lookup (self->by_transaction, known->consent.id) == known)
    g_hash_table_remove (self->by_transaction, known->consent.id);
}

/* With router->lock. */
static void
forget_path (VgwIceRoute *self, VgwIceKnownPath *known)
{
  forget_transaction (self->router, known);
  if (known->is_owned)
    g_hash_table_remove (self->router->by_path, &known->path);
  atomic_store_explicit (&self->router->n_paths, g_hash_table_size (self->router->by_path), memory_order_relaxed);
  vgw_ice_path_set_remove (&self->paths, known);
}

void
vgw_ice_route_stop (VgwIceRoute *self)
{
  g_mutex_lock (&self->router->lock);
  self->is_closed = TRUE;
  while (self->paths.n_known > 0)
    forget_path (self, self->paths.known[0]);
  for (guint i = 0; i < self->generations.n_known; i++)
    forget_ufrag (self, &self->generations.known[i]);
  g_mutex_unlock (&self->router->lock);

  vgw_ice_delivery_stop (&self->delivery);
}

gboolean
vgw_ice_route_get_path (VgwIceRoute *self, VgwIcePath *path)
{
  return vgw_ice_send_path_get (&self->send_path, path);
}

gboolean
vgw_ice_route_take_path (VgwIceRoute *self, gsize length, VgwIcePath *path)
{
  return vgw_ice_send_path_take (&self->send_path, length, path);
}

gint64
vgw_ice_route_get_last_check_us (VgwIceRoute *self)
{
  return atomic_load_explicit (&self->last_check_us, memory_order_relaxed);
}

gint64
vgw_ice_route_get_silent_since_us (VgwIceRoute *self)
{
  return atomic_load_explicit (&self->send_path.silent_since_us, memory_order_relaxed);
}

/* Selects the path to send on, and publishes it to the sending threads. router->lock held. */
static void
choose (VgwIceRoute *self, gint64 now_us)
{
  gboolean has_moved = vgw_ice_path_set_choose (&self->paths, now_us);

  if (has_moved)
    atomic_fetch_add_explicit (&self->router->n_moved, 1, memory_order_relaxed);
  end_restart (self);
  atomic_store_explicit (&self->has_proof, self->paths.has_proof, memory_order_relaxed);
  if (vgw_ice_send_path_set (&self->send_path, self->paths.current != NULL ? &self->paths.current->path : NULL,
                             self->paths.has_proof, vgw_ice_path_set_is_silent (&self->paths, now_us), now_us))
    atomic_fetch_add_explicit (&self->router->n_consents_lost, 1, memory_order_relaxed);
}

/* Makes the address of @known belong to its route. router->lock held. */
static void
take_over (VgwIceKnownPath *known, gint64 now_us)
{
  VgwIceRouter *router = ((VgwIceRoute *) known->route)->router;
  VgwIceKnownPath *owner = g_hash_table_lookup (router->by_path, &known->path);

  if (owner == known)
    return;
  if (owner != NULL)
    {
      VgwIceRoute *loser = owner->route;

      forget_path (loser, owner);
      choose (loser, now_us);
    }
  known->is_owned = TRUE;
  g_hash_table_insert (router->by_path, &known->path, known);
  atomic_store_explicit (&router->n_paths, g_hash_table_size (router->by_path), memory_order_relaxed);
}

/* With router->lock. */
static VgwIceKnownPath *
ensure_known (VgwIceRoute *self, const VgwIcePath *path, gint64 now_us)
{
  VgwIceKnownPath *known = vgw_ice_path_set_find (&self->paths, path);
  VgwIceKnownPath *excess = known == NULL ? vgw_ice_path_set_find_excess (&self->paths, now_us) : NULL;
  const VgwIceKnownPath *owner;

  if (excess != NULL)
    forget_path (self, excess);
  if (known == NULL)
    {
      known = vgw_ice_path_set_add (&self->paths, path, now_us);
      known->route = self;
    }
  owner = g_hash_table_lookup (self->router->by_path, path);
  if (owner == NULL || (owner != known && !vgw_ice_consent_is_held (&owner->consent, now_us)))
    take_over (known, now_us);
  else if (owner != known)
    atomic_fetch_add_explicit (&self->router->n_foreign, 1, memory_order_relaxed);
  return known;
}

VgwIceRoute *
vgw_ice_router_find_ufrag (VgwIceRouter *self, const char *ufrag, gsize length, char **password, guint *generation)
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
      const VgwIceCredentials *credentials = vgw_ice_generations_find_local (&route->generations, name);

      vgw_ice_route_ref (route);
      *password = g_ref_string_acquire (credentials->password);
      *generation = credentials->generation;
    }
  g_mutex_unlock (&self->lock);
  return route;
}

VgwIceRoute *
vgw_ice_router_find_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us)
{
  VgwIceRoute *route = NULL;
  VgwIceKnownPath *known;

  g_mutex_lock (&self->lock);
  known = g_hash_table_lookup (self->by_path, path);
  if (known != NULL)
    {
      VgwIceRoute *owner = known->route;

      known->last_used_us = now_us;
      if (vgw_ice_path_set_may_deliver (&owner->paths, known))
        route = vgw_ice_route_ref (owner);
    }
  g_mutex_unlock (&self->lock);
  return route;
}

void
vgw_ice_route_note_handshake (VgwIceRoute *self, const VgwIcePath *path, gsize length, gint64 now_us)
{
  VgwIceKnownPath *known;

  if (atomic_load_explicit (&self->has_proof, memory_order_relaxed))
    return;
  g_mutex_lock (&self->router->lock);
  known = vgw_ice_path_set_find (&self->paths, path);
  if (known != NULL && known->is_owned && !self->paths.has_proof)
    {
      if (self->paths.handshake == NULL)
        self->paths.handshake = self->paths.current = known;
      if (self->paths.handshake == known)
        vgw_ice_send_path_pay (&self->send_path, length);
      choose (self, now_us);
    }
  g_mutex_unlock (&self->router->lock);
}

void
vgw_ice_route_confirm_handshake (VgwIceRoute *self, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);

  if (self->paths.has_proof || self->paths.handshake == NULL)
    return;
  vgw_ice_path_set_proved (&self->paths, self->paths.handshake, VGW_ICE_PROOF_DTLS, now_us);
  choose (self, now_us);
}

/* With router->lock. The peer has restarted ICE: an answer that is on its way would have the old password. */
static void
renew (VgwIceKnownPath *known, guint generation, guint peer_generation)
{
  forget_transaction (((VgwIceRoute *) known->route)->router, known);
  known->generation = generation;
  known->peer_generation = peer_generation;
  vgw_ice_consent_restart (&known->consent);
}

void
vgw_ice_router_validate (VgwIceRouter *self, VgwIceRoute *route, const VgwIcePath *path, guint generation,
                         gboolean is_nominated, gsize length, gint64 now_us)
{
  gboolean has_nominated = FALSE, has_path = FALSE;

  g_mutex_lock (&self->lock);
  if (!route->is_closed)
    {
      VgwIceKnownPath *known = ensure_known (route, path, now_us);

      if (generation > known->generation)
        renew (known, generation, MAX (generation, known->peer_generation));
      vgw_ice_path_set_checked (&route->paths, known, is_nominated, now_us);
      if (!route->paths.has_proof && route->paths.current == known)
        vgw_ice_send_path_pay (&route->send_path, length);
      choose (route, now_us);
      has_nominated = route->paths.has_nominated;
      has_path = route->paths.current != NULL;
      atomic_store_explicit (&route->last_check_us, now_us, memory_order_relaxed);
    }
  g_mutex_unlock (&self->lock);

  if (has_path)
    vgw_ice_delivery_checked (&route->delivery, has_nominated);
}

void
vgw_ice_route_note_peer (VgwIceRoute *self, const VgwIcePath *path, const char *ufrag)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);
  VgwIceKnownPath *known = vgw_ice_path_set_find (&self->paths, path);
  const VgwIceCredentials *theirs = vgw_ice_generations_find_remote (&self->generations, ufrag);

  if (known != NULL && theirs != NULL && theirs->generation > known->peer_generation)
    renew (known, known->generation, theirs->generation);
}

/* Fills @check with a check for @known. router->lock held. */
static void
take_check (VgwIceRoute *self, VgwIceKnownPath *known, const VgwIceCredentials *ours, const VgwIceCredentials *theirs,
            VgwIceCheck *check, gint64 now_us)
{
  if (vgw_ice_consent_tried (&known->consent, now_us))
    {
      forget_transaction (self->router, known);
      vgw_random_bytes (known->consent.id, VGW_ICE_TRANSACTION_BYTES);
      g_hash_table_insert (self->router->by_transaction, known->consent.id, known);
    }
  vgw_ice_check_fill (check, &known->path, known->consent.id, ours, theirs);
}

/* With router->lock. */
static guint
take_due (VgwIceRoute *self, gint64 now_us, VgwIceCheck *checks, guint max)
{
  guint n = 0;

  if (self->paths.n_known > 0)
    choose (self, now_us);
  for (guint i = 0; i < self->paths.n_known && n < max; i++)
    {
      VgwIceKnownPath *known = self->paths.known[i];
      const VgwIceCredentials *ours = vgw_ice_generations_find (&self->generations, known->generation);
      const VgwIceCredentials *theirs = vgw_ice_generations_find (&self->generations, known->peer_generation);

      if (ours != NULL && ours->ufrag != NULL && theirs != NULL && theirs->remote_password != NULL
          && vgw_ice_consent_is_due (&known->consent, known == self->paths.current, now_us))
        take_check (self, known, ours, theirs, &checks[n++], now_us);
    }
  return n;
}

guint
vgw_ice_route_take_due (VgwIceRoute *self, gint64 now_us, VgwIceCheck *checks, guint max)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);

  return self->is_closed ? 0 : take_due (self, now_us, checks, max);
}

guint
vgw_ice_router_take_due (VgwIceRouter *self, gint64 now_us, VgwIceCheck *checks, guint max)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GHashTableIter iter;
  gpointer route;
  guint n = 0, n_ufrags = g_hash_table_size (self->by_ufrag); /* changes at a restart's end: then the next tick */

  g_hash_table_iter_init (&iter, self->by_ufrag);
  while (n < max && g_hash_table_size (self->by_ufrag) == n_ufrags && g_hash_table_iter_next (&iter, NULL, &route))
    n += take_due (route, now_us, checks + n, max - n);
  return n;
}

/* The path with the pending transaction @id on @path, or NULL. Lock held. */
static VgwIceKnownPath *
find_waiting (VgwIceRouter *self, const guint8 *id, const VgwIcePath *path)
{
  VgwIceKnownPath *known = g_hash_table_lookup (self->by_transaction, id);

  return known != NULL && vgw_ice_path_equal (&known->path, path) ? known : NULL;
}

char *
vgw_ice_router_find_transaction (VgwIceRouter *self, const guint8 *id, const VgwIcePath *path)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  VgwIceKnownPath *known = find_waiting (self, id, path);
  VgwIceRoute *route = known != NULL ? known->route : NULL;
  const VgwIceCredentials *credentials =
      route != NULL ? vgw_ice_generations_find (&route->generations, known->peer_generation) : NULL;

  return credentials != NULL ? g_ref_string_acquire (credentials->remote_password) : NULL;
}

void
vgw_ice_router_prove (VgwIceRouter *self, const guint8 *id, const VgwIcePath *path, gint64 now_us)
{
  g_autoptr (VgwIceRoute) route = NULL;
  VgwIceKnownPath *known;
  gboolean has_nominated = FALSE;

  g_mutex_lock (&self->lock);
  known = find_waiting (self, id, path);
  if (known != NULL)
    {
      route = vgw_ice_route_ref (known->route);
      forget_transaction (self, known);
      known->last_used_us = now_us;
      take_over (known, now_us);
      vgw_ice_path_set_proved (&route->paths, known, VGW_ICE_PROOF_ANSWER, now_us);
      choose (route, now_us);
      has_nominated = route->paths.has_nominated;
      atomic_store_explicit (&route->last_check_us, now_us, memory_order_relaxed);
    }
  g_mutex_unlock (&self->lock);

  if (route != NULL)
    vgw_ice_delivery_checked (&route->delivery, has_nominated);
}

gboolean
vgw_ice_router_has_path (VgwIceRouter *self, const VgwIcePath *path)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_contains (self->by_path, path);
}

void
vgw_ice_router_lose_path (VgwIceRouter *self, const VgwIcePath *path, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  VgwIceKnownPath *known = g_hash_table_lookup (self->by_path, path);
  VgwIceRoute *route;

  if (known == NULL)
    return;
  route = known->route;
  forget_path (route, known);
  choose (route, now_us);
}

void
vgw_ice_route_deliver (VgwIceRoute *self, const guint8 *data, gsize length)
{
  vgw_ice_delivery_packet (&self->delivery, data, length);
}

guint
vgw_ice_router_count_paths (VgwIceRouter *self)
{
  return atomic_load_explicit (&self->n_paths, memory_order_relaxed);
}

guint
vgw_ice_router_count_routes (VgwIceRouter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_size (self->by_ufrag);
}

void
vgw_ice_router_get_counts (VgwIceRouter *self, VgwIceRouterCounts *counts)
{
  *counts = (VgwIceRouterCounts){
    .moved = atomic_load_explicit (&self->n_moved, memory_order_relaxed),
    .consents_lost = atomic_load_explicit (&self->n_consents_lost, memory_order_relaxed),
    .foreign = atomic_load_explicit (&self->n_foreign, memory_order_relaxed),
    .restarts = atomic_load_explicit (&self->n_restarts, memory_order_relaxed),
  };
}
