#include "ice/vgw-ice-tcp-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define FIRST_CHECK_US (10 * G_USEC_PER_SEC) /* the client connects when it has our credentials, and checks at once */
#define IDLE_US (30 * G_USEC_PER_SEC)        /* RFC 7675 section 5.1: longer than any client's time between checks */
#define LOST_US (G_USEC_PER_SEC / 2)
#define UNCONFIRMED_BYTES (16 * 1024) /* before the first valid check */

#define RECEIVE_BUFFER_BYTES (64 * 1024)
#define UNSENT_BYTES 4096 /* in the kernel, and not yet sent: what is behind them can still be dropped */
#define DEAD_MS 10000     /* without an acknowledgement */
#define MAX_PARTS 8u

struct _VgwIceTcpConnection
{
  gatomicrefcount ref_count;
  int fd;       /* constant, as the next two; open until the last reference is gone */
  int epoll_fd; /* borrowed */
  VgwIcePath path;

  /* receiving thread */
  VgwIceFrameReader reader;
  gint64 opened_us, confirmed_us; /* 0: not yet, or no more */
  gint64 lost_us;                 /* 0: not */
  gsize n_unconfirmed_bytes;

  GMutex lock;
  VgwIceFrameQueue queue; /* guarded by lock, as the next */
  gboolean is_waiting;    /* for room to write */
  gboolean is_closed;
};

static gboolean
set_int (int fd, int level, int option, int value)
{
  return setsockopt (fd, level, option, &value, sizeof value) == 0;
}

static gboolean
get_path (int fd, VgwIcePath *path)
{
  struct sockaddr_storage local, remote;
  socklen_t local_length = sizeof local, remote_length = sizeof remote;

  if (getsockname (fd, (struct sockaddr *) &local, &local_length) != 0
      || getpeername (fd, (struct sockaddr *) &remote, &remote_length) != 0
      || !vgw_ice_address_from_sockaddr (&path->local, (struct sockaddr *) &local)
      || !vgw_ice_address_from_sockaddr (&path->remote, (struct sockaddr *) &remote))
    return FALSE;
  path->local.protocol = path->remote.protocol = IPPROTO_TCP;
  return TRUE;
}

static gboolean
prepare (VgwIceTcpConnection *self)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };

  set_int (self->fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  return get_path (self->fd, &self->path) && set_int (self->fd, IPPROTO_TCP, TCP_NODELAY, 1)
         && set_int (self->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES)
         && set_int (self->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MS)
         && epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->fd, &event) == 0;
}

VgwIceTcpConnection *
vgw_ice_tcp_connection_new (int fd, int epoll_fd, gint64 now_us)
{
  VgwIceTcpConnection *self = g_new0 (VgwIceTcpConnection, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->fd = fd;
  self->epoll_fd = epoll_fd;
  self->opened_us = now_us;
  if (!prepare (self))
    g_clear_pointer (&self, vgw_ice_tcp_connection_unref);
  return self;
}

VgwIceTcpConnection *
vgw_ice_tcp_connection_ref (VgwIceTcpConnection *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_ice_tcp_connection_unref (VgwIceTcpConnection *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  close (self->fd);
  vgw_ice_frame_queue_clear (&self->queue);
  g_mutex_clear (&self->lock);
  g_free (self);
}

const VgwIcePath *
vgw_ice_tcp_connection_get_path (VgwIceTcpConnection *self)
{
  return &self->path;
}

/* With the lock. Has epoll report room to write, or not. */
static void
wait_for_room (VgwIceTcpConnection *self, gboolean is_waiting)
{
  struct epoll_event event = { .events = is_waiting ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = self };

  if (is_waiting == self->is_waiting)
    return;
  self->is_waiting = is_waiting;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, self->fd, &event);
}

/* With the lock. FALSE where the connection is broken. */
static gboolean
flush (VgwIceTcpConnection *self)
{
  struct iovec parts[MAX_PARTS];
  struct msghdr message = { .msg_iov = parts };
  gssize n_sent = 0;

  while ((message.msg_iovlen = vgw_ice_frame_queue_peek (&self->queue, parts, MAX_PARTS)) > 0)
    {
      n_sent = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n_sent < 0 && errno == EINTR)
        continue;
      if (n_sent < 0)
        break;
      vgw_ice_frame_queue_written (&self->queue, (gsize) n_sent);
    }
  wait_for_room (self, message.msg_iovlen > 0);
  return n_sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK;
}

