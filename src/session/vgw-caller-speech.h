/* When the caller speaks, and what that does to the engine's audio at once: barge-in. Main thread. */
#pragma once

#include "engine/vgw-engine-config.h"
#include "media/vgw-bridge.h"

typedef struct _VgwCallerSpeech VgwCallerSpeech;

/* The caller has begun or ended to speak; barge-in has been done. May free the VgwCallerSpeech. */
typedef void (*VgwCallerSpeechFunc) (gboolean is_speaking, gpointer user_data);

/* Returns: (transfer full) */
VgwCallerSpeech *vgw_caller_speech_new (VgwBridge *bridge, VgwCallerSpeechFunc func, gpointer user_data);
void vgw_caller_speech_free (VgwCallerSpeech *self);

/* Detects as @config has it, from the beginning; where neither barge-in nor the engine (@is_wanted) depends on it, not
 * at all. */
void vgw_caller_speech_configure (VgwCallerSpeech *self, const VgwEngineConfig *config, gboolean is_wanted);

/* Whether the caller's audio has voice in it now. */
void vgw_caller_speech_set_voice (VgwCallerSpeech *self, gboolean has_voice);

gboolean vgw_caller_speech_has_voice (VgwCallerSpeech *self);

/* Whether that will be of use: also where an engine that may take over could want it, since a pipeline that has begun
 * without detection gets none later. */
gboolean vgw_caller_speech_wants_voice (VgwCallerSpeech *self);

/* Detects nothing until it is configured again. Returns: whether the caller was speaking. */
gboolean vgw_caller_speech_stop (VgwCallerSpeech *self);
