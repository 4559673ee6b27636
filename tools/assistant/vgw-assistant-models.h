/* The decoders of all calls of the process. An utterance is decoded when it has ended, by whichever decoder is free: so
 * their number, and their memory, follow the processors and not the calls. */
#pragma once

#include "assistant/vgw-assistant-decoder.h"

typedef struct _VgwAssistantModels VgwAssistantModels; /* reference counted, thread-safe */

/* Loads nothing yet. @model_dir (nullable): NULL for the one that pocketsphinx was installed with. @grammar_path
 * (nullable): NULL for the one that comes with the program. Returns: (transfer full) */
VgwAssistantModels *vgw_assistant_models_new (const char *model_dir, const char *grammar_path);
VgwAssistantModels *vgw_assistant_models_ref (VgwAssistantModels *self);
void vgw_assistant_models_unref (VgwAssistantModels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantModels, vgw_assistant_models_unref)

/* Loads the first decoder, which takes a second, so that no call waits for it. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_assistant_models_warm_up (VgwAssistantModels *self, GError **error);

/* vgw_assistant_decoder_recognise () with a free decoder; waits for one, and loads one where there may be more. Not for
 * the main thread. Errors: VGW_ERROR_ENGINE. Returns: (transfer full) */
char *vgw_assistant_models_recognise (VgwAssistantModels *self, VgwAssistantMode mode, const gint16 *samples,
                                      gsize n_samples, VgwAssistantVerdict *verdict, GError **error);

/* How many decoders are loaded now. For tests and reports. */
guint vgw_assistant_models_count (VgwAssistantModels *self);

#define VGW_ASSISTANT_MAX_DECODERS 4 /* nor more than there are processors */
