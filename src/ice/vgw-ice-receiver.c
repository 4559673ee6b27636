#include "ice/vgw-ice-receiver.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vgw-audio-thread.h"
#include "base/vgw-log.h"
#include "ice/vgw-ice-demux.h"

struct _VgwIceReceiver
{
  VgwIceShared *shared;       /* constant, as the sockets are */
  int fds[VGW_ICE_N_SOCKETS]; /* -1: none */
  int wake_fd;                /* eventfd: the end */
  GThread *thread;            /* (nullable) once joined */

  /* the thread's own */
  guint16 port;
  VgwIceDemux demux;
  VgwIceBatch *batch;
  guint32 overflows[VGW_ICE_N_SOCKETS];
};

static void
handle_packet (VgwIceReceiver *self, guint which, guint index, gint64 now_us)
{
  VgwIcePacket packet;
  gboolean is_usable = vgw_ice_batch_get (self->batch, index, self->port, &packet);

  if (packet.overflows != 0 && packet.overflows != self->overflows[which])
    {
      vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_KERNEL_DROPPED, packet.overflows - self->overflows[which]);
      self->overflows[which] = packet.overflows;
    }
  if (!is_usable || packet.is_truncated)
    vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_MALFORMED, 1);
  else
    vgw_ice_demux_handle (&self->demux, &packet.path, packet.data, packet.length, now_us);
}

static gpointer
receive_loop (gpointer data)
{
  VgwIceReceiver *self = data;
  struct pollfd polls[VGW_ICE_N_SOCKETS + 1] = { 0 };

  polls[VGW_ICE_N_SOCKETS].fd = self->wake_fd;
  polls[VGW_ICE_N_SOCKETS].events = POLLIN;
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    {
      polls[i].fd = self->fds[i]; /* poll () skips -1 */
      polls[i].events = POLLIN;
    }

  vgw_audio_thread_begin (VGW_AUDIO_THREAD_NICE_RECEIVING);
  while (polls[VGW_ICE_N_SOCKETS].revents == 0)
    {
      if (poll (polls, G_N_ELEMENTS (polls), vgw_ice_demux_get_timeout_ms (&self->demux)) < 0)
        continue; /* EINTR; nothing else can happen here */
      for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
        {
          /* also for POLLERR, which receiving clears */
          guint n_packets = polls[i].revents != 0 ? vgw_ice_batch_receive (self->batch, polls[i].fd) : 0;
          gint64 now_us = g_get_monotonic_time ();

          vgw_ice_shared_count (self->shared, VGW_ICE_COUNT_RECEIVED, n_packets);
          for (guint j = 0; j < n_packets; j++)
            handle_packet (self, i, j, now_us);
        }
      vgw_ice_demux_tick (&self->demux, g_get_monotonic_time ());
    }
  vgw_audio_thread_end ();
  return NULL;
}

VgwIceReceiver *
vgw_ice_receiver_new (VgwIceShared *shared, const int fds[VGW_ICE_N_SOCKETS], GError **error)
{
  VgwIceReceiver *self = g_new0 (VgwIceReceiver, 1);

  self->shared = shared;
  self->port = shared->port;
  vgw_ice_demux_init (&self->demux, shared);
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    self->fds[i] = fds[i];
  self->batch = vgw_ice_batch_new ();
  self->wake_fd = eventfd (0, EFD_CLOEXEC);
  if (self->wake_fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "eventfd for UDP port %u: %s", self->port,
                   g_strerror (saved_errno));
    }
  else
    self->thread = g_thread_try_new ("vgw-ice", receive_loop, self, error);
  if (self->thread == NULL)
    g_clear_pointer (&self, vgw_ice_receiver_free);
  return self;
}

void
vgw_ice_receiver_stop (VgwIceReceiver *self)
{
  guint64 one = 1;

  if (self->thread == NULL)
    return;
  /* the first write to an eventfd does not block */
  if (write (self->wake_fd, &one, sizeof one) != sizeof one)
    vgw_critical (NULL, "ICE: cannot wake the receiving thread: %s", g_strerror (errno));
  g_thread_join (g_steal_pointer (&self->thread));
}

void
vgw_ice_receiver_free (VgwIceReceiver *self)
{
  vgw_ice_receiver_stop (self);
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
    }
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_free (self->batch);
  g_free (self);
}
