/* The RTP marker bit of a talkspurt's first packet (RFC 3551 section 4.1). */
#pragma once

#include <gst/gst.h>

/* Sets the marker on @payloader's packet of a buffer with the flag DISCONT, but not GAP. GStreamer's payloaders of
 * G.711 and G.722 do that themselves; rtpopuspay 1.22 does not. Once per element, before it runs. */
void vgw_talkspurt_mark (GstElement *payloader);
