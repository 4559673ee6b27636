/* Lock order: advertise_lock, socket_lock and defer_lock are leaves: nothing else is locked under them. The locks of
 * the tables are described in vgw-ice-router.c. */
#include "ice/vgw-ice-mux.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>

#include "base/vgw-log.h"
#include "ice/vgw-ice-candidate.h"
#include "ice/vgw-ice-receiver.h"
#include "ice/vgw-ice-tcp.h"

#define N_DEFER_THREADS 2
#define MAX_RECEIVERS 16u

GST_DEBUG_CATEGORY (vgw_ice_debug);
#define GST_CAT_DEFAULT vgw_ice_debug

struct _VgwIceMux
{
  GObject parent_instance;

  VgwIceAddress bound; /* constant; family 0: everywhere */
  gboolean has_ipv4;   /* constant, as the next */
  gboolean has_ipv6;
  VgwIceShared shared;

  GPtrArray *receivers; /* VgwIceReceiver; main thread */
  VgwIceTcp *tcp;       /* (nullable) constant once there is a session, as the next */
  guint16 tcp_port;     /* in candidates */

  GMutex advertise_lock;
  GArray *advertise; /* guarded by advertise_lock; VgwIceAddress, NULL: those found */

  GRWLock socket_lock;
  int fds[VGW_ICE_N_SOCKETS]; /* guarded by socket_lock; those of the first receiver, to send from; -1: none */

  GMutex defer_lock;
  GThreadPool *pool; /* guarded by defer_lock; NULL after the shutdown */
};

G_DEFINE_FINAL_TYPE (VgwIceMux, vgw_ice_mux, G_TYPE_OBJECT)

typedef struct
{
  GFunc func;
  gpointer data;
} Deferred;

static void
run_deferred (gpointer data, gpointer user_data)
{
  g_autofree Deferred *deferred = data;

  deferred->func (deferred->data, NULL);
}

static gboolean
parse_bound (VgwIceMux *self, const char *bind_address, GError **error)
{
  if (bind_address != NULL && *bind_address != '\0'
      && (!vgw_ice_address_parse (&self->bound, bind_address) || self->bound.port != 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not an IP address to bind to",
                   bind_address);
      return FALSE;
    }
  return TRUE;
}

/* To be called after all receivers have stopped, since delivered packets may cause replies. */
static void
close_sockets (VgwIceMux *self)
{
  g_rw_lock_writer_lock (&self->socket_lock);
  self->fds[VGW_ICE_SOCKET_IPV4] = self->fds[VGW_ICE_SOCKET_IPV6] = -1;
  g_ptr_array_set_size (self->receivers, 0);
  g_rw_lock_writer_unlock (&self->socket_lock);
}

static void
stop_threads (VgwIceMux *self, gboolean should_wait)
{
  GThreadPool *pool;

  g_mutex_lock (&self->defer_lock);
  pool = g_steal_pointer (&self->pool);
  g_mutex_unlock (&self->defer_lock);
  if (pool != NULL)
    g_thread_pool_free (pool, FALSE, should_wait);
  for (guint i = 0; i < self->receivers->len; i++)
    vgw_ice_receiver_stop (g_ptr_array_index (self->receivers, i));
  if (self->tcp != NULL)
    vgw_ice_tcp_stop (self->tcp);
}

static void
vgw_ice_mux_finalize (GObject *object)
{
  VgwIceMux *self = VGW_ICE_MUX (object);

  stop_threads (self, FALSE); /* this may be a thread of the pool */
  close_sockets (self);
  g_clear_pointer (&self->tcp, vgw_ice_tcp_free);
  g_ptr_array_unref (self->receivers);
  g_clear_pointer (&self->advertise, g_array_unref);
  g_clear_pointer (&self->shared.router, vgw_ice_router_unref);
  g_mutex_clear (&self->advertise_lock);
  g_rw_lock_clear (&self->socket_lock);
  g_mutex_clear (&self->defer_lock);
  G_OBJECT_CLASS (vgw_ice_mux_parent_class)->finalize (object);
}

static void
vgw_ice_mux_class_init (VgwIceMuxClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_ice_mux_finalize;
  GST_DEBUG_CATEGORY_INIT (vgw_ice_debug, "vgwice", 0, "ICE-lite on one UDP port");
}

static void
vgw_ice_mux_init (VgwIceMux *self)
{
  g_mutex_init (&self->advertise_lock);
  g_rw_lock_init (&self->socket_lock);
  g_mutex_init (&self->defer_lock);
  self->fds[VGW_ICE_SOCKET_IPV4] = self->fds[VGW_ICE_SOCKET_IPV6] = -1;
  self->shared.router = vgw_ice_router_new ();
  self->shared.send = (VgwIceSendFunc) vgw_ice_mux_send;
  self->shared.mux = self;
  self->receivers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_receiver_free);
}

