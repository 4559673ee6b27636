/* The thread of one call of the assistant: the caller's audio in, text and speech out, by calls of the owner's
 * functions on the main thread.
 *
 * The thread is not joined: a step (loading the models, decoding an utterance) may take a second, for which the main
 * thread must not wait. It has its own reference, and does not use the owner after stop (). */
#pragma once

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantCall VgwAssistantCall;

/* All on the main thread: the thread-default main context of vgw_assistant_call_start (). Never after stop (). */
typedef struct
{
  /* @text of the caller was recognised */
  void (*understood) (const char *text, gpointer user_data);
  /* the assistant speaks @text: @n_samples of s16 mono at the session's rate. Until vgw_assistant_call_listen () it
   * recognises nothing. @is_goodbye: the call is to end when this has been played. */
  void (*say) (const char *text, const gint16 *samples, gsize n_samples, gboolean is_goodbye, gpointer user_data);
  /* the call cannot continue; the last call of a function */
  void (*failed) (const GError *error, gpointer user_data);
} VgwAssistantCallFuncs;

/* Starts the thread. @models is referenced; @session_id (nullable) is for the log; @should_greet: it speaks first;
 * @funcs is copied. Errors: VGW_ERROR_ENGINE where the thread cannot be created.
 * Returns: (transfer full), for vgw_assistant_call_stop () */
VgwAssistantCall *vgw_assistant_call_start (VgwAssistantModels *models, const char *session_id, guint rate_hz,
                                            gboolean should_greet, const VgwAssistantCallFuncs *funcs,
                                            gpointer user_data, GError **error);

/* The caller's audio, @n_samples of s16 mono at the session's rate. While the assistant speaks, the last second is
 * kept; audio beyond VGW_ASSISTANT_QUEUE_MS is dropped and counted. Never blocks. One streaming thread at a time. */
void vgw_assistant_call_push (VgwAssistantCall *self, const gint16 *samples, gsize n_samples);

/* The speech was played, or interrupted: recognition begins with new audio, or where @is_interrupted with the last
 * second. Main thread. */
void vgw_assistant_call_listen (VgwAssistantCall *self, gboolean is_interrupted);

/* The number of samples dropped because the recognition was too slow. Any thread. */
guint64 vgw_assistant_call_get_dropped (VgwAssistantCall *self);

/* @self: (transfer full). No function is called afterwards, and the thread ends after its present step. Does not block.
 * Main thread, after the last push. */
void vgw_assistant_call_stop (VgwAssistantCall *self);

#define VGW_ASSISTANT_QUEUE_MS 5000 /* the longest delay of the recognition */
