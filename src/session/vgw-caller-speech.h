/* When the caller speaks, and what that does to the engine's audio at once: barge-in. Main thread. */
#pragma once

#include "engine/vgw-engine-config.h"
#include "media/vgw-bridge.h"
#include "media/vgw-voice.h"

typedef struct _VgwCallerSpeech VgwCallerSpeech;

/* The caller has begun or ended to speak, which is detected some time afterwards: @speech has the times. Barge-in has
 * been done. May free the VgwCallerSpeech. */
typedef void (*VgwCallerSpeechFunc) (const VgwVoice *speech, gpointer user_data);

/* Returns: (transfer full) */
VgwCallerSpeech *vgw_caller_speech_new (VgwBridge *bridge, VgwCallerSpeechFunc func, gpointer user_data);
void vgw_caller_speech_free (VgwCallerSpeech *self);

/* Detects as @config has it, from the beginning; where neither barge-in nor the engine (@is_wanted) depends on it, not
 * at all. */
void vgw_caller_speech_configure (VgwCallerSpeech *self, const VgwEngineConfig *config, gboolean is_wanted);

/* Voice begins or ends in the caller's audio. */
void vgw_caller_speech_set_voice (VgwCallerSpeech *self, const VgwVoice *voice);

/* It ends now: there is another connection. */
void vgw_caller_speech_end_voice (VgwCallerSpeech *self);

/* Whether speech is detected, as it is configured. */
gboolean vgw_caller_speech_is_detected (VgwCallerSpeech *self);

gboolean vgw_caller_speech_has_voice (VgwCallerSpeech *self);

/* Whether that will be of use: also where an engine that may take over could want it, since a pipeline that has begun
 * without detection gets none later. */
gboolean vgw_caller_speech_wants_voice (VgwCallerSpeech *self);

/* Detects nothing until it is configured again. Returns: whether the caller was speaking. */
gboolean vgw_caller_speech_stop (VgwCallerSpeech *self);

/* Whether the last change of the caller's speech cut off, held or attenuated audio of the engine. */
gboolean vgw_caller_speech_has_barged_in (VgwCallerSpeech *self);
