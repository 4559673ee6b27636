/* When the caller speaks: what a voice detector says of every 10 ms becomes "has begun" and "has ended". Main thread
 * only. No GStreamer here. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VgwVoice VgwVoice;

/* Main thread. May free the VgwVoice. */
typedef void (*VgwVoiceFunc) (gboolean is_speaking, gpointer user_data);

/* g_get_monotonic_time () when audio came last; a detector that gets no audio says nothing. */
typedef gint64 (*VgwVoiceClockFunc) (gpointer user_data);

/* Whether what is heard now may be something else than the caller's voice. */
typedef gboolean (*VgwVoiceDoubtFunc) (gpointer user_data);

/* Speech begins with @start_ms of continuous voice, and ends with @stop_ms of continuous silence. @last_audio (nullable):
 * time without audio is silence, whatever the detector said last. Returns: (transfer full) */
VgwVoice *vgw_voice_new (guint start_ms, guint stop_ms, VgwVoiceFunc func, VgwVoiceClockFunc last_audio,
                         gpointer user_data);

/* Asked each 20 ms of voice: speech begins when it has returned FALSE for all of @start_ms. NULL: there is no doubt. */
void vgw_voice_set_doubt_func (VgwVoice *self, VgwVoiceDoubtFunc doubt);

void vgw_voice_free (VgwVoice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwVoice, vgw_voice_free)

/* What the detector says now. */
void vgw_voice_update (VgwVoice *self, gboolean has_voice);

gboolean vgw_voice_is_speaking (VgwVoice *self);

G_END_DECLS
