/* Detects the beginning and the end of speech from the voice detector's result for every 10 ms. Main thread only.
 * Without GStreamer. */
#pragma once

#include <glib.h>

typedef struct _VgwSpeechDetector VgwSpeechDetector;

/* Main thread. May free the VgwSpeechDetector. */
typedef void (*VgwSpeechFunc) (gboolean is_speaking, gpointer user_data);

/* g_get_monotonic_time () of the last audio; without audio a detector reports nothing. */
typedef gint64 (*VgwSpeechClockFunc) (gpointer user_data);

/* Whether the present audio may be something else than the caller's voice. */
typedef gboolean (*VgwSpeechDoubtFunc) (gpointer user_data);

/* Speech begins with @start_ms of continuous voice, and ends with @stop_ms of continuous silence. @last_audio
 * (nullable): time without audio counts as silence. Returns: (transfer full) */
VgwSpeechDetector *vgw_speech_detector_new (guint start_ms, guint stop_ms, VgwSpeechFunc func,
                                            VgwSpeechClockFunc last_audio, gpointer user_data);

/* Called each 20 ms of voice: speech begins when it has returned FALSE for all of @start_ms. NULL: no doubt. */
void vgw_speech_detector_set_doubt_func (VgwSpeechDetector *self, VgwSpeechDoubtFunc doubt);

void vgw_speech_detector_free (VgwSpeechDetector *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwSpeechDetector, vgw_speech_detector_free)

/* The detector's present result. */
void vgw_speech_detector_update (VgwSpeechDetector *self, gboolean has_voice);

gboolean vgw_speech_detector_is_speaking (VgwSpeechDetector *self);
