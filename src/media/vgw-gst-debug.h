/* GStreamer's own log while the gateway runs. Main thread. */
#pragma once

#include <glib.h>

#define VGW_GST_DEBUG_MAX_BYTES 512

/* Replaces GStreamer's thresholds by @list, as in GST_DEBUG ("vgw*:6,webrtcbin:5"; "" for none), but for levels above 4
 * for all categories or those of SRTP and DTLS, which become 4: they write keys. From then on its lines
 * go to the gateway's log, which never blocks, at level info. Errors, and nothing is changed: VGW_ERROR_BAD_MESSAGE.
 * Returns: (transfer full) the list in effect */
char *vgw_gst_debug_set (const char *list, GError **error);
