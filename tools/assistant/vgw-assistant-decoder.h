/* A decoder of pocketsphinx with three searches over the same acoustic model: the grammar of the commands, a loop of
 * phones as a reference for its score, and free dictation. It needs some 100 MB of memory and is shared by calls, see
 * vgw-assistant-models.h. */
#pragma once

#include <glib.h>

typedef struct _VgwAssistantDecoder VgwAssistantDecoder;

typedef enum
{
  VGW_ASSISTANT_MODE_COMMAND,   /* a command of the grammar, or else dictation */
  VGW_ASSISTANT_MODE_DICTATION, /* dictation only */
} VgwAssistantMode;

/* The confidence in a recognised text. */
typedef enum
{
  VGW_ASSISTANT_VERDICT_COMMAND,   /* a sentence of the grammar */
  VGW_ASSISTANT_VERDICT_DICTATION, /* free words */
  VGW_ASSISTANT_VERDICT_UNSURE,    /* free words that are most likely wrong */
} VgwAssistantVerdict;

/* Loads the models of @model_dir (en-us, en-us.lm.bin, en-us-phone.lm.bin and cmudict-en-us.dict) and the JSGF grammar
 * at @grammar_path. Takes a second or two: not for the main thread. Errors: VGW_ERROR_ENGINE, with the file. Returns:
 * (transfer full) */
VgwAssistantDecoder *vgw_assistant_decoder_new (const char *model_dir, const char *grammar_path, GError **error);
void vgw_assistant_decoder_free (VgwAssistantDecoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantDecoder, vgw_assistant_decoder_free)

/* Recognises one utterance: @n_utterance samples of s16 mono at VGW_ASSISTANT_RATE_HZ. Utterances are independent of
 * each other, so that calls can share the decoder. One thread at a time; not the main thread. @verdict (out): the
 * confidence. Returns: (transfer full) lower-case words, may be "" */
char *vgw_assistant_decoder_recognise (VgwAssistantDecoder *self, VgwAssistantMode mode, const gint16 *utterance,
                                       gsize n_utterance, VgwAssistantVerdict *verdict);
