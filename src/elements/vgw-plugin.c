/* libgstvgw.so: the same elements for gst-inspect-1.0 and gst-launch-1.0. */
#include "elements/vgw-elements.h"
#include "vgw-build.h"

#define PACKAGE "voice-gateway"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return vgw_elements_register (plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, vgw, "Elements of voice-gateway", plugin_init, VGW_VERSION,
                   "MIT/X11", PACKAGE, "voice-gateway")
