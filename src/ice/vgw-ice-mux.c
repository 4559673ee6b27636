/* Lock order: socket_lock and defer_lock are leaves: nothing else is locked under them. The locks of the tables are
 * described in vgw-ice-router.c. */
#include "ice/vgw-ice-mux.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vgw-log.h"
#include "ice/vgw-ice-candidate.h"
#include "ice/vgw-ice-mux-private.h"
#include "ice/vgw-ice-socket.h"
#include "ice/vgw-stun.h"

#define N_DEFER_THREADS 2
#define DTLS_FIRST_BYTE_MIN 20 /* RFC 7983 section 7 */
#define DTLS_FIRST_BYTE_MAX 63
#define RTP_FIRST_BYTE_MIN 128
#define RTP_FIRST_BYTE_MAX 191

GST_DEBUG_CATEGORY (vgw_ice_debug);
#define GST_CAT_DEFAULT vgw_ice_debug

typedef enum
{
  COUNT_RECEIVED,
  COUNT_DELIVERED,
  COUNT_CHECKS,
  COUNT_REFUSED,
  COUNT_UNAUTHENTICATED,
  COUNT_MALFORMED,
  COUNT_IGNORED,
  COUNT_UNKNOWN_SOURCE,
  COUNT_KERNEL_DROPPED,
  COUNT_SENT,
  COUNT_SEND_DROPPED,
  N_COUNTS,
} Count;

struct _VgwIceMux
{
  GObject parent_instance;

  guint16 port;        /* constant after construction */
  VgwIceAddress bound; /* constant; family 0: everywhere */
  gboolean has_ipv4;   /* constant, as the next */
  gboolean has_ipv6;
  GArray *advertise;    /* constant; VgwIceAddress, NULL: those found */
  VgwIceRouter *router; /* constant */
  _Atomic guint64 counts[N_COUNTS];

  GThread *thread;
  int wake_fd; /* eventfd: the shutdown */

  GRWLock socket_lock;
  int fds[VGW_ICE_N_SOCKETS]; /* guarded by socket_lock for senders; -1: none */

  VgwStun stun;                         /* vgw-ice thread only */
  VgwIceBatch *batch;                   /* vgw-ice thread only */
  guint32 overflows[VGW_ICE_N_SOCKETS]; /* vgw-ice thread only */

  GMutex defer_lock;
  GThreadPool *pool; /* guarded by defer_lock; NULL after the shutdown */
};

G_DEFINE_FINAL_TYPE (VgwIceMux, vgw_ice_mux, G_TYPE_OBJECT)

typedef struct
{
  GFunc func;
  gpointer data;
} Deferred;

typedef struct
{
  VgwIceMux *mux;
  VgwIceRoute *route; /* (transfer full) found by the ufrag */
  char *password;     /* (transfer full) a GRefString */
} CheckLookup;

static void
add_count (VgwIceMux *self, Count count, guint64 n)
{
  atomic_fetch_add_explicit (&self->counts[count], n, memory_order_relaxed);
}

static gboolean
look_up (const char *ufrag, gsize length, const char **password, gpointer user_data)
{
  CheckLookup *lookup = user_data;

  lookup->route = vgw_ice_router_find_ufrag (lookup->mux->router, ufrag, length, &lookup->password);
  *password = lookup->password;
  return lookup->route != NULL;
}

static void
handle_stun (VgwIceMux *self, const VgwIcePacket *packet, gint64 now_us)
{
  static const Count count_of[] = {
    [VGW_STUN_VALID] = COUNT_CHECKS,
    [VGW_STUN_REFUSED] = COUNT_REFUSED,
    [VGW_STUN_UNAUTHENTICATED] = COUNT_UNAUTHENTICATED,
    [VGW_STUN_MALFORMED] = COUNT_MALFORMED,
    [VGW_STUN_IGNORED] = COUNT_IGNORED,
  };
  guint8 reply[VGW_STUN_MAX_REPLY_BYTES];
  gsize reply_length;
  CheckLookup lookup = { .mux = self };
  gboolean is_nominated;
  VgwStunVerdict verdict;

  verdict = vgw_stun_answer (&self->stun, packet->data, packet->length, &packet->path.remote, look_up, &lookup, reply,
                             &reply_length, &is_nominated);
  add_count (self, count_of[verdict], 1);
  if (reply_length > 0)
    vgw_ice_mux_send (self, &packet->path, reply, reply_length, 0);
  if (verdict == VGW_STUN_VALID && lookup.route != NULL)
    vgw_ice_router_validate (self->router, lookup.route, &packet->path, is_nominated, now_us);
  g_clear_pointer (&lookup.route, vgw_ice_route_unref);
  g_clear_pointer (&lookup.password, g_ref_string_release);
}

