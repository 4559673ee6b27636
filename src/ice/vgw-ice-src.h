/* The element that feeds webrtcbin: a live source without a thread of its own, pushed from the thread `vgw-ice`. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define VGW_TYPE_ICE_SRC (vgw_ice_src_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceSrc, vgw_ice_src, VGW, ICE_SRC, GstElement)

/* Returns: (transfer floating) */
GstElement *vgw_ice_src_new (void);

/* Pushes a copy of one DTLS, SRTP or SRTCP packet, stamped with the running time. One thread at a time. Never blocks:
 * what the session cannot take is dropped (see keep_queue_leaky ()), also while the pad is not active. */
void vgw_ice_src_push (VgwIceSrc *self, const guint8 *data, gsize length);

G_END_DECLS
