/* Tells a caller who interrupts from what the caller's echo cancellation has left of the engine's voice: that is weaker
 * than what was played by far more than a caller is. Thread-safe. No GStreamer here.
 *
 * A canceller needs a second or two of a call's first speech to learn the room, and leaves what a voice detector takes
 * for voice meanwhile. */
#pragma once

#include <glib.h>

#define VGW_ECHO_ESTIMATOR_MEMORY_MS 1000u /* in which what was played may come back, jitter buffers included */

typedef struct _VgwEchoEstimator VgwEchoEstimator;

/* Returns: (transfer full) */
VgwEchoEstimator *vgw_echo_estimator_new (guint rate_hz);
void vgw_echo_estimator_free (VgwEchoEstimator *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEchoEstimator, vgw_echo_estimator_free)

/* What is sent to the caller, s16 mono; once each VGW_FRAME_MS, with 0 samples where that is silence. */
void vgw_echo_estimator_played (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples);

/* What comes from the caller, s16 mono; any length. */
void vgw_echo_estimator_heard (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples);

/* Whether what is heard now is more than @margin_db below the loudest that was played in the last
 * VGW_ECHO_ESTIMATOR_MEMORY_MS. FALSE where nothing was played. */
gboolean vgw_echo_estimator_may_be_echo (VgwEchoEstimator *self, guint margin_db);
