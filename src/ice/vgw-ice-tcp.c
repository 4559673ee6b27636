/* Lock order: VgwIceTcp.lock and VgwIceTcpConnection.lock are leaves, and never held together. */
#include "ice/vgw-ice-tcp.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vgw-audio-thread.h"
#include "base/vgw-log.h"
#include "ice/vgw-ice-demux.h"
#include "ice/vgw-ice-socket.h"
#include "ice/vgw-ice-tcp-connection.h"
#include "ice/vgw-stun.h"

#define BACKLOG 128
#define ACCEPT_BATCH 16u
#define EVENT_BATCH 64
#define SWEEP_US (G_USEC_PER_SEC / 2)
#define N_LISTENERS 2

struct _VgwIceTcp
{
  VgwIceShared *shared;       /* constant, as the next */
  VgwIceTcpSettings settings; /* with the port that it has */
  int listen_fds[N_LISTENERS];
  int epoll_fd, wake_fd;
  GThread *thread; /* (nullable) once joined */

  /* the thread's own */
  VgwIceDemux demux;
  GPtrArray *connections; /* VgwIceTcpConnection, in the order of their coming */
  gboolean has_closed;    /* one of them is */
  gboolean is_paused;     /* does not accept: there was no descriptor */
  gint64 next_sweep_us;

  GMutex lock;
  GHashTable *by_path; /* guarded by lock; VgwIcePath * (inside of the value) → VgwIceTcpConnection * (a reference) */
  _Atomic guint n_connections;
};

typedef struct
{
  VgwIceTcp *tcp;
  VgwIceTcpConnection *connection;
  gint64 now_us;
} Reading;

/* --- connections --- */

static void
close_connection (VgwIceTcp *self, VgwIceTcpConnection *connection)
{
  const VgwIcePath *path = vgw_ice_tcp_connection_get_path (connection);

  vgw_ice_tcp_connection_close (connection);
  self->has_closed = TRUE;
  vgw_ice_router_lose_path (self->shared->router, path, g_get_monotonic_time ());
  g_mutex_lock (&self->lock);
  if (g_hash_table_lookup (self->by_path, path) == connection) /* and not one that has come from the same port since */
    g_hash_table_remove (self->by_path, path);
  g_mutex_unlock (&self->lock);
}

/* Those that were closed stay until no event can name them. */
static void
forget_closed (VgwIceTcp *self)
{
  for (guint i = 0; self->has_closed && i < self->connections->len;)
    if (vgw_ice_tcp_connection_is_closed (g_ptr_array_index (self->connections, i)))
      g_ptr_array_remove_index (self->connections, i);
    else
      i++;
  self->has_closed = FALSE;
  atomic_store_explicit (&self->n_connections, self->connections->len, memory_order_relaxed);
}

/* A confirmed connection that no session has: the session has ended, or has newer paths in its place. So the number of
 * confirmed ones is bounded by that of the sessions; without this, one client could take all places. */
static gboolean
drop_if_unused (VgwIceTcp *self, VgwIceTcpConnection *connection, gint64 now_us)
{
  if (!vgw_ice_tcp_connection_is_confirmed (connection)
      || vgw_ice_router_has_path (self->shared->router, vgw_ice_tcp_connection_get_path (connection)))
    return FALSE;
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_TCP_UNUSED, 1);
  vgw_ice_tcp_connection_lose (connection, now_us);
  return TRUE;
}

static void
on_frame (const guint8 *data, gsize length, gpointer user_data)
{
  const Reading *reading = user_data;
  const VgwIcePath *path = vgw_ice_tcp_connection_get_path (reading->connection);

  vgw_ice_shared_count (reading->tcp->shared, VGW_ICE_COUNT_RECEIVED, 1);
  /* before a check gives the path back to its session, in place of another one */
  if (vgw_ice_tcp_connection_is_lost (reading->connection)
      || (vgw_stun_is_stun (data, length) && drop_if_unused (reading->tcp, reading->connection, reading->now_us)))
    return;
  if (vgw_ice_demux_handle (&reading->tcp->demux, path, data, length, reading->now_us))
    vgw_ice_tcp_connection_confirm (reading->connection, reading->now_us);
}

static void
handle_connection (VgwIceTcp *self, VgwIceTcpConnection *connection, guint32 events)
{
  Reading reading = { self, connection, g_get_monotonic_time () };

  if (vgw_ice_tcp_connection_is_closed (connection))
    return;
  if (((events & EPOLLOUT) != 0 && !vgw_ice_tcp_connection_flush (connection))
      || !vgw_ice_tcp_connection_read (connection, on_frame, &reading))
    close_connection (self, connection);
}

static gboolean
is_same_client (const VgwIceAddress *a, const VgwIceAddress *b)
{
  return a->family == b->family && memcmp (a->ip, b->ip, a->family == AF_INET ? 4 : 8) == 0;
}

/* Makes room for one more from @client: where there are too many of its, or of all, the oldest that has sent nothing of
 * a session is closed. FALSE where there is none. */
