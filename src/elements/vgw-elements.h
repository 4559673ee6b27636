/* The GStreamer elements of the project: vgwopusdec, vgwopusenc, vgwresample, vgwjitterbuffer. Registered in the
 * program, and also built as the plugin libgstvgw.so for gst-inspect-1.0 and gst-launch-1.0. */
#pragma once

#include <gst/gst.h>

/* Registers all elements; @plugin NULL: statically. */
gboolean vgw_elements_register (GstPlugin *plugin);
