#include "ice/vgw-ice-receiver.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vgw-log.h"
#include "base/vgw-thread-watch.h"
#include "ice/vgw-ice-mux.h"
#include "ice/vgw-stun.h"

#define TICK_US                                                                                                        \
  (G_USEC_PER_SEC / 10) /* how often own checks are looked for; whichever thread is awake then does it   \
                                       */
#define TICK_BATCH 64u

#define DTLS_FIRST_BYTE_MIN 20 /* RFC 7983 section 7 */
#define DTLS_FIRST_BYTE_MAX 63
#define RTP_FIRST_BYTE_MIN 128
#define RTP_FIRST_BYTE_MAX 191

struct _VgwIceReceiver
{
  VgwIceMux *mux;             /* constant, as the sockets are */
  int fds[VGW_ICE_N_SOCKETS]; /* -1: none */
  int wake_fd;                /* eventfd: the end */
  GThread *thread;            /* (nullable) once joined */

  /* the thread's own */
  guint16 port;
  VgwIceRouter *router; /* the mux's */
  VgwStun stun;
  VgwIceBatch *batch;
  guint32 overflows[VGW_ICE_N_SOCKETS];
};

typedef struct
{
  VgwIceRouter *router;
  VgwIceRoute *route; /* (transfer full) found by the ufrag */
  char *password;     /* (transfer full) a GRefString */
  guint generation;   /* of the credentials */
} CheckLookup;

static gboolean
look_up (const char *ufrag, gsize length, const char **password, gpointer user_data)
{
  CheckLookup *lookup = user_data;

  lookup->route = vgw_ice_router_find_ufrag (lookup->router, ufrag, length, &lookup->password, &lookup->generation);
  *password = lookup->password;
  return lookup->route != NULL;
}

/* Sends own checks, and clears them. */
static void
send_checks (VgwIceReceiver *self, VgwIceCheck *checks, guint n)
{
  guint8 packet[VGW_STUN_MAX_CHECK_BYTES];

  for (guint i = 0; i < n; i++)
    {
      gsize length = vgw_stun_make_check (packet, checks[i].id, checks[i].username, checks[i].password);

      if (length > 0 && vgw_ice_mux_send (self->mux, &checks[i].path, packet, length, 0))
        vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_OWN_CHECKS, 1);
      vgw_ice_check_clear (&checks[i]);
    }
}

/* Returns FALSE where @packet is no answer that somebody waits for. */
static gboolean
take_answer (VgwIceReceiver *self, const VgwIcePacket *packet, gint64 now_us)
{
  const guint8 *id = vgw_stun_get_answer (packet->data, packet->length);
  char *password = id != NULL ? vgw_ice_router_find_transaction (self->router, id, &packet->path) : NULL;
  gboolean is_right = password != NULL && vgw_stun_is_answer (packet->data, packet->length, id, password);

  g_clear_pointer (&password, g_ref_string_release);
  if (!is_right)
    return FALSE;
  vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_ANSWERS, 1);
  vgw_ice_router_prove (self->router, id, &packet->path, now_us);
  return TRUE;
}

