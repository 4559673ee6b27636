/* The GStreamer side of VgwBridge, for media/ only. */
#pragma once

#include <gst/app/app.h>

#include "elements/vgw-push-src.h"
#include "media/vgw-bridge.h"

G_BEGIN_DECLS

/* Sets the caps and limits of both elements for a bridge of @format. Main thread, before the pipeline is started. */
void vgw_bridge_prepare (GstAppSink *pcm_out, VgwPushSrc *pcm_in, const VgwAudioFormat *format);

/* Takes over @pcm_out and @pcm_in, which were prepared (references are held until detach), from those that it had: from
 * now on audio passes in both directions. Main thread. */
void vgw_bridge_attach (VgwBridge *self, GstAppSink *pcm_out, VgwPushSrc *pcm_in);

/* Releases the elements; when it returns, the pacer no longer pushes into them. Nothing where @pcm_out is not the one
 * that it has (any more). Main thread. */
void vgw_bridge_detach (VgwBridge *self, GstAppSink *pcm_out);

G_END_DECLS
