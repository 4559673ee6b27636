/* vgwjitterbuffer: puts RTP packets into order without a thread of its own. See the top of the .c file. */
#pragma once

#include <gst/gst.h>

#define VGW_TYPE_JITTER_BUFFER (vgw_jitter_buffer_get_type ())
G_DECLARE_FINAL_TYPE (VgwJitterBuffer, vgw_jitter_buffer, VGW, JITTER_BUFFER, GstElement)
