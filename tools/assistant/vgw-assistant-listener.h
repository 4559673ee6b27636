/* Detects the utterances in a caller's audio, with the voice detection of pocketsphinx's front end: no model, little
 * memory. One for each call. */
#pragma once

#include <glib.h>

typedef struct _VgwAssistantListener VgwAssistantListener;

#define VGW_ASSISTANT_SILENCE_MS 500         /* ends an utterance */
#define VGW_ASSISTANT_MAX_UTTERANCE_MS 10000 /* an utterance that is longer ends here */
#define VGW_ASSISTANT_BLOCK_SAMPLES 320      /* 20 ms at VGW_ASSISTANT_RATE_HZ */

/* Returns: (transfer full) */
VgwAssistantListener *vgw_assistant_listener_new (void);
void vgw_assistant_listener_free (VgwAssistantListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantListener, vgw_assistant_listener_free)

/* Handles @n_samples, at most VGW_ASSISTANT_BLOCK_SAMPLES, of s16 mono at VGW_ASSISTANT_RATE_HZ. One thread at a time.
 * Returns: (transfer full) (nullable) (element-type gint16) the utterance that has ended, with some silence on both
 * sides */
GArray *vgw_assistant_listener_push (VgwAssistantListener *self, const gint16 *samples, gsize n_samples);

/* Drops an utterance that has begun, but keeps the estimate of the noise. */
void vgw_assistant_listener_reset (VgwAssistantListener *self);
