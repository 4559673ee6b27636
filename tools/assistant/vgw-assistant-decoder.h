/* One decoder of pocketsphinx with three searches over the same acoustic model: the grammar of the commands, a loop of
 * phones that the grammar is measured by, and free dictation. Some 100 MB of memory: see vgw-assistant-models.h for how
 * calls share it. */
#pragma once

#include <glib.h>

typedef struct _VgwAssistantDecoder VgwAssistantDecoder;

typedef enum
{
  VGW_ASSISTANT_MODE_COMMAND,   /* a command of the grammar, or else dictation */
  VGW_ASSISTANT_MODE_DICTATION, /* dictation, whatever it may be */
} VgwAssistantMode;

/* What a recognised text is worth. */
typedef enum
{
  VGW_ASSISTANT_VERDICT_COMMAND,   /* a sentence of the grammar */
  VGW_ASSISTANT_VERDICT_DICTATION, /* free words */
  VGW_ASSISTANT_VERDICT_UNSURE,    /* free words that are most likely others than were said */
} VgwAssistantVerdict;

/* Loads the models of @model_dir (with en-us, en-us.lm.bin, en-us-phone.lm.bin and
 * cmudict-en-us.dict in it) and the JSGF grammar at
 * @grammar_path. Takes a second or two: not for the main thread. Errors: VGW_ERROR_ENGINE, with the file.
 * Returns: (transfer full) */
VgwAssistantDecoder *vgw_assistant_decoder_new (const char *model_dir, const char *grammar_path, GError **error);
void vgw_assistant_decoder_free (VgwAssistantDecoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantDecoder, vgw_assistant_decoder_free)

/* Recognises one utterance: @n_utterance samples of s16 mono at VGW_ASSISTANT_RATE_HZ. One utterance leaves no trace in
 * the next, so any call may come next. One thread at a time; not the main thread. @verdict (out): what the text is
 * worth. Returns: (transfer full) lower-case words; "" where there are none */
char *vgw_assistant_decoder_recognise (VgwAssistantDecoder *self, VgwAssistantMode mode, const gint16 *utterance,
                                       gsize n_utterance, VgwAssistantVerdict *verdict);
