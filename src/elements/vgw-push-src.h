/* A live source without a thread of its own: whoever has a buffer pushes it, on his own thread, through everything that
 * follows up to the next queue. GstAppSrc would wake a thread per call for each packet, which costs more than handing
 * the packet over. The other side of it: what follows must not wait, or the pusher waits too. */
#pragma once

#include <gst/gst.h>

#define VGW_TYPE_PUSH_SRC (vgw_push_src_get_type ())
G_DECLARE_DERIVABLE_TYPE (VgwPushSrc, vgw_push_src, VGW, PUSH_SRC, GstElement)

struct _VgwPushSrcClass
{
  GstElementClass parent_class;
};

/* With one pad, "src". Returns: (transfer floating) */
GstElement *vgw_push_src_new (const char *name);

/* What the buffers are; none said: anything. (transfer none) Before the first buffer. */
void vgw_push_src_set_caps (VgwPushSrc *self, GstCaps *caps);

/* Sends @buffer (transfer full) downstream; stream-start, caps and segment go before the first one. FLUSHING where the
 * element is not running. One thread at a time. */
GstFlowReturn vgw_push_src_push (VgwPushSrc *self, GstBuffer *buffer);

/* (transfer none) The element owns it. */
GstPad *vgw_push_src_get_pad (VgwPushSrc *self);