static void
handle_stun (VgwIceReceiver *self, const VgwIcePacket *packet, gint64 now_us)
{
  static const VgwIceCount count_of[] = {
    [VGW_STUN_VALID] = VGW_ICE_COUNT_CHECKS,
    [VGW_STUN_REFUSED] = VGW_ICE_COUNT_REFUSED,
    [VGW_STUN_UNAUTHENTICATED] = VGW_ICE_COUNT_UNAUTHENTICATED,
    [VGW_STUN_MALFORMED] = VGW_ICE_COUNT_MALFORMED,
    [VGW_STUN_IGNORED] = VGW_ICE_COUNT_IGNORED,
  };
  guint8 reply[VGW_STUN_MAX_REPLY_BYTES];
  gsize reply_length;
  CheckLookup lookup = { .router = self->router };
  gboolean is_nominated;
  VgwStunVerdict verdict;

  if (take_answer (self, packet, now_us))
    return;
  verdict = vgw_stun_answer (&self->stun, packet->data, packet->length, &packet->path.remote, look_up, &lookup, reply,
                             &reply_length, &is_nominated);
  vgw_ice_mux_count (self->mux, count_of[verdict], 1);
  if (reply_length > 0)
    vgw_ice_mux_send (self->mux, &packet->path, reply, reply_length, 0);
  if (verdict == VGW_STUN_VALID && lookup.route != NULL)
    {
      VgwIceCheck checks[VGW_ICE_MAX_PATHS];

      vgw_ice_router_validate (self->router, lookup.route, &packet->path, lookup.generation, is_nominated,
                               packet->length, now_us);
      send_checks (self, checks, vgw_ice_route_take_due (lookup.route, now_us, checks, G_N_ELEMENTS (checks)));
    }
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
handle_media (VgwIceReceiver *self, const VgwIcePacket *packet, gint64 now_us)
{
  g_autoptr (VgwIceRoute) route = vgw_ice_router_find_path (self->router, &packet->path, now_us);

  if (route == NULL)
    {
      vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_UNKNOWN_SOURCE, 1);
      return;
    }
  vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_DELIVERED, 1);
  if (packet->data[0] <= DTLS_FIRST_BYTE_MAX)
    vgw_ice_route_note_handshake (route, &packet->path, packet->length, now_us);
  vgw_ice_route_deliver (route, packet->data, packet->length);
}

static void
handle_packet (VgwIceReceiver *self, guint which, guint index, gint64 now_us)
{
  VgwIcePacket packet;
  gboolean is_usable = vgw_ice_batch_get (self->batch, index, self->port, &packet);

  if (packet.overflows != 0 && packet.overflows != self->overflows[which])
    {
      vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_KERNEL_DROPPED, packet.overflows - self->overflows[which]);
      self->overflows[which] = packet.overflows;
    }
  if (!is_usable || packet.is_truncated)
    vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_MALFORMED, 1);
  else if (vgw_stun_is_stun (packet.data, packet.length))
    handle_stun (self, &packet, now_us);
  else if (is_media (&packet))
    handle_media (self, &packet, now_us);
  else
    vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_MALFORMED, 1);
}

/* Sends the own checks that are due, unless another receiver has just looked. */
static void
tick (VgwIceReceiver *self, gint64 now_us)
{
  VgwIceCheck checks[TICK_BATCH];
  guint n;

  if (!vgw_ice_mux_take_turn (self->mux, now_us, TICK_US))
    return;
  do
    {
      n = vgw_ice_router_take_due (self->router, now_us, checks, TICK_BATCH);
      send_checks (self, checks, n);
    }
  while (n == TICK_BATCH);
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

  vgw_thread_watch_add ();
  while (polls[VGW_ICE_N_SOCKETS].revents == 0)
    {
      /* a path begins on a thread that is awake, and so has this thread wake up from now on */
      int timeout_ms = vgw_ice_router_count_paths (self->router) > 0 ? (int) (TICK_US / G_TIME_SPAN_MILLISECOND) : -1;

      if (poll (polls, G_N_ELEMENTS (polls), timeout_ms) < 0)
        continue; /* EINTR; nothing else can happen here */
      for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
        {
          /* POLLERR too: receiving is what clears it */
          guint n_packets = polls[i].revents != 0 ? vgw_ice_batch_receive (self->batch, polls[i].fd) : 0;
          gint64 now_us = g_get_monotonic_time ();

          vgw_ice_mux_count (self->mux, VGW_ICE_COUNT_RECEIVED, n_packets);
          for (guint j = 0; j < n_packets; j++)
            handle_packet (self, i, j, now_us);
        }
      tick (self, g_get_monotonic_time ());
    }
  vgw_thread_watch_remove ();
  return NULL;
}

VgwIceReceiver *
vgw_ice_receiver_new (VgwIceMux *mux, const int fds[VGW_ICE_N_SOCKETS], GError **error)
{
  VgwIceReceiver *self = g_new0 (VgwIceReceiver, 1);

  self->mux = mux;
  self->port = vgw_ice_mux_get_port (mux);
  self->router = vgw_ice_mux_get_router (mux);
  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    self->fds[i] = fds[i];
  self->batch = vgw_ice_batch_new ();
  vgw_stun_init (&self->stun);
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
  /* an eventfd takes its first write; EINTR cannot happen before it blocks */
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
  vgw_ice_batch_free (self->batch);
  g_free (self);
}