static gboolean
make_room (VgwIceTcp *self, const VgwIceAddress *client)
{
  VgwIceTcpConnection *oldest = NULL, *oldest_of_client = NULL;
  guint n = 0, n_of_client = 0;
  gboolean is_client_full;

  for (guint i = 0; i < self->connections->len; i++)
    {
      VgwIceTcpConnection *connection = g_ptr_array_index (self->connections, i);
      gboolean is_of_client = is_same_client (&vgw_ice_tcp_connection_get_path (connection)->remote, client);

      if (vgw_ice_tcp_connection_is_closed (connection))
        continue;
      n++;
      n_of_client += is_of_client;
      if (vgw_ice_tcp_connection_is_confirmed (connection))
        continue;
      oldest = oldest != NULL ? oldest : connection;
      oldest_of_client = oldest_of_client != NULL || !is_of_client ? oldest_of_client : connection;
    }
  is_client_full = n_of_client >= self->settings.max_connections_per_address && !vgw_ice_address_is_loopback (client);
  if (n < self->settings.max_connections && !is_client_full)
    return TRUE;
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_TCP_REFUSED, 1);
  oldest = is_client_full ? oldest_of_client : oldest;
  if (oldest == NULL)
    return FALSE;
  close_connection (self, oldest);
  return TRUE;
}

static void
add_connection (VgwIceTcp *self, int fd)
{
  VgwIceTcpConnection *connection = vgw_ice_tcp_connection_new (fd, self->epoll_fd, g_get_monotonic_time ());
  const VgwIcePath *path;

  if (connection == NULL)
    return;
  path = vgw_ice_tcp_connection_get_path (connection);
  if (!make_room (self, &path->remote))
    {
      vgw_ice_tcp_connection_close (connection);
      vgw_ice_tcp_connection_unref (connection);
      return;
    }
  vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_TCP_ACCEPTED, 1);
  g_ptr_array_add (self->connections, connection);
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->by_path, (gpointer) path, vgw_ice_tcp_connection_ref (connection));
  g_mutex_unlock (&self->lock);
}

/* --- the listeners --- */

static void
watch_listeners (VgwIceTcp *self, int operation)
{
  for (guint i = 0; i < N_LISTENERS; i++)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = &self->listen_fds[i] };

      if (self->listen_fds[i] >= 0)
        epoll_ctl (self->epoll_fd, operation, self->listen_fds[i], &event);
    }
}

static void
accept_connections (VgwIceTcp *self, int listen_fd)
{
  for (guint i = 0; i < ACCEPT_BATCH; i++)
    {
      int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd >= 0)
        add_connection (self, fd);
      else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        {
          self->is_paused = TRUE;
          watch_listeners (self, EPOLL_CTL_DEL);
          return;
        }
      else if (errno == EAGAIN || errno == EWOULDBLOCK)
        return;
    }
}

