#include "ice/vgw-ice-socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/vgw-log.h"

/* All sessions share the socket: the buffer must hold a pause of the thread, or a tick of the pacer. */
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)
#define MAX_PORT_TRIES 32 /* to find a port that is free in both families */
#define CONTROL_BYTES 256 /* packet info of either family, overflow counter */

typedef union
{
  struct cmsghdr align;
  guint8 bytes[CONTROL_BYTES];
} Control;

struct _VgwIceBatch
{
  struct mmsghdr messages[VGW_ICE_BATCH];
  struct iovec parts[VGW_ICE_BATCH];
  struct sockaddr_storage sources[VGW_ICE_BATCH];
  Control controls[VGW_ICE_BATCH];
  guint8 data[VGW_ICE_BATCH][VGW_ICE_PACKET_BYTES];
};

static gboolean
enable (int fd, int level, int option)
{
  int on = 1;

  return setsockopt (fd, level, option, &on, sizeof on) == 0;
}

/* The forced variant needs CAP_NET_ADMIN; the other is cut to net.core.[rw]mem_max without an error. */
static void
raise_buffer (int fd, int forced_option, int option)
{
  int size = SOCKET_BUFFER_BYTES;

  if (setsockopt (fd, SOL_SOCKET, forced_option, &size, sizeof size) != 0)
    setsockopt (fd, SOL_SOCKET, option, &size, sizeof size);
}

