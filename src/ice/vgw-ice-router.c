/* An address is the route's that proved it last; one that nobody has proved is the first route's that a check came
 * from, as long as its checks go on. So a check with a forged source takes nothing away from anybody: it costs that
 * address an answer and two checks, and moves nothing.
 *
 * Lock order: VgwIceRouter.lock, then VgwIceRoute.path_lock. VgwIceRoute.deliver_lock is taken while no other lock is
 * held, and only the callbacks run under it. */
#include "ice/vgw-ice-router.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#define MAX_UFRAG_BYTES 256 /* RFC 8839 section 5.4 */

/* What an address may be sent that has not proved itself: one flight of a DTLS handshake, and three times what came
 * from there (RFC 9000 section 8.1). */
#define UNPROVED_FLIGHT_BYTES 4096u
#define UNPROVED_FACTOR 3u

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
};

struct _VgwIceRoute
{
  gatomicrefcount ref_count;
  VgwIceRouter *router;
  const VgwIceRouteFuncs *funcs;
  gpointer user_data;
  _Atomic gint64 last_check_us;
  _Atomic gint64 silent_since_us;
  atomic_bool has_proof; /* as in paths, for a look without the lock */

  /* guarded by router->lock */
  char *ufrag;
  char *password;        /* a GRefString: the receiving thread uses it outside of the lock */
  char *remote_ufrag;    /* (nullable) */
  char *remote_password; /* (nullable) a GRefString */
  gboolean is_closed;
  VgwIcePathSet paths;

  GMutex path_lock;
  VgwIcePath send_path; /* guarded by path_lock, as the next; remote.family is 0 for none */
  gboolean is_proved;   /* without a bound to what is sent */
  gboolean is_silent;   /* nothing is sent */
  gsize unproved_bytes; /* that may still be sent */

  GMutex deliver_lock;
  gboolean is_stopped; /* guarded by deliver_lock */
};

static guint
hash_transaction (gconstpointer id)
{
  guint32 word;

  memcpy (&word, id, sizeof word); /* random bytes need no mixing */
  return word;
}

static gboolean
equal_transactions (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, VGW_ICE_TRANSACTION_BYTES) == 0;
}

VgwIceRouter *
vgw_ice_router_new (void)
{
  VgwIceRouter *self = g_new0 (VgwIceRouter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->by_ufrag = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) vgw_ice_route_unref);
  self->by_path = g_hash_table_new (vgw_ice_path_hash, vgw_ice_path_equal);
  self->by_transaction = g_hash_table_new (hash_transaction, equal_transactions);
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
  self->funcs = funcs;
  self->user_data = user_data;
  self->unproved_bytes = UNPROVED_FLIGHT_BYTES;
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
  g_free (self->ufrag);
  g_free (self->remote_ufrag);
  g_clear_pointer (&self->password, g_ref_string_release);
  g_clear_pointer (&self->remote_password, g_ref_string_release);
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
vgw_ice_route_set_remote_credentials (VgwIceRoute *self, const char *ufrag, const char *password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->router->lock);

  g_free (self->remote_ufrag);
  self->remote_ufrag = g_strdup (ufrag);
  g_clear_pointer (&self->remote_password, g_ref_string_release);
  self->remote_password = g_ref_string_new (password);
}

/* With router->lock. */
static void
forget_transaction (VgwIceRouter *self, VgwIceKnownPath *known)
{
  if (g_hash_table_lookup (self->by_transaction, known->consent.id) == known)
    g_hash_table_remove (self->by_transaction, known->consent.id);
}

/* With the lock. */
static void
count_paths (VgwIceRouter *self)
{
  atomic_store_explicit (&self->n_paths, g_hash_table_size (self->by_path), memory_order_relaxed);
}

/* With router->lock. */
static void
forget_path (VgwIceRoute *self, VgwIceKnownPath *known)
{
  forget_transaction (self->router, known);
  if (known->is_owned)
    g_hash_table_remove (self->router->by_path, &known->path);
  vgw_ice_path_set_remove (&self->paths, known);
  count_paths (self->router);
}

void
vgw_ice_route_stop (VgwIceRoute *self)
{
  g_mutex_lock (&self->router->lock);
  self->is_closed = TRUE;
  while (self->paths.n_known > 0)
    forget_path (self, self->paths.known[0]);
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
  *path = self->send_path;
  g_mutex_unlock (&self->path_lock);
  return path->remote.family != 0;
}

gboolean
vgw_ice_route_take_path (VgwIceRoute *self, gsize length, VgwIcePath *path)
{
  gboolean may_send;

  g_mutex_lock (&self->path_lock);
  *path = self->send_path;
  may_send = path->remote.family != 0 && !self->is_silent && (self->is_proved || self->unproved_bytes >= length);
  if (may_send && !self->is_proved)
    self->unproved_bytes -= length;
  g_mutex_unlock (&self->path_lock);
  return may_send;
}

gint64
vgw_ice_route_get_last_check_us (VgwIceRoute *self)
{
  return atomic_load_explicit (&self->last_check_us, memory_order_relaxed);
}

gint64
vgw_ice_route_get_silent_since_us (VgwIceRoute *self)
{
  return atomic_load_explicit (&self->silent_since_us, memory_order_relaxed);
}

