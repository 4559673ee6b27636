/* The element that feeds webrtcbin: a VgwPushSrc, pushed from a thread `vgw-ice`. */
#pragma once

#include "elements/vgw-push-src.h"

#define VGW_TYPE_ICE_SRC (vgw_ice_src_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceSrc, vgw_ice_src, VGW, ICE_SRC, VgwPushSrc)

/* Returns: (transfer floating) */
GstElement *vgw_ice_src_new (void);

/* Pushes a copy of one DTLS, SRTP or SRTCP packet, with the running time as its timestamp. One thread at a time. Never
 * blocks before vgw_ice_src_go_direct (): excess packets are dropped (see keep_queue_leaky ()), also while the pad is
 * not active. */
void vgw_ice_src_push (VgwIceSrc *self, const guint8 *data, gsize length);

/* Packets are from now on pushed around webrtcbin's receive queue, and are decrypted and decoded on the pushing thread:
 * no wake-up per packet, no thread per call. For a session with DTLS connected and a pipeline that does not block. Any
 * thread. */
void vgw_ice_src_go_direct (VgwIceSrc *self);
