/* The project's own GStreamer elements: vgwopusdec, vgwopusenc, vgwresample, vgwjitterbuffer. Registered in the
 * program, and also built as the plugin libgstvgw.so that gst-inspect-1.0 and gst-launch-1.0 can load. */
#pragma once

#include <gst/gst.h>

/* Registers every element with the running GStreamer (statically: @plugin NULL) or with @plugin. */
gboolean vgw_elements_register (GstPlugin *plugin);
