/* One thread `vgw-ice` with its UDP sockets: receives in batches, for vgw-ice-demux.h. A mux has a receiver for each
 * processor; the kernel keeps a remote address with one of them. */
#pragma once

#include "ice/vgw-ice-shared.h"
#include "ice/vgw-ice-socket.h"

typedef struct _VgwIceReceiver VgwIceReceiver;

/* Starts the thread. @fds (-1: none of that family) are the receiver's from here on, also where it fails; @shared must
 * outlive it. Errors: G_IO_ERROR, G_THREAD_ERROR. Returns: (transfer full) */
VgwIceReceiver *vgw_ice_receiver_new (VgwIceShared *shared, const int fds[VGW_ICE_N_SOCKETS], GError **error);

/* Joins the thread; the sockets stay open. Idempotent. Any thread but its own. */
void vgw_ice_receiver_stop (VgwIceReceiver *self);

/* Stops, and closes the sockets. */
void vgw_ice_receiver_free (VgwIceReceiver *self);
