/* When the caller speaks: what a voice detector says of every 10 ms becomes "has begun" and "has ended". Main thread
 * only. No GStreamer here. */
#pragma once

#include <glib.h>

typedef struct _VgwSpeechDetector VgwSpeechDetector;

/* Main thread. May free the VgwSpeechDetector. */
typedef void (*VgwSpeechFunc) (gboolean is_speaking, gpointer user_data);

/* g_get_monotonic_time () when audio came last; a detector that gets no audio says nothing. */
typedef gint64 (*VgwSpeechClockFunc) (gpointer user_data);

/* Whether what is heard now may be something else than the caller's voice. */
typedef gboolean (*VgwSpeechDoubtFunc) (gpointer user_data);

/* Speech begins with @start_ms of continuous voice, and ends with @stop_ms of continuous silence. @last_audio
 * (nullable): time without audio is silence, whatever the detector said last. Returns: (transfer full) */
VgwSpeechDetector *vgw_speech_detector_new (guint start_ms, guint stop_ms, VgwSpeechFunc func,
                                            VgwSpeechClockFunc last_audio, gpointer user_data);

/* Asked each 20 ms of voice: speech begins when it has returned FALSE for all of @start_ms. NULL: there is no doubt. */
void vgw_speech_detector_set_doubt_func (VgwSpeechDetector *self, VgwSpeechDoubtFunc doubt);

void vgw_speech_detector_free (VgwSpeechDetector *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwSpeechDetector, vgw_speech_detector_free)

/* What the detector says now. */
void vgw_speech_detector_update (VgwSpeechDetector *self, gboolean has_voice);

gboolean vgw_speech_detector_is_speaking (VgwSpeechDetector *self);
