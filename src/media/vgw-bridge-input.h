/* Delivers the audio of the appsinks of a bridge's peers, one after the other, to the engine's audio function.
 *
 * Time: the engine counts samples. Where the timestamps of the buffers advance by more than the samples (packets that
 * were lost and not concealed, a sender that stops in silence, telephone events instead of audio, a new peer), the gap
 * is filled with silence before the next buffer. After a second without any audio, silence is delivered in real time.
 * The silence for one gap is limited; longer steps of the timestamps are shortened. Time never goes backwards. */
#pragma once

#include <gst/app/app.h>

#include "media/vgw-audio-monitor.h"
#include "media/vgw-bridge-audio.h"
#include "media/vgw-echo-estimator.h"

typedef struct _VgwBridgeInput VgwBridgeInput; /* reference counted */
typedef struct _VgwBridgeTap VgwBridgeTap;     /* of one appsink, which owns it */

/* Returns: (transfer full) */
VgwBridgeInput *vgw_bridge_input_new (guint rate_hz);
void vgw_bridge_input_unref (VgwBridgeInput *self);

/* As vgw_bridge_set_audio_func (). Main thread. */
void vgw_bridge_input_set_func (VgwBridgeInput *self, VgwBridgeAudioFunc func, gpointer user_data,
                                GDestroyNotify destroy);

#define VGW_BRIDGE_MAX_MONITORS 4u

/* @audio_monitor, the one with number @i, gets what the function gets; it outlives the delivery. Main thread. */
void vgw_bridge_input_set_audio_monitor (VgwBridgeInput *self, guint i, VgwAudioMonitor *audio_monitor);

/* Delivers the audio of @pcm_out. Main thread. Returns: (transfer none) valid until vgw_bridge_input_detach () */
VgwBridgeTap *vgw_bridge_input_attach (VgwBridgeInput *self, GstAppSink *pcm_out);

/* Delivers the audio of @tap until there is audio of another one; one tap at a time. Main thread. */
void vgw_bridge_input_retire (VgwBridgeInput *self, VgwBridgeTap *tap);

/* To be called each 20 ms while @tap is attached: delivers silence where there is no audio. Pacer thread; does not
 * block. */
void vgw_bridge_input_tick (VgwBridgeInput *self, VgwBridgeTap *tap);

/* Afterwards the function is not running for @pcm_out and will not be called for it again. Main thread. */
void vgw_bridge_input_detach (VgwBridgeInput *self, GstAppSink *pcm_out, VgwBridgeTap *tap);

/* Received audio is added here; the caller of this function adds the sent audio. Any thread. Returns: (transfer none)
 * */
VgwEchoEstimator *vgw_bridge_input_get_echo_estimator (VgwBridgeInput *self);

/* As vgw_bridge_get_input_stats (). Any thread. */
void vgw_bridge_input_get_stats (VgwBridgeInput *self, VgwBridgeInputStats *stats);
