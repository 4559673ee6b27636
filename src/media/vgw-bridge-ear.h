/* What the engine hears with: from the appsinks of all peers that a bridge ever had to one audio function.
 *
 * Time: the engine counts samples, so the samples must tell the time. Where the timestamps of the buffers move on by
 * more than the samples do (packets that were lost and not concealed, a sender that stops in silence, telephone-events
 * in place of audio, a new peer), the gap is filled with silence before the next buffer. While nothing comes at all,
 * for a second or more, silence is heard in real time. What is filled at one time is bounded, and a longer step of the
 * timestamps is shortened. Time never goes back. */
#pragma once

#include <gst/app/app.h>

#include "media/vgw-bridge-audio.h"
#include "media/vgw-echo-estimator.h"

typedef struct _VgwBridgeEar VgwBridgeEar; /* reference counted */
typedef struct _VgwBridgeTap VgwBridgeTap; /* of one appsink, which owns it */

/* Returns: (transfer full) */
VgwBridgeEar *vgw_bridge_ear_new (guint rate_hz);
void vgw_bridge_ear_unref (VgwBridgeEar *self);

/* As vgw_bridge_set_audio_func (). Main thread. */
void vgw_bridge_ear_set_func (VgwBridgeEar *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy);

/* Has @pcm_out heard. Main thread. Returns: (transfer none) valid until vgw_bridge_ear_detach (). */
VgwBridgeTap *vgw_bridge_ear_attach (VgwBridgeEar *self, GstAppSink *pcm_out);

/* @tap is heard until something comes from another one; one tap at a time. Main thread. */
void vgw_bridge_ear_retire (VgwBridgeEar *self, VgwBridgeTap *tap);

/* Each 20 ms while @tap is attached: silence in place of a caller who sends nothing. Pacer thread. Does not block. */
void vgw_bridge_ear_tick (VgwBridgeEar *self, VgwBridgeTap *tap);

/* When it returns, the function is not running for @pcm_out and will not be called for it again. Main thread. */
void vgw_bridge_ear_detach (VgwBridgeEar *self, GstAppSink *pcm_out, VgwBridgeTap *tap);

/* It hears what comes from the caller; what is played it must be told. Any thread. Returns: (transfer none) */
VgwEchoEstimator *vgw_bridge_ear_get_echo_estimator (VgwBridgeEar *self);

/* As vgw_bridge_get_heard (). Any thread. */
void vgw_bridge_ear_get_heard (VgwBridgeEar *self, VgwBridgeHeard *heard);
