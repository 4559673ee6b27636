/* UDP sockets with the local address of each packet, for receiving and sending. */
#pragma once

#include "ice/vgw-ice-address.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define VGW_ICE_BATCH 32          /* packets per recvmmsg () */
#define VGW_ICE_PACKET_BYTES 2048 /* WebRTC packets are below the MTU of 1500; longer ones are dropped */

/* The buffers of one batch of packets. One thread. */
typedef struct _VgwIceBatch VgwIceBatch;

typedef struct
{
  const guint8 *data; /* valid until the next receive */
  gsize length;
  VgwIcePath path;
  gboolean is_truncated; /* longer than VGW_ICE_PACKET_BYTES */
  guint32 overflows;     /* packets that the kernel dropped on this socket since it was opened (SO_RXQ_OVFL) */
} VgwIcePacket;

enum
{
  VGW_ICE_SOCKET_IPV4,
  VGW_ICE_SOCKET_IPV6,
  VGW_ICE_N_SOCKETS,
};

/* Opens non-blocking sockets on @port (0: one that is free in both families, see @bound_port): both families where
 * @bound has none and the machine has IPv6, else the one of @bound, at its address. @fds: -1 for none.
 * Errors: G_IO_ERROR; all @fds are -1 then. */
gboolean vgw_ice_socket_open_pair (const VgwIceAddress *bound, guint16 port, int fds[VGW_ICE_N_SOCKETS],
                                   guint16 *bound_port, GError **error);

/* Opens another socket at the address of each of @fds, for another thread: the kernel distributes the remote addresses
 * (SO_REUSEPORT). The first socket was bound exclusively, so that a port in use by another program is an error.
 * Errors: G_IO_ERROR; all @siblings are -1 then. */
gboolean vgw_ice_socket_open_sibling (const int fds[VGW_ICE_N_SOCKETS], int siblings[VGW_ICE_N_SOCKETS],
                                      GError **error);

/* The local port of @fd; 0 where it has none. */
guint16 vgw_ice_socket_get_port (int fd);

/* Sends one packet over @path; @tos is the byte for IP_TOS, 0 for the default. FALSE where the kernel refused it (full
 * buffer, no route): UDP packets are dropped, not retried. Any thread. */
gboolean vgw_ice_socket_send (int fd, const VgwIcePath *path, gconstpointer data, gsize length, guint8 tos);

VgwIceBatch *vgw_ice_batch_new (void); /* (transfer full), for g_free () */

/* Receives at most VGW_ICE_BATCH packets without blocking; 0: none, or a transient error. */
guint vgw_ice_batch_receive (VgwIceBatch *self, int fd);

/* Packet @index of the batch received last; @port is the local port. FALSE where it has no usable address. */
gboolean vgw_ice_batch_get (VgwIceBatch *self, guint index, guint16 port, VgwIcePacket *packet);
