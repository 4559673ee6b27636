/* Resampling from the session's sample rate to the recogniser's, and from the synthesis to the session's. */
#pragma once

#include <glib.h>

typedef struct _VgwAssistantResampler VgwAssistantResampler;

/* Mono, @from_hz to @to_hz, both above 0; equal rates pass through. Returns: (transfer full) */
VgwAssistantResampler *vgw_assistant_resampler_new (guint from_hz, guint to_hz);
void vgw_assistant_resampler_free (VgwAssistantResampler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantResampler, vgw_assistant_resampler_free)

/* Appends the output for @n_samples of @samples (transfer none) to @output (element-type gint16). Calls continue one
 * stream. One thread at a time. */
void vgw_assistant_resampler_push (VgwAssistantResampler *self, const gint16 *samples, gsize n_samples, GArray *output);

/* Appends the samples that are still in the filter. */
void vgw_assistant_resampler_flush (VgwAssistantResampler *self, GArray *output);
