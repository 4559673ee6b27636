/* libgstvgw.so: the same elements for gst-inspect-1.0 and gst-launch-1.0. */
#include "elements/vgw-elements.h"
#include "vgw-build.h"

#define PACKAGE "voice-gateway"

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, vgw, "Elements of voice-gateway", vgw_elements_register,
                   VGW_VERSION, "MIT/X11", PACKAGE, "voice-gateway")
