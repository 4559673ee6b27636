/* The thread of one call of the assistant: the caller's voice in, words and speech out, by the owner's functions on the
 * main thread.
 *
 * The thread is never joined: a step of it (loading the models, decoding an utterance) may take a second, which the
 * main thread must not wait for. It has its own reference, and nothing of the owner's after stop (). */
#pragma once

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantCall VgwAssistantCall;

/* All on the main thread: the thread-default main context of vgw_assistant_call_start (). Never after stop (). */
typedef struct
{
  /* the caller's @text was understood */
  void (*understood) (const char *text, gpointer user_data);
  /* the assistant speaks @text: @n_samples of s16 mono at the session's rate. Until vgw_assistant_call_listen () it
   * recognises nothing. @is_goodbye: the call is to end when this has been played. */
  void (*say) (const char *text, const gint16 *samples, gsize n_samples, gboolean is_goodbye, gpointer user_data);
  /* it cannot go on; the last call of all */
  void (*failed) (const GError *error, gpointer user_data);
} VgwAssistantCallFuncs;

/* Starts the thread. @models is referenced; @session_id (nullable) is for the log; @should_greet: it speaks first, else
 * it listens at once; @funcs is copied. Errors: VGW_ERROR_ENGINE where there can be no thread.
 * Returns: (transfer full), for vgw_assistant_call_stop () */
VgwAssistantCall *vgw_assistant_call_start (VgwAssistantModels *models, const char *session_id, guint rate_hz,
                                            gboolean should_greet, const VgwAssistantCallFuncs *funcs,
                                            gpointer user_data, GError **error);

/* The caller's voice, @n_samples of s16 mono at the session's rate. While the assistant speaks, the last second is
 * kept; beyond VGW_ASSISTANT_QUEUE_MS dropped and counted. Never blocks. One streaming thread at a time. */
void vgw_assistant_call_push (VgwAssistantCall *self, const gint16 *samples, gsize n_samples);

/* The speech has been played, or the caller has interrupted it: recognition begins with what comes now, or where
 * @is_interrupted with the last second. Main thread. */
void vgw_assistant_call_listen (VgwAssistantCall *self, gboolean is_interrupted);

/* How many samples of the caller's voice were dropped because the recognition was behind. Any thread. */
guint64 vgw_assistant_call_get_dropped (VgwAssistantCall *self);

/* (transfer full) No function is called any more, and the thread ends after its present step. Does not block.
 * Main thread, after the last push. */
void vgw_assistant_call_stop (VgwAssistantCall *self);

#define VGW_ASSISTANT_QUEUE_MS 5000 /* that the recognition may be behind */
