/* Classifies and delivers packets of any socket: answers connectivity checks, sends those for consent (see
 * vgw-ice-consent.h), and passes everything else to the transport that owns the remote address. A value, for one
 * thread. */
#pragma once

#include "ice/vgw-ice-router.h"
#include "ice/vgw-ice-shared.h"
#include "ice/vgw-stun.h"

typedef struct
{
  VgwIceShared *shared; /* borrowed */
  VgwStun stun;
} VgwIceDemux;

/* @shared must outlive it. */
void vgw_ice_demux_init (VgwIceDemux *self, VgwIceShared *shared);

/* One packet that came over @path. In a connected call that is where it is decrypted and decoded (see
 * vgw_ice_src_go_direct ()). TRUE where it is of a session: a valid check, an answer to one, or media from an address
 * that is known. */
gboolean vgw_ice_demux_handle (VgwIceDemux *self, const VgwIcePath *path, const guint8 *data, gsize length,
                               gint64 now_us);

/* Sends the own checks that are due, unless another thread has just looked. */
void vgw_ice_demux_tick (VgwIceDemux *self, gint64 now_us);

/* How long a thread may wait before its next tick; -1: without limit. A path begins on a thread that is awake, and
 * that thread then wakes up for it. */
int vgw_ice_demux_get_timeout_ms (VgwIceDemux *self);
