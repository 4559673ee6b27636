/* Distinguishes the caller's speech from residual echo of the engine's audio, which is much weaker than what was
 * played. Thread-safe. Without GStreamer.
 *
 * The caller's echo canceller needs a second or two of speech to adapt, and meanwhile leaves an echo that a voice
 * detector takes for voice. */
#pragma once

#include <glib.h>

#define VGW_ECHO_ESTIMATOR_MEMORY_MS 1000u /* the longest delay of an echo, with jitter buffers */

typedef struct _VgwEchoEstimator VgwEchoEstimator;

/* Returns: (transfer full) */
VgwEchoEstimator *vgw_echo_estimator_new (guint rate_hz);
void vgw_echo_estimator_free (VgwEchoEstimator *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEchoEstimator, vgw_echo_estimator_free)

/* Audio sent to the caller, s16 mono; once each VGW_FRAME_MS, with 0 samples for silence. */
void vgw_echo_estimator_add_sent (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples);

/* Audio received from the caller, s16 mono; any length. */
void vgw_echo_estimator_add_received (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples);

/* The root of the mean power of the last ~100 ms in each direction, 0 to 1 of full scale. */
void vgw_echo_estimator_get_levels (VgwEchoEstimator *self, double *received, double *sent);

/* Whether the received audio is more than @margin_db below the loudest audio sent in the last
 * VGW_ECHO_ESTIMATOR_MEMORY_MS. FALSE where none was. */
gboolean vgw_echo_estimator_may_be_echo (VgwEchoEstimator *self, guint margin_db);
