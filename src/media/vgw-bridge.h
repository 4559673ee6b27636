/* The two ends of a call that the engine sees: the caller's voice out of an appsink, the engine's voice into a
 * VgwPushSrc, through the playout queue. It belongs to the session and outlives the peer: a new peer attaches its own
 * elements to the same bridge. */
#pragma once

#include "media/vgw-bridge-audio.h"
#include "media/vgw-pacer.h"
#include "media/vgw-playout.h"

#define VGW_TYPE_BRIDGE (vgw_bridge_get_type ())
G_DECLARE_FINAL_TYPE (VgwBridge, vgw_bridge, VGW, BRIDGE, GObject)

/* @pacer must outlive the bridge. Main thread. Returns: (transfer full) */
VgwBridge *vgw_bridge_new (VgwPacer *pacer, const VgwAudioFormat *format, guint max_playout_ms);

/* Where the caller's voice goes, and on a pacer's thread silence in its place, while the caller sends nothing. NULL for
 * nowhere: when that call returns, the old function is not running and will not run again, and its @destroy has been
 * called. Main thread. */
void vgw_bridge_set_audio_func (VgwBridge *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy);

/* The queue that the engine's voice goes into (transfer none); its functions may be called on any thread. */
VgwPlayout *vgw_bridge_get_playout (VgwBridge *self);

const VgwAudioFormat *vgw_bridge_get_format (VgwBridge *self);

/* Any thread. */
void vgw_bridge_get_heard (VgwBridge *self, VgwBridgeHeard *heard);

/* Whether what is heard now is more than @margin_db weaker than what was played: see vgw-echo-estimator.h. Any thread.
 */
gboolean vgw_bridge_may_hear_echo (VgwBridge *self, guint margin_db);

/* The rest is for what has the elements, a GstAppSink and a VgwPushSrc. */
struct _GstAppSink;
struct _VgwPushSrc;

/* Sets the caps and limits of both elements for a bridge of @format. Main thread, before the pipeline is started. */
void vgw_bridge_prepare (struct _GstAppSink *pcm_out, struct _VgwPushSrc *pcm_in, const VgwAudioFormat *format);

/* Attaches @pcm_out and @pcm_in, which were prepared (references are held until detach), in place of those that it had:
 * from now on audio passes in both directions. An old pcm_out is heard on until something comes from the new one, or it
 * is detached. Main thread. */
void vgw_bridge_attach (VgwBridge *self, struct _GstAppSink *pcm_out, struct _VgwPushSrc *pcm_in);

/* Releases the elements; when it returns, the pacer no longer pushes into them. Nothing where @pcm_out is not the one
 * that it has (any more). Main thread. */
void vgw_bridge_detach (VgwBridge *self, struct _GstAppSink *pcm_out);
