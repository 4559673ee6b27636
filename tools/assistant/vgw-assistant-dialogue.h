/* The answers of the assistant. Pure functions from text to text. */
#pragma once

#include <glib.h>

typedef struct
{
  char *text;             /* to say; NULL: nothing */
  gboolean asks_for_text; /* the next utterance is to be repeated */
  gboolean is_goodbye;    /* the call ends after it */
} VgwAssistantReply;

/* The greeting at the start of a call (static). */
const char *vgw_assistant_dialogue_greet (void);

/* The answer to a command of the grammar, by its keywords: "time", "count" and a number, "spell" and a word, "repeat",
 * "help", "bye" or "hang up". @words: lower case, separated by single spaces; @now: local time, for "time".
 * Returns: (transfer full) */
VgwAssistantReply *vgw_assistant_dialogue_answer_command (const char *words, GDateTime *now);

/* The answer to free dictation: "repeat after me" and "spell" with words after them, else the recognised words.
 * @is_asked_for: the caller was asked what to repeat. Returns: (transfer full), without text for no words */
VgwAssistantReply *vgw_assistant_dialogue_answer_dictation (const char *words, gboolean is_asked_for);

/* The answer to words that are most likely wrong: asks the caller to repeat them. @is_asked_for: as above.
 * Returns: (transfer full), without text for no words */
VgwAssistantReply *vgw_assistant_dialogue_ask_again (const char *words, gboolean is_asked_for);

void vgw_assistant_reply_free (VgwAssistantReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantReply, vgw_assistant_reply_free)