static gboolean
add_receiver (VgwIceMux *self, const int fds[VGW_ICE_N_SOCKETS], GError **error)
{
  VgwIceReceiver *receiver = vgw_ice_receiver_new (&self->shared, fds, error);

  if (receiver != NULL)
    g_ptr_array_add (self->receivers, receiver);
  return receiver != NULL;
}

/* Starts a receiver for each processor. Where no more sockets can be opened, the existing ones do all the work. */
static void
add_more_receivers (VgwIceMux *self)
{
  guint n_wanted = MIN (g_get_num_processors (), MAX_RECEIVERS);
  g_autoptr (GError) error = NULL;
  int fds[VGW_ICE_N_SOCKETS];

  while (self->receivers->len < n_wanted)
    {
      if (vgw_ice_socket_open_sibling (self->fds, fds, &error) && add_receiver (self, fds, &error))
        continue;
      vgw_warning (NULL, "ICE: using %u receiving threads instead of %u: %s", self->receivers->len, n_wanted,
                   error->message);
      return;
    }
}

VgwIceMux *
vgw_ice_mux_new (guint16 port, const char *bind_address, GError **error)
{
  g_autoptr (VgwIceMux) self = g_object_new (VGW_TYPE_ICE_MUX, NULL);

  if (!parse_bound (self, bind_address, error)
      || !vgw_ice_socket_open_pair (&self->bound, port, self->fds, &self->shared.port, error))
    return NULL;
  self->has_ipv4 = self->fds[VGW_ICE_SOCKET_IPV4] >= 0;
  self->has_ipv6 = self->fds[VGW_ICE_SOCKET_IPV6] >= 0;
  self->pool = g_thread_pool_new (run_deferred, NULL, N_DEFER_THREADS, TRUE, error);
  if (self->pool == NULL)
    return NULL;
  if (!add_receiver (self, self->fds, error))
    {
      self->fds[VGW_ICE_SOCKET_IPV4] = self->fds[VGW_ICE_SOCKET_IPV6] = -1;
      return NULL;
    }
  add_more_receivers (self);
  return g_steal_pointer (&self);
}

void
vgw_ice_mux_shutdown (VgwIceMux *self)
{
  g_return_if_fail (VGW_IS_ICE_MUX (self));

  stop_threads (self, TRUE);
  close_sockets (self);
}

gboolean
vgw_ice_mux_listen_tcp (VgwIceMux *self, const VgwIceTcpSettings *settings, GError **error)
{
  g_return_val_if_fail (VGW_IS_ICE_MUX (self) && self->tcp == NULL, FALSE);

  self->tcp = vgw_ice_tcp_new (&self->shared, &self->bound, settings, error);
  if (self->tcp == NULL)
    return FALSE;
  self->tcp_port = settings->advertised_port != 0 ? settings->advertised_port : vgw_ice_tcp_get_port (self->tcp);
  return TRUE;
}

guint16
vgw_ice_mux_get_port (VgwIceMux *self)
{
  g_return_val_if_fail (VGW_IS_ICE_MUX (self), 0);

  return self->shared.port;
}

void
vgw_ice_mux_get_stats (VgwIceMux *self, VgwIceStats *stats)
{
  guint64 counts[VGW_ICE_N_COUNTS];
  VgwIceRouterCounts routes;

  g_return_if_fail (VGW_IS_ICE_MUX (self));

  for (guint i = 0; i < VGW_ICE_N_COUNTS; i++)
    counts[i] = atomic_load_explicit (&self->shared.counts[i], memory_order_relaxed);
  vgw_ice_router_get_counts (self->shared.router, &routes);
  *stats = (VgwIceStats){
    .received = counts[VGW_ICE_COUNT_RECEIVED],
    .delivered = counts[VGW_ICE_COUNT_DELIVERED],
    .checks = counts[VGW_ICE_COUNT_CHECKS],
    .refused = counts[VGW_ICE_COUNT_REFUSED],
    .unauthenticated = counts[VGW_ICE_COUNT_UNAUTHENTICATED],
    .malformed = counts[VGW_ICE_COUNT_MALFORMED],
    .ignored = counts[VGW_ICE_COUNT_IGNORED],
    .unknown_source = counts[VGW_ICE_COUNT_UNKNOWN_SOURCE],
    .own_checks = counts[VGW_ICE_COUNT_OWN_CHECKS],
    .answers = counts[VGW_ICE_COUNT_ANSWERS],
    .foreign = routes.foreign,
    .moved = routes.moved,
    .consents_lost = routes.consents_lost,
    .kernel_dropped = counts[VGW_ICE_COUNT_KERNEL_DROPPED],
    .sent = counts[VGW_ICE_COUNT_SENT],
    .send_dropped = counts[VGW_ICE_COUNT_SEND_DROPPED],
    .restarts = routes.restarts,
    .tcp_connections = self->tcp != NULL ? vgw_ice_tcp_count (self->tcp) : 0,
    .tcp_accepted = counts[VGW_ICE_COUNT_TCP_ACCEPTED],
    .tcp_refused = counts[VGW_ICE_COUNT_TCP_REFUSED],
    .tcp_expired = counts[VGW_ICE_COUNT_TCP_EXPIRED],
    .tcp_unused = counts[VGW_ICE_COUNT_TCP_UNUSED],
    .tcp_dropped_packets = counts[VGW_ICE_COUNT_TCP_DROPPED],
  };
}