/* Returns -1 with @error set. */
static int
open_listener (const VgwIceAddress *address, GError **error)
{
  struct sockaddr_storage storage;
  socklen_t length = vgw_ice_address_to_sockaddr (address, &storage);
  char text[VGW_ICE_ADDRESS_TEXT_MAX];
  int on = 1, saved_errno;
  int fd = socket (address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

  if (fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
      && (address->family == AF_INET || setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)
      && bind (fd, (struct sockaddr *) &storage, length) == 0 && listen (fd, BACKLOG) == 0)
    return fd;
  saved_errno = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "TCP %s: %s",
               vgw_ice_address_to_string (address, text), g_strerror (saved_errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Both families where @bound has none; a machine without IPv6 has one. */
static gboolean
open_listeners (VgwIceTcp *self, const VgwIceAddress *bound, GError **error)
{
  VgwIceAddress first = *bound, second = { .family = AF_INET6 };
  g_autoptr (GError) ipv6_error = NULL;

  first.family = bound->family != 0 ? bound->family : AF_INET;
  first.port = self->settings.port;
  self->listen_fds[0] = open_listener (&first, error);
  if (self->listen_fds[0] < 0)
    return FALSE;
  self->settings.port = second.port = vgw_ice_socket_get_port (self->listen_fds[0]);
  if (bound->family != 0)
    return TRUE;
  self->listen_fds[1] = open_listener (&second, &ipv6_error);
  if (self->listen_fds[1] >= 0 || !g_error_matches (ipv6_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&ipv6_error));
  return FALSE;
}

/* --- the thread --- */

static void
sweep (VgwIceTcp *self, gint64 now_us)
{
  if (now_us < self->next_sweep_us)
    return;
  self->next_sweep_us = now_us + SWEEP_US;
  for (guint i = 0; i < self->connections->len; i++)
    {
      VgwIceTcpConnection *connection = g_ptr_array_index (self->connections, i);

      if (vgw_ice_tcp_connection_is_closed (connection) || drop_if_unused (self, connection, now_us)
          || !vgw_ice_tcp_connection_is_expired (connection, now_us))
        continue;
      if (!vgw_ice_tcp_connection_is_lost (connection))
        vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_TCP_EXPIRED, 1);
      close_connection (self, connection);
    }
  if (self->is_paused)
    {
      self->is_paused = FALSE;
      watch_listeners (self, EPOLL_CTL_ADD);
    }
}

static int
get_timeout_ms (VgwIceTcp *self)
{
  int for_checks_ms = self->connections->len > 0 ? vgw_ice_demux_get_timeout_ms (&self->demux) : -1;

  if (for_checks_ms >= 0 || (self->connections->len == 0 && !self->is_paused))
    return for_checks_ms;
  return (int) (SWEEP_US / G_TIME_SPAN_MILLISECOND);
}

static gpointer
run (gpointer data)
{
  VgwIceTcp *self = data;
  struct epoll_event events[EVENT_BATCH];
  gboolean is_stopped = FALSE;

  vgw_audio_thread_begin (VGW_AUDIO_THREAD_NICE_RECEIVING);
  while (!is_stopped)
    {
      int n_events = epoll_wait (self->epoll_fd, events, EVENT_BATCH, get_timeout_ms (self));

      for (int i = 0; i < n_events; i++)
        {
          gpointer source = events[i].data.ptr;

          if (source == &self->wake_fd)
            is_stopped = TRUE;
          else if (source == &self->listen_fds[0] || source == &self->listen_fds[1])
            accept_connections (self, *(int *) source);
          else
            handle_connection (self, source, events[i].events);
        }
      vgw_ice_demux_tick (&self->demux, g_get_monotonic_time ());
      sweep (self, g_get_monotonic_time ());
      forget_closed (self);
    }
  vgw_audio_thread_end ();
  return NULL;
}

static gboolean
start (VgwIceTcp *self, const VgwIceAddress *bound, GError **error)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &self->wake_fd };

  if (!open_listeners (self, bound, error))
    return FALSE;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->wake_fd = eventfd (0, EFD_CLOEXEC);
  if (self->epoll_fd < 0 || self->wake_fd < 0 || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event) != 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "epoll for TCP port %u: %s",
                   self->settings.port, g_strerror (saved_errno));
      return FALSE;
    }
  watch_listeners (self, EPOLL_CTL_ADD);
  self->thread = g_thread_try_new ("vgw-ice-tcp", run, self, error);
  return self->thread != NULL;
}

VgwIceTcp *
vgw_ice_tcp_new (VgwIceShared *shared, const VgwIceAddress *bound, const VgwIceTcpSettings *settings, GError **error)
{
  VgwIceTcp *self = g_new0 (VgwIceTcp, 1);

  self->shared = shared;
  self->settings = *settings;
  self->listen_fds[0] = self->listen_fds[1] = self->epoll_fd = self->wake_fd = -1;
  vgw_ice_demux_init (&self->demux, shared);
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_tcp_connection_unref);
  g_mutex_init (&self->lock);
  self->by_path = g_hash_table_new_full (vgw_ice_path_hash, vgw_ice_path_equal, NULL,
                                         (GDestroyNotify) vgw_ice_tcp_connection_unref);
  if (!start (self, bound, error))
    g_clear_pointer (&self, vgw_ice_tcp_free);
  return self;
}

void
vgw_ice_tcp_stop (VgwIceTcp *self)
{
  guint64 one = 1;

  if (self->thread == NULL)
    return;
  /* an eventfd takes its first write; EINTR cannot happen before it blocks */
  if (write (self->wake_fd, &one, sizeof one) != sizeof one)
    vgw_critical (NULL, "ICE: cannot wake the thread of TCP: %s", g_strerror (errno));
  g_thread_join (g_steal_pointer (&self->thread));
}

void
vgw_ice_tcp_free (VgwIceTcp *self)
{
  const int fds[] = { self->listen_fds[0], self->listen_fds[1], self->wake_fd, self->epoll_fd };

  vgw_ice_tcp_stop (self);
  for (guint i = 0; i < self->connections->len; i++)
    vgw_ice_tcp_connection_close (g_ptr_array_index (self->connections, i));
  g_ptr_array_unref (self->connections);
  g_hash_table_unref (self->by_path);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint16
vgw_ice_tcp_get_port (VgwIceTcp *self)
{
  return self->settings.port;
}

gboolean
vgw_ice_tcp_send (VgwIceTcp *self, const VgwIcePath *path, gconstpointer data, gsize length, guint *n_dropped)
{
  g_autoptr (VgwIceTcpConnection) connection = NULL;

  *n_dropped = 0;
  g_mutex_lock (&self->lock);
  connection = g_hash_table_lookup (self->by_path, path);
  if (connection != NULL)
    vgw_ice_tcp_connection_ref (connection);
  g_mutex_unlock (&self->lock);
  return connection != NULL && vgw_ice_tcp_connection_send (connection, data, length, n_dropped);
}

guint
vgw_ice_tcp_count (VgwIceTcp *self)
{
  return atomic_load_explicit (&self->n_connections, memory_order_relaxed);
}