/* With router->lock. Chooses again where to send, and tells the sending threads. */
static void
choose (VgwIceRoute *self, gint64 now_us)
{
  gboolean has_moved = vgw_ice_path_set_choose (&self->paths, now_us);
  gboolean is_silent = vgw_ice_path_set_is_silent (&self->paths, now_us);

  if (has_moved)
    atomic_fetch_add_explicit (&self->router->n_moved, 1, memory_order_relaxed);
  atomic_store_explicit (&self->has_proof, self->paths.has_proof, memory_order_relaxed);
  g_mutex_lock (&self->path_lock);
  if (self->paths.current != NULL)
    self->send_path = self->paths.current->path;
  else
    memset (&self->send_path, 0, sizeof self->send_path);
  self->is_proved = self->paths.has_proof;
  if (is_silent != self->is_silent)
    atomic_store_explicit (&self->silent_since_us, is_silent ? now_us : 0, memory_order_relaxed);
  if (is_silent && !self->is_silent)
    atomic_fetch_add_explicit (&self->router->n_consents_lost, 1, memory_order_relaxed);
  self->is_silent = is_silent;
  g_mutex_unlock (&self->path_lock);
}

/* With router->lock. Gives the address of @known to its route, and takes it from another one that has it. */
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
  count_paths (router);
}

/* Whether the route that has an address keeps it against a check of another session. */
static gboolean
is_held (const VgwIceKnownPath *owner, gint64 now_us)
{
  return vgw_ice_consent_is_fresh (&owner->consent, now_us)
         || now_us - owner->consent.last_check_us < VGW_ICE_CONSENT_US;
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
  if (owner == NULL || (owner != known && !is_held (owner, now_us)))
    take_over (known, now_us);
  else if (owner != known)
    atomic_fetch_add_explicit (&self->router->n_foreign, 1, memory_order_relaxed);
  return known;
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

/* With router->lock. What came from an address that has not proved itself pays for what is sent there. */
static void
pay (VgwIceRoute *self, gsize length)
{
  g_mutex_lock (&self->path_lock);
  self->unproved_bytes += UNPROVED_FACTOR * length;
  g_mutex_unlock (&self->path_lock);
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
        pay (self, length);
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

static void
tell_checked (VgwIceRoute *route, gboolean has_nominated)
{
  g_mutex_lock (&route->deliver_lock);
  if (!route->is_stopped)
    route->funcs->checked (has_nominated, route->user_data);
  g_mutex_unlock (&route->deliver_lock);
}

void
vgw_ice_router_validate (VgwIceRouter *self, VgwIceRoute *route, const VgwIcePath *path, gboolean is_nominated,
                         gsize length, gint64 now_us)
{
  gboolean has_nominated = FALSE, has_path = FALSE;

  g_mutex_lock (&self->lock);
  if (!route->is_closed)
    {
      VgwIceKnownPath *known = ensure_known (route, path, now_us);

      vgw_ice_path_set_checked (&route->paths, known, is_nominated, now_us);
      if (!route->paths.has_proof && route->paths.current == known)
        pay (route, length);
      choose (route, now_us);
      has_nominated = route->paths.has_nominated;
      has_path = route->paths.current != NULL;
      atomic_store_explicit (&route->last_check_us, now_us, memory_order_relaxed);
    }
  g_mutex_unlock (&self->lock);

  if (has_path)
    tell_checked (route, has_nominated);
}

/* With router->lock. Fills @check with a check of our own for @known. */
static void
take_check (VgwIceRoute *self, VgwIceKnownPath *known, VgwIceCheck *check, gint64 now_us)
{
  guint8 id[VGW_ICE_TRANSACTION_BYTES];

  if (vgw_ice_consent_tried (&known->consent, now_us))
    {
      forget_transaction (self->router, known);
      /* so few bytes come whole and at once */
      if (getrandom (id, sizeof id, 0) != sizeof id)
        g_error ("no random bytes from the kernel");
      memcpy (known->consent.id, id, sizeof id);
      g_hash_table_insert (self->router->by_transaction, known->consent.id, known);
    }
  check->path = known->path;
  memcpy (check->id, known->consent.id, sizeof check->id);
  check->username = g_strdup_printf ("%s:%s", self->remote_ufrag, self->ufrag);
  check->password = g_ref_string_acquire (self->remote_password);
}

/* With router->lock. */
static guint
take_due (VgwIceRoute *self, gint64 now_us, VgwIceCheck *checks, guint max)
{
  guint n = 0;

  if (self->paths.n_known > 0)
    choose (self, now_us);
  if (self->remote_password == NULL || self->ufrag == NULL)
    return 0;
  for (guint i = 0; i < self->paths.n_known && n < max; i++)
    {
      VgwIceKnownPath *known = self->paths.known[i];

      if (vgw_ice_consent_is_due (&known->consent, known == self->paths.current, now_us))
        take_check (self, known, &checks[n++], now_us);
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
  guint n = 0;

  g_hash_table_iter_init (&iter, self->by_ufrag);
  while (n < max && g_hash_table_iter_next (&iter, NULL, &route))
    n += take_due (route, now_us, checks + n, max - n);
  return n;
}

void
vgw_ice_check_clear (VgwIceCheck *self)
{
  g_clear_pointer (&self->username, g_free);
  g_clear_pointer (&self->password, g_ref_string_release);
}

/* With the lock. The path that waits for the answer to @id over @path, or NULL. */
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

  return known != NULL ? g_ref_string_acquire (((VgwIceRoute *) known->route)->remote_password) : NULL;
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
    tell_checked (route, has_nominated);
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
  };
}