VgwIceRouter *
vgw_ice_mux_get_router (VgwIceMux *self)
{
  return self->shared.router;
}

/* Something in front, such as a container's proxy, may translate between the families. */
static void
warn_about_families (VgwIceMux *self, const GArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      const VgwIceAddress *address = &g_array_index (addresses, VgwIceAddress, i);
      char text[VGW_ICE_ADDRESS_TEXT_MAX];

      if (address->family == AF_INET ? !self->has_ipv4 : !self->has_ipv6)
        vgw_warning (NULL, "ice.advertise: %s is advertised, but the gateway does not listen on %s",
                     vgw_ice_address_ip_to_string (address, text), address->family == AF_INET ? "IPv4" : "IPv6");
    }
}

void
vgw_ice_mux_set_advertise (VgwIceMux *self, GArray *addresses)
{
  g_return_if_fail (VGW_IS_ICE_MUX (self));

  if (addresses != NULL)
    warn_about_families (self, addresses);
  g_mutex_lock (&self->advertise_lock);
  g_clear_pointer (&self->advertise, g_array_unref);
  self->advertise = addresses != NULL ? g_array_ref (addresses) : NULL;
  g_mutex_unlock (&self->advertise_lock);
}

static GArray *
list_udp_addresses (VgwIceMux *self)
{
  GArray *addresses = NULL;

  g_mutex_lock (&self->advertise_lock);
  if (self->advertise != NULL)
    addresses = g_array_copy (self->advertise);
  g_mutex_unlock (&self->advertise_lock);
  if (addresses == NULL)
    addresses = vgw_ice_candidate_find_bound (&self->bound, self->shared.port, self->has_ipv4, self->has_ipv6);
  for (guint i = 0; i < addresses->len; i++)
    if (g_array_index (addresses, VgwIceAddress, i).port == 0)
      g_array_index (addresses, VgwIceAddress, i).port = self->shared.port;
  return addresses;
}

GArray *
vgw_ice_mux_list_addresses (VgwIceMux *self)
{
  GArray *addresses = list_udp_addresses (self);
  guint n_udp = addresses->len;

  for (guint i = 0; self->tcp != NULL && i < n_udp; i++)
    {
      VgwIceAddress address = g_array_index (addresses, VgwIceAddress, i);

      address.protocol = IPPROTO_TCP;
      address.port = self->tcp_port;
      g_array_append_val (addresses, address);
    }
  return addresses;
}

static gboolean
send_udp (VgwIceMux *self, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos)
{
  guint which = path->remote.family == AF_INET ? VGW_ICE_SOCKET_IPV4 : VGW_ICE_SOCKET_IPV6;
  gboolean is_sent;

  g_rw_lock_reader_lock (&self->socket_lock);
  is_sent = self->fds[which] >= 0 && vgw_ice_socket_send (self->fds[which], path, data, length, tos);
  g_rw_lock_reader_unlock (&self->socket_lock);
  return is_sent;
}

gboolean
vgw_ice_mux_send (VgwIceMux *self, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos)
{
  guint n_dropped = 0;
  gboolean is_sent;

  if (path->remote.protocol != IPPROTO_TCP)
    is_sent = send_udp (self, path, data, length, tos);
  else
    is_sent = self->tcp != NULL && vgw_ice_tcp_send (self->tcp, path, data, length, &n_dropped);
  vgw_ice_shared_count (&self->shared, is_sent ? VGW_ICE_COUNT_SENT : VGW_ICE_COUNT_SEND_DROPPED, 1);
  if (n_dropped > 0)
    vgw_ice_shared_count (&self->shared, VGW_ICE_COUNT_TCP_DROPPED, n_dropped);
  return is_sent;
}

gboolean
vgw_ice_mux_defer (VgwIceMux *self, GFunc func, gpointer data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->defer_lock);
  Deferred *deferred;

  if (self->pool == NULL)
    return FALSE;
  deferred = g_new (Deferred, 1);
  deferred->func = func;
  deferred->data = data;
  return g_thread_pool_push (self->pool, deferred, NULL);
}
