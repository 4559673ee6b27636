/* The GStreamer side of VgwBridge, for media/ only. */
#pragma once

#include <gst/app/app.h>

#include "elements/vgw-push-src.h"
#include "media/vgw-bridge.h"

G_BEGIN_DECLS

/* Takes over @pcm_out and @pcm_in (references are held until detach): sets their caps, limits and callbacks.
 * The gate starts closed: nothing passes in either direction. Main thread, before the pipeline is started. */
void vgw_bridge_attach (VgwBridge *self, GstAppSink *pcm_out, VgwPushSrc *pcm_in);

/* Opens or closes the gate for both directions. Any thread. */
void vgw_bridge_set_open (VgwBridge *self, gboolean is_open);

/* Lets go of the elements; when it returns, the pacer no longer pushes into them. Idempotent. Main thread. */
void vgw_bridge_detach (VgwBridge *self);

G_END_DECLS
