/* A live source without a thread: a buffer is pushed on the caller's thread, through all elements up to the next queue.
 * GstAppSrc would wake a thread per call for each packet. So the elements that follow must not block, since they would
 * block the caller. */
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

/* The caps of the buffers (transfer none); none: any. Before the first buffer. */
void vgw_push_src_set_caps (VgwPushSrc *self, GstCaps *caps);

/* Pushes @buffer (transfer full) downstream; stream-start, caps and segment before the first one. FLUSHING where the
 * element is not running. One thread at a time. */
GstFlowReturn vgw_push_src_push (VgwPushSrc *self, GstBuffer *buffer);

/* (transfer none) The element owns it. */
GstPad *vgw_push_src_get_pad (VgwPushSrc *self);