static gboolean
is_media (const VgwIcePacket *packet)
{
  guint8 first;

  if (packet->length == 0)
    return FALSE;
  first = packet->data[0];
  return (first >= DTLS_FIRST_BYTE_MIN && first <= DTLS_FIRST_BYTE_MAX)
         || (first >= RTP_FIRST_BYTE_MIN && first <= RTP_FIRST_BYTE_MAX);
}

static void
handle_media (VgwIceMux *self, const VgwIcePacket *packet, gint64 now_us)
{
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (self->router, &packet->path, now_us);

  if (route == NULL)
    {
      add_count (self, COUNT_UNKNOWN_SOURCE, 1);
      return;
    }
  add_count (self, COUNT_DELIVERED, 1);
  vgw_ice_route_deliver (route, packet->data, packet->length);
}

static void
handle_packet (VgwIceMux *self, guint which, guint index, gint64 now_us)
{
  VgwIcePacket packet;
  gboolean is_usable = vgw_ice_batch_get (self->batch, index, self->port, &packet);

  if (packet.overflows != 0 && packet.overflows != self->overflows[which])
    {
      add_count (self, COUNT_KERNEL_DROPPED, packet.overflows - self->overflows[which]);
      self->overflows[which] = packet.overflows;
    }
  if (!is_usable || packet.is_truncated)
    add_count (self, COUNT_MALFORMED, 1);
  else if (vgw_stun_is_stun (packet.data, packet.length))
    handle_stun (self, &packet, now_us);
  else if (is_media (&packet))
    handle_media (self, &packet, now_us);
  else
    add_count (self, COUNT_MALFORMED, 1);
}

static gpointer
receive_loop (gpointer data)
{
  VgwIceMux *self = data;
  struct pollfd polls[VGW_ICE_N_SOCKETS + 1] = { 0 };

  polls[VGW_ICE_N_SOCKETS].fd = self->wake_fd;
  polls[VGW_ICE_N_SOCKETS].events = POLLIN;
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    {
      polls[i].fd = self->fds[i]; /* poll () skips -1 */
      polls[i].events = POLLIN;
    }

  while (polls[VGW_ICE_N_SOCKETS].revents == 0)
    {
      if (poll (polls, G_N_ELEMENTS (polls), -1) < 0)
        continue; /* EINTR; nothing else can happen here */
      for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
        {
          /* POLLERR too: receiving is what clears it */
          guint n_packets = polls[i].revents != 0 ? vgw_ice_batch_receive (self->batch, polls[i].fd) : 0;
          gint64 now_us = g_get_monotonic_time ();

          add_count (self, COUNT_RECEIVED, n_packets);
          for (guint j = 0; j < n_packets; j++)
            handle_packet (self, i, j, now_us);
        }
    }
  return NULL;
}

static void
run_deferred (gpointer data, gpointer user_data)
{
  g_autofree Deferred *deferred = data;

  deferred->func (deferred->data, NULL);
}

static gboolean
parse_addresses (VgwIceMux *self, const char *bind_address, const char *const *advertise, GError **error)
{
  if (bind_address != NULL && *bind_address != '\0'
      && (!vgw_ice_address_parse (&self->bound, bind_address) || self->bound.port != 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not an IP address to bind to",
                   bind_address);
      return FALSE;
    }
  if (advertise == NULL || *advertise == NULL)
    return TRUE;

  if (g_strv_length ((char **) advertise) > VGW_ICE_MAX_CANDIDATES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "more than %d addresses to advertise",
                   VGW_ICE_MAX_CANDIDATES);
      return FALSE;
    }
  self->advertise = g_array_new (FALSE, FALSE, sizeof (VgwIceAddress));
  for (; *advertise != NULL; advertise++)
    {
      VgwIceAddress address;

      if (!vgw_ice_address_parse (&address, *advertise) || vgw_ice_address_is_any (&address))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "\"%s\" is not an IP address to advertise (ADDRESS or ADDRESS:PORT)", *advertise);
          return FALSE;
        }
      g_array_append_val (self->advertise, address);
    }
  return TRUE;
}

static void
close_sockets (VgwIceMux *self)
{
  g_rw_lock_writer_lock (&self->socket_lock);
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      self->fds[i] = -1;
    }
  g_rw_lock_writer_unlock (&self->socket_lock);
}

static void
stop_threads (VgwIceMux *self, gboolean should_wait)
{
  GThreadPool *pool;
  guint64 one = 1;

  g_mutex_lock (&self->defer_lock);
  pool = g_steal_pointer (&self->pool);
  g_mutex_unlock (&self->defer_lock);
  if (pool != NULL)
    g_thread_pool_free (pool, FALSE, should_wait);

  if (self->thread != NULL)
    {
      /* an eventfd takes its first write; EINTR cannot happen before it blocks */
      if (write (self->wake_fd, &one, sizeof one) != sizeof one)
        vgw_critical (NULL, "ICE: cannot wake the receiving thread: %s", g_strerror (errno));
      g_thread_join (g_steal_pointer (&self->thread));
    }
}

