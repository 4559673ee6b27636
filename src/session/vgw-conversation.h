/* What the caller and the engine share: the engine and the one that takes over when it fails, both directions of audio
 * (the bridge), speech detection and barge-in, the engine's hang-up, and the bounds of application events. It outlives
 * peers, and knows no session: what it reports goes to one function. Main thread.
 *
 * new → prepare (at an offer: engine and bridge are made) → start (media passes: the engine runs) → stop. */
#pragma once

#include "session/vgw-caller-speech.h"
#include "session/vgw-conversation-report.h"
#include "session/vgw-grant.h"
#include "session/vgw-session-context.h"

#define VGW_TYPE_CONVERSATION (vgw_conversation_get_type ())
G_DECLARE_FINAL_TYPE (VgwConversation, vgw_conversation, VGW, CONVERSATION, GObject)

/* @context, @grant and @session_id must outlive the conversation. Returns: (transfer full) */
VgwConversation *vgw_conversation_new (const VgwSessionContext *context, const VgwGrant *grant, const char *session_id,
                                       VgwConversationFunc func, gpointer user_data);

/* Reports MOMENT, too. The speech of the caller is detected for it, whatever the engine. Before prepare (). */
void vgw_conversation_watch_moments (VgwConversation *self);

/* Makes the engine and the bridge, unless they are there. Errors: VGW_ERROR_CONFIG. */
gboolean vgw_conversation_prepare (VgwConversation *self, GError **error);

/* Starts the engine: STARTED, or FAILED. After prepare (). FALSE, and nothing is done, once it has been called. */
gboolean vgw_conversation_start (VgwConversation *self);

/* Stops the engine and drops both directions of audio; reports the turns that are not over, and nothing afterwards.
 * Idempotent. */
void vgw_conversation_stop (VgwConversation *self, const char *reason);

/* An application event of the client, JSON text that was not checked yet. It waits until the engine is started, within
 * a bound; then it is passed on, or dropped. */
void vgw_conversation_handle_event (VgwConversation *self, const char *json);

/* A key of the caller ('0'-'9', '*', '#', 'A'-'D'). */
void vgw_conversation_handle_dtmf (VgwConversation *self, char digit, guint duration_ms);

/* Drops what the caller has not heard yet of the engine's audio; the engine gets VGW_PLAYOUT_CLEARED, also where
 * nothing waits. */
void vgw_conversation_interrupt (VgwConversation *self);

/* The root of the mean power of the last ~100 ms of what the caller says and hears, 0 to 1 of full scale. */
void vgw_conversation_get_levels (VgwConversation *self, double *caller, double *bot);

/* Makes @engine (transfer full, not started), which @config describes, the one that the conversation talks to. Before
 * start (), or where there is none. */
void vgw_conversation_use_engine (VgwConversation *self, VgwEngine *engine, const VgwEngineConfig *config);

/* Whether the engine gets the caller's audio; TRUE at first. What the caller says meanwhile is lost, and is no gap. */
void vgw_conversation_set_hearing (VgwConversation *self, gboolean is_hearing);

/* The configuration of the present engine, or of the last one. (transfer none) */
const VgwEngineConfig *vgw_conversation_get_config (VgwConversation *self);

/* NULL before prepare () and where the call goes on without one. (transfer none) */
VgwEngine *vgw_conversation_get_engine (VgwConversation *self);

/* NULL before prepare () and after stop (). (transfer none) */
VgwCallerSpeech *vgw_conversation_get_speech (VgwConversation *self);
VgwBridge *vgw_conversation_get_bridge (VgwConversation *self);

/* Fills audio, setup.first_audio_ms and counts of @stats: 0, and unknown, before prepare (); the last values after
 * stop (). */
void vgw_conversation_get_call_stats (VgwConversation *self, VgwCallStats *stats);
