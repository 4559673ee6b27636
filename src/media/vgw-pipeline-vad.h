/* The optional `vad` of a pipeline: its place in the chain. */
#pragma once

#include "media/vgw-pipeline-instance.h"

/* The warning about a description whose calls have no voice detection. */
#define VGW_PIPELINE_NO_VOICE "it has no vad, and none can be inserted before pcm_out: no speech events and no barge-in"

/* The message of a `vad`, and its fields: a boolean, and the stream time of the audio; those of webrtcdsp. */
#define VGW_PIPELINE_VOICE_MESSAGE "voice-activity"
#define VGW_PIPELINE_VOICE_FIELD "stream-has-voice"
#define VGW_PIPELINE_VOICE_TIME "stream-time"

/* Removes @vad, and links its neighbours. FALSE where they do not fit together, or @vad has not one sink and one source
 * pad. */
gboolean vgw_pipeline_vad_remove (GstElement *vad);

/* Removes the instance's `vad`, if there is one, for a call without voice detection. Before the pipeline is started. */
void vgw_pipeline_remove_vad (VgwPipelineInstance *instance);

/* Adds the voice detection of the shipped descriptions before pcm_out where there is no `vad`. FALSE where that is not
 * possible. Before the pipeline is started. */
gboolean vgw_pipeline_add_vad (VgwPipelineInstance *instance);

/* Inserts vgwresample after `vad`, if there is one, where it does not support @rate_hz: webrtcdsp has no 24 kHz. Before
 * the pipeline is started. */
void vgw_pipeline_fit_vad (VgwPipelineInstance *instance, guint rate_hz);