static void
vgw_ice_mux_finalize (GObject *object)
{
  VgwIceMux *self = VGW_ICE_MUX (object);

  stop_threads (self, FALSE); /* this may be a thread of the pool */
  close_sockets (self);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_clear_pointer (&self->batch, vgw_ice_batch_free);
  g_clear_pointer (&self->advertise, g_array_unref);
  g_clear_pointer (&self->router, vgw_ice_router_unref);
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
  g_rw_lock_init (&self->socket_lock);
  g_mutex_init (&self->defer_lock);
  self->fds[VGW_ICE_SOCKET_IPV4] = self->fds[VGW_ICE_SOCKET_IPV6] = -1;
  self->wake_fd = -1;
  self->router = vgw_ice_router_new ();
  self->batch = vgw_ice_batch_new ();
  vgw_stun_init (&self->stun);
}

VgwIceMux *
vgw_ice_mux_new (guint16 port, const char *bind_address, const char *const *advertise, GError **error)
{
  g_autoptr (VgwIceMux) self = g_object_new (VGW_TYPE_ICE_MUX, NULL);

  if (!parse_addresses (self, bind_address, advertise, error)
      || !vgw_ice_socket_open_pair (&self->bound, port, self->fds, &self->port, error))
    return NULL;
  self->has_ipv4 = self->fds[VGW_ICE_SOCKET_IPV4] >= 0;
  self->has_ipv6 = self->fds[VGW_ICE_SOCKET_IPV6] >= 0;
  self->wake_fd = eventfd (0, EFD_CLOEXEC);
  if (self->wake_fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "eventfd for UDP port %u: %s", self->port,
                   g_strerror (saved_errno));
      return NULL;
    }
  self->pool = g_thread_pool_new (run_deferred, NULL, N_DEFER_THREADS, TRUE, error);
  if (self->pool == NULL)
    return NULL;
  self->thread = g_thread_try_new ("vgw-ice", receive_loop, self, error);
  if (self->thread == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
vgw_ice_mux_shutdown (VgwIceMux *self)
{
  g_return_if_fail (VGW_IS_ICE_MUX (self));

  stop_threads (self, TRUE);
  close_sockets (self);
}

guint16
vgw_ice_mux_get_port (VgwIceMux *self)
{
  g_return_val_if_fail (VGW_IS_ICE_MUX (self), 0);

  return self->port;
}

void
vgw_ice_mux_get_stats (VgwIceMux *self, VgwIceStats *stats)
{
  guint64 counts[N_COUNTS];

  g_return_if_fail (VGW_IS_ICE_MUX (self));

  for (guint i = 0; i < N_COUNTS; i++)
    counts[i] = atomic_load_explicit (&self->counts[i], memory_order_relaxed);
  *stats = (VgwIceStats){
    .received = counts[COUNT_RECEIVED],
    .delivered = counts[COUNT_DELIVERED],
    .checks = counts[COUNT_CHECKS],
    .refused = counts[COUNT_REFUSED],
    .unauthenticated = counts[COUNT_UNAUTHENTICATED],
    .malformed = counts[COUNT_MALFORMED],
    .ignored = counts[COUNT_IGNORED],
    .unknown_source = counts[COUNT_UNKNOWN_SOURCE],
    .kernel_dropped = counts[COUNT_KERNEL_DROPPED],
    .sent = counts[COUNT_SENT],
    .send_dropped = counts[COUNT_SEND_DROPPED],
  };
}

VgwIceRouter *
vgw_ice_mux_get_router (VgwIceMux *self)
{
  return self->router;
}

GArray *
vgw_ice_mux_list_addresses (VgwIceMux *self)
{
  GArray *addresses;

  if (self->advertise == NULL && (self->bound.family == 0 || vgw_ice_address_is_any (&self->bound)))
    return vgw_ice_candidate_find (self->port, self->has_ipv4, self->has_ipv6);

  addresses = g_array_new (FALSE, FALSE, sizeof (VgwIceAddress));
  if (self->advertise != NULL)
    g_array_append_vals (addresses, self->advertise->data, self->advertise->len);
  else
    g_array_append_val (addresses, self->bound);
  for (guint i = 0; i < addresses->len; i++)
    if (g_array_index (addresses, VgwIceAddress, i).port == 0)
      g_array_index (addresses, VgwIceAddress, i).port = self->port;
  return addresses;
}

gboolean
vgw_ice_mux_send (VgwIceMux *self, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos)
{
  guint which = path->remote.family == AF_INET ? VGW_ICE_SOCKET_IPV4 : VGW_ICE_SOCKET_IPV6;
  gboolean is_sent;

  g_rw_lock_reader_lock (&self->socket_lock);
  is_sent = self->fds[which] >= 0 && vgw_ice_socket_send (self->fds[which], path, data, length, tos);
  g_rw_lock_reader_unlock (&self->socket_lock);
  add_count (self, is_sent ? COUNT_SENT : COUNT_SEND_DROPPED, 1);
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
