/* Connects an engine to a pipeline: the caller's audio from an appsink, the engine's audio through the playout queue to
 * a VgwPushSrc. It outlives the peer: a new peer attaches its own elements to the same bridge. */
#pragma once

#include "base/vgw-call-stats.h"
#include "media/vgw-audio-monitor.h"
#include "media/vgw-bridge-audio.h"
#include "media/vgw-pacer.h"
#include "media/vgw-playout.h"

#define VGW_TYPE_BRIDGE (vgw_bridge_get_type ())
G_DECLARE_FINAL_TYPE (VgwBridge, vgw_bridge, VGW, BRIDGE, GObject)

/* @pacer must outlive the bridge. Main thread. Returns: (transfer full) */
VgwBridge *vgw_bridge_new (VgwPacer *pacer, const VgwAudioFormat *format, guint max_playout_ms);

/* Sets the receiver of the caller's audio; while the caller sends nothing it receives silence, on a pacer thread. NULL
 * for none: afterwards the old function is not running and will not run again, and its @destroy has been called. Main
 * thread. */
void vgw_bridge_set_audio_func (VgwBridge *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy);

/* A VgwBridgeAudioFunc for a call without an engine: the caller is still recorded, and heard to speak. */
void vgw_bridge_ignore_audio (const gint16 *samples, gsize n_samples, gpointer user_data);

/* The queue of the engine's audio (transfer none); its functions may be called on any thread. */
VgwPlayout *vgw_bridge_get_playout (VgwBridge *self);

const VgwAudioFormat *vgw_bridge_get_format (VgwBridge *self);

/* Any thread. */
void vgw_bridge_get_input_stats (VgwBridge *self, VgwBridgeInputStats *stats);

/* Whether the received audio is more than @margin_db weaker than the sent one: see vgw-echo-estimator.h. Any thread. */
gboolean vgw_bridge_may_be_echo (VgwBridge *self, guint margin_db);

/* Fills audio and setup.first_audio_ms of @stats. Main thread. */
void vgw_bridge_get_call_stats (VgwBridge *self, VgwCallStats *stats);

/* The level of the received and of the sent audio: see vgw-echo-estimator.h. Any thread. */
void vgw_bridge_get_levels (VgwBridge *self, double *received, double *sent);

/* A copy of the audio, off at first, taken at @taken_rate_hz. Once its receiver has turned it off and has dropped its
 * reference, it may be another one's. NULL where 4 are in use. Main thread. (transfer full) (nullable) */
VgwAudioMonitor *vgw_bridge_add_audio_monitor (VgwBridge *self, guint taken_rate_hz);

/* --- for the peer */
struct _GstAppSink;
struct _VgwPushSrc;

/* Sets the caps and limits of both elements for a bridge of @format. Main thread, before the pipeline is started. */
void vgw_bridge_prepare (struct _GstAppSink *pcm_out, struct _VgwPushSrc *pcm_in, const VgwAudioFormat *format);

/* Attaches @pcm_out and @pcm_in, which were prepared (references are held until detach), in place of those that it had:
 * from now on audio passes in both directions. An old pcm_out is heard on until something comes from the new one, or it
 * is detached. @may_use_dtx: where pcm_in's encoder can, silence is not sent (vgw-dtx.h). Main thread. */
void vgw_bridge_attach (VgwBridge *self, struct _GstAppSink *pcm_out, struct _VgwPushSrc *pcm_in, gboolean may_use_dtx);

/* Releases the elements; when it returns, the pacer no longer pushes into them. Nothing where @pcm_out is not the one
 * that it has (any more). Main thread. */
void vgw_bridge_detach (VgwBridge *self, struct _GstAppSink *pcm_out);