/* With the lock. Writes a packet while nothing waits, as far as the kernel takes it: usually whole, which then needs no
 * memory. The number of bytes with its header, or -1 where the connection is broken. */
static gssize
write_at_once (VgwIceTcpConnection *self, gconstpointer data, gsize length)
{
  guint8 header[VGW_ICE_FRAME_HEADER_BYTES];
  struct iovec parts[] = { { header, sizeof header }, { (gpointer) data, length } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS (parts) };
  gssize n_sent;

  if (self->is_waiting)
    return 0;
  vgw_ice_frame_write_header (header, length);
  n_sent = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n_sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : n_sent;
}

gboolean
vgw_ice_tcp_connection_send (VgwIceTcpConnection *self, gconstpointer data, gsize length, guint *n_dropped)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gssize n_written;

  *n_dropped = 0;
  if (self->is_closed || length > VGW_ICE_FRAME_MAX_BYTES)
    return FALSE;
  n_written = write_at_once (self, data, length);
  if (n_written == (gssize) (VGW_ICE_FRAME_HEADER_BYTES + length))
    return TRUE;
  *n_dropped = vgw_ice_frame_queue_push (&self->queue, data, length);
  if (n_written > 0)
    vgw_ice_frame_queue_written (&self->queue, (gsize) n_written);
  wait_for_room (self, TRUE);
  if (n_written < 0)
    shutdown (self->fd, SHUT_RDWR); /* the receiving thread closes it */
  return TRUE;
}

gboolean
vgw_ice_tcp_connection_flush (VgwIceTcpConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return flush (self);
}

gboolean
vgw_ice_tcp_connection_read (VgwIceTcpConnection *self, VgwIceFrameFunc func, gpointer user_data)
{
  gsize room;
  guint8 *bytes = vgw_ice_frame_reader_get_room (&self->reader, &room);
  gssize n_read = recv (self->fd, bytes, room, MSG_DONTWAIT);

  if (n_read < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (n_read == 0 || !vgw_ice_frame_reader_take (&self->reader, (gsize) n_read, func, user_data))
    return FALSE;
  self->n_unconfirmed_bytes += self->confirmed_us == 0 ? (gsize) n_read : 0;
  return self->n_unconfirmed_bytes <= UNCONFIRMED_BYTES;
}

void
vgw_ice_tcp_connection_confirm (VgwIceTcpConnection *self, gint64 now_us)
{
  self->confirmed_us = now_us;
  self->n_unconfirmed_bytes = 0;
}

gboolean
vgw_ice_tcp_connection_is_confirmed (VgwIceTcpConnection *self)
{
  return self->confirmed_us != 0;
}

void
vgw_ice_tcp_connection_lose (VgwIceTcpConnection *self, gint64 now_us)
{
  self->confirmed_us = 0;
  self->lost_us = now_us;
}

gboolean
vgw_ice_tcp_connection_is_lost (VgwIceTcpConnection *self)
{
  return self->lost_us != 0;
}

gboolean
vgw_ice_tcp_connection_is_expired (VgwIceTcpConnection *self, gint64 now_us)
{
  if (self->lost_us != 0)
    return now_us - self->lost_us > LOST_US;
  return self->confirmed_us != 0 ? now_us - self->confirmed_us > IDLE_US : now_us - self->opened_us > FIRST_CHECK_US;
}

void
vgw_ice_tcp_connection_close (VgwIceTcpConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, self->fd, NULL);
  shutdown (self->fd, SHUT_RDWR);
  vgw_ice_frame_queue_clear (&self->queue);
}

gboolean
vgw_ice_tcp_connection_is_closed (VgwIceTcpConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->is_closed;
}
