/* The element that feeds webrtcbin: a VgwPushSrc, pushed from a thread `vgw-ice`. */
#pragma once

#include "elements/vgw-push-src.h"

#define VGW_TYPE_ICE_SRC (vgw_ice_src_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceSrc, vgw_ice_src, VGW, ICE_SRC, VgwPushSrc)

/* Returns: (transfer floating) */
GstElement *vgw_ice_src_new (void);

/* Pushes a copy of one DTLS, SRTP or SRTCP packet, stamped with the running time. One thread at a time. Never blocks
 * before vgw_ice_src_go_direct (): what the session cannot take is dropped (see keep_queue_leaky ()), also while the
 * pad is not active. */
void vgw_ice_src_push (VgwIceSrc *self, const guint8 *data, gsize length);

/* From here on packets go around webrtcbin's receive queue, and are decrypted and decoded on the thread that pushes: no
 * wake-up per packet, no thread per call. For a session whose DTLS is up and whose pipeline nowhere waits. Any thread.
 */
void vgw_ice_src_go_direct (VgwIceSrc *self);
