/* The decoders of all calls of the process. A complete utterance is decoded by any free decoder, so that their number,
 * and their memory, depend on the number of processors and not on that of calls. */
#pragma once

#include "assistant/vgw-assistant-decoder.h"

typedef struct _VgwAssistantModels VgwAssistantModels; /* reference counted, thread-safe */

/* Loads nothing yet. @model_dir (nullable): NULL for that of pocketsphinx. @grammar_path (nullable): NULL for that of
 * the program. Returns: (transfer full) */
VgwAssistantModels *vgw_assistant_models_new (const char *model_dir, const char *grammar_path);
VgwAssistantModels *vgw_assistant_models_ref (VgwAssistantModels *self);
void vgw_assistant_models_unref (VgwAssistantModels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantModels, vgw_assistant_models_unref)

/* Loads the first decoder, which takes a second, before the first call. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_assistant_models_warm_up (VgwAssistantModels *self, GError **error);

/* vgw_assistant_decoder_recognise () with a free decoder; loads another one below the limit, or waits. Not for the main
 * thread. Errors: VGW_ERROR_ENGINE. Returns: (transfer full) */
char *vgw_assistant_models_recognise (VgwAssistantModels *self, VgwAssistantMode mode, const gint16 *samples,
                                      gsize n_samples, VgwAssistantVerdict *verdict, GError **error);

/* The number of loaded decoders. For tests and reports. */
guint vgw_assistant_models_count (VgwAssistantModels *self);

#define VGW_ASSISTANT_MAX_DECODERS 4 /* and at most the number of processors */