static gboolean
set_options (int fd, int family)
{
  raise_buffer (fd, SO_RCVBUFFORCE, SO_RCVBUF);
  raise_buffer (fd, SO_SNDBUFFORCE, SO_SNDBUF);
  if (!enable (fd, SOL_SOCKET, SO_RXQ_OVFL))
    return FALSE;
  if (family == AF_INET6)
    return enable (fd, IPPROTO_IPV6, IPV6_V6ONLY) && enable (fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  return enable (fd, IPPROTO_IP, IP_PKTINFO);
}

/* @is_shared: other sockets are bound to the address. Returns -1 with @error set. */
static int
open_one (const VgwIceAddress *address, gboolean is_shared, GError **error)
{
  struct sockaddr_storage storage;
  socklen_t length = vgw_ice_address_to_sockaddr (address, &storage);
  char text[VGW_ICE_ADDRESS_TEXT_MAX];
  int fd = socket (address->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);

  if (fd >= 0 && set_options (fd, address->family) && (!is_shared || enable (fd, SOL_SOCKET, SO_REUSEPORT))
      && bind (fd, (struct sockaddr *) &storage, length) == 0)
    return fd;

  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "UDP %s: %s",
               vgw_ice_address_to_string (address, text), g_strerror (saved_errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
get_address (int fd, VgwIceAddress *address)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;

  return getsockname (fd, (struct sockaddr *) &storage, &length) == 0
         && vgw_ice_address_from_sockaddr (address, (struct sockaddr *) &storage);
}

guint16
vgw_ice_socket_get_port (int fd)
{
  VgwIceAddress address;

  return get_address (fd, &address) ? address.port : 0;
}

/* Both families on one port number. An IPv6 port in use is an error, a machine without IPv6 is not. */
static gboolean
open_both (guint16 port, int fds[VGW_ICE_N_SOCKETS], GError **error)
{
  g_autoptr (GError) ipv6_error = NULL;
  VgwIceAddress any_ipv4 = { .family = AF_INET, .port = port };
  VgwIceAddress any_ipv6 = { .family = AF_INET6 };

  fds[VGW_ICE_SOCKET_IPV4] = open_one (&any_ipv4, FALSE, error);
  if (fds[VGW_ICE_SOCKET_IPV4] < 0)
    return FALSE;
  any_ipv6.port = vgw_ice_socket_get_port (fds[VGW_ICE_SOCKET_IPV4]);
  fds[VGW_ICE_SOCKET_IPV6] = open_one (&any_ipv6, FALSE, &ipv6_error);
  if (fds[VGW_ICE_SOCKET_IPV6] >= 0)
    return TRUE;
  if (g_error_matches (ipv6_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    {
      close (fds[VGW_ICE_SOCKET_IPV4]);
      fds[VGW_ICE_SOCKET_IPV4] = -1;
      g_propagate_error (error, g_steal_pointer (&ipv6_error));
      return FALSE;
    }
  vgw_info (NULL, "ICE: no IPv6, IPv4 only (%s)", ipv6_error->message);
  return TRUE;
}

gboolean
vgw_ice_socket_open_pair (const VgwIceAddress *bound, guint16 port, int fds[VGW_ICE_N_SOCKETS], guint16 *bound_port,
                          GError **error)
{
  guint which = bound->family == AF_INET6 ? VGW_ICE_SOCKET_IPV6 : VGW_ICE_SOCKET_IPV4;
  guint n_tries = port == 0 && bound->family == 0 ? MAX_PORT_TRIES : 1;
  gboolean is_open = FALSE;

  fds[VGW_ICE_SOCKET_IPV4] = fds[VGW_ICE_SOCKET_IPV6] = -1;
  if (bound->family != 0)
    {
      VgwIceAddress address = *bound;

      address.port = port;
      fds[which] = open_one (&address, FALSE, error);
      is_open = fds[which] >= 0;
    }
  else
    for (guint i = 0; i < n_tries && !is_open; i++)
      is_open = open_both (port, fds, i + 1 == n_tries ? error : NULL);

  if (is_open)
    *bound_port = vgw_ice_socket_get_port (fds[which]);
  return is_open;
}

/* Returns -1 with @error set. */
static int
open_sibling (int fd, GError **error)
{
  VgwIceAddress address;

  if (get_address (fd, &address) && enable (fd, SOL_SOCKET, SO_REUSEPORT))
    return open_one (&address, TRUE, error);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "UDP port shared by threads: %s", g_strerror (errno));
  return -1;
}

gboolean
vgw_ice_socket_open_sibling (const int fds[VGW_ICE_N_SOCKETS], int siblings[VGW_ICE_N_SOCKETS], GError **error)
{
  gboolean is_open = TRUE;

  for (guint i = 0; i < VGW_ICE_N_SOCKETS; i++)
    {
      siblings[i] = is_open && fds[i] >= 0 ? open_sibling (fds[i], error) : -1;
      is_open = is_open && (fds[i] < 0 || siblings[i] >= 0);
    }
  for (guint i = 0; i < VGW_ICE_N_SOCKETS && !is_open; i++)
    {
      if (siblings[i] >= 0)
        close (siblings[i]);
      siblings[i] = -1;
    }
  return is_open;
}

static gsize
append_control (struct msghdr *message, gsize used, int level, int type, gconstpointer data, gsize length)
{
  struct cmsghdr *header = (struct cmsghdr *) ((guint8 *) message->msg_control + used);

  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN (length);
  memcpy (CMSG_DATA (header), data, length);
  return used + CMSG_SPACE (length);
}

/* Sets the source address to the one that was checked; the routing table selects the interface. */
static gsize
append_source (struct msghdr *message, const VgwIceAddress *local)
{
  if (vgw_ice_address_is_any (local))
    return 0;
  if (local->family == AF_INET)
    {
      struct in_pktinfo info = { 0 };

      memcpy (&info.ipi_spec_dst, local->ip, sizeof info.ipi_spec_dst);
      return append_control (message, 0, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }

  struct in6_pktinfo info6 = { 0 };

  memcpy (&info6.ipi6_addr, local->ip, sizeof info6.ipi6_addr);
  info6.ipi6_ifindex = local->scope_id;
  return append_control (message, 0, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6);
}

gboolean
vgw_ice_socket_send (int fd, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos)
{
  struct sockaddr_storage storage;
  Control control;
  struct iovec part = { .iov_base = (gpointer) data, .iov_len = length };
  struct msghdr message = { .msg_name = &storage, .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
  int tos_value = tos;
  gboolean is_ipv4 = path->remote.family == AF_INET;
  gsize used;
  gssize sent;

  memset (&control, 0, sizeof control);
  message.msg_namelen = vgw_ice_address_to_sockaddr (&path->remote, &storage);
  used = append_source (&message, &path->local);
  if (tos != 0)
    used = append_control (&message, used, is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, is_ipv4 ? IP_TOS : IPV6_TCLASS,
                           &tos_value, sizeof tos_value);
  message.msg_controllen = used;
  if (used == 0)
    message.msg_control = NULL;

  do
    sent = sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

VgwIceBatch *
vgw_ice_batch_new (void)
{
  VgwIceBatch *self = g_new0 (VgwIceBatch, 1);

  for (guint i = 0; i < VGW_ICE_BATCH; i++)
    {
      self->parts[i].iov_base = self->data[i];
      self->parts[i].iov_len = VGW_ICE_PACKET_BYTES;
      self->messages[i].msg_hdr.msg_iov = &self->parts[i];
      self->messages[i].msg_hdr.msg_iovlen = 1;
      self->messages[i].msg_hdr.msg_name = &self->sources[i];
      self->messages[i].msg_hdr.msg_control = &self->controls[i];
    }
  return self;
}

guint
vgw_ice_batch_receive (VgwIceBatch *self, int fd)
{
  int n_received;

  for (guint i = 0; i < VGW_ICE_BATCH; i++)
    {
      self->messages[i].msg_hdr.msg_namelen = sizeof self->sources[i];
      self->messages[i].msg_hdr.msg_controllen = sizeof self->controls[i];
      self->messages[i].msg_hdr.msg_flags = 0;
    }
  n_received = recvmmsg (fd, self->messages, VGW_ICE_BATCH, MSG_DONTWAIT, NULL);
  return n_received > 0 ? (guint) n_received : 0;
}

static void
read_control (const struct cmsghdr *header, VgwIcePacket *packet)
{
  VgwIceAddress *local = &packet->path.local;

  if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO)
    {
      struct in_pktinfo info;

      memcpy (&info, CMSG_DATA (header), sizeof info);
      local->family = AF_INET;
      memcpy (local->ip, &info.ipi_addr, sizeof info.ipi_addr);
    }
  else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO)
    {
      struct in6_pktinfo info6;

      memcpy (&info6, CMSG_DATA (header), sizeof info6);
      local->family = AF_INET6;
      memcpy (local->ip, &info6.ipi6_addr, sizeof info6.ipi6_addr);
      if (vgw_ice_address_is_link_local (local))
        local->scope_id = info6.ipi6_ifindex;
    }
  else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL)
    memcpy (&packet->overflows, CMSG_DATA (header), sizeof packet->overflows);
}

gboolean
vgw_ice_batch_get (VgwIceBatch *self, guint index, guint16 port, VgwIcePacket *packet)
{
  struct msghdr *message = &self->messages[index].msg_hdr;

  memset (packet, 0, sizeof *packet);
  packet->data = self->data[index];
  packet->length = self->messages[index].msg_len;
  packet->is_truncated = (message->msg_flags & MSG_TRUNC) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL; header = CMSG_NXTHDR (message, header))
    read_control (header, packet);
  packet->path.local.port = port;
  return message->msg_namelen > 0 && packet->path.local.family != 0
         && vgw_ice_address_from_sockaddr (&packet->path.remote, (struct sockaddr *) &self->sources[index])
         && packet->path.remote.port != 0;
}
