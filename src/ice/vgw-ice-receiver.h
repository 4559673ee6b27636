/* One thread `vgw-ice` with its sockets: receives in batches, answers connectivity checks, sends those that prove who
 * receives (see vgw-ice-consent.h), and hands everything else to the transport that owns the remote address. In a
 * connected call that is where a packet is decrypted and decoded (see vgw_ice_src_go_direct ()), so that a mux has a
 * receiver for each processor; the kernel keeps a remote address with one of them. */
#pragma once

#include "ice/vgw-ice-mux.h"
#include "ice/vgw-ice-socket.h"

typedef struct _VgwIceReceiver VgwIceReceiver;

/* Starts the thread. @fds (-1: none of that family) are the receiver's from here on, also where it fails; @mux must
 * outlive it. Errors: G_IO_ERROR, G_THREAD_ERROR. Returns: (transfer full) */
VgwIceReceiver *vgw_ice_receiver_new (VgwIceMux *mux, const int fds[VGW_ICE_N_SOCKETS], GError **error);

/* Joins the thread; the sockets stay open. Idempotent. Any thread but its own. */
void vgw_ice_receiver_stop (VgwIceReceiver *self);

/* Stops, and closes the sockets. */
void vgw_ice_receiver_free (VgwIceReceiver *self);
