/* One session of a client: takes messages, sends messages, and owns the leg, the conversation and the outbox. It never
 * sees a socket. Main thread only.
 *
 * Signals:
 *   "outgoing" (const VgwMessage *message)   for the client
 *   "active"   (gint64 setup_us)             media passes, so long after the offer; must not end the session
 *   "report"   (const VgwConversationReport *report)   of the conversation, a TURN with the network's part; must not
 *                                            end the session
 *   "ended"    (VgwEndReason reason)         emitted once, after the last outgoing message
 *   "replaced" (void)                        another door is about to be attached: the present one drops its socket and
 *                                            the session, without vgw_session_detach ()
 * "outgoing" and "ended" are emitted at the end of a turn of the main loop, or in vgw_outbox_flush (): their handlers
 * may call anything here, end the session, and drop its last reference.
 *
 * The engine is started when the connection is up, not at the offer: who never connects costs no engine. An offer that
 * cannot be used is answered with an error, and a corrected one may follow, VGW_LEG_MAX_FAILED_OFFERS in all.
 */
#pragma once

#include <glib-object.h>

#include "session/vgw-client-channel.h"
#include "session/vgw-conversation.h"
#include "session/vgw-grant.h"
#include "session/vgw-outbox.h"
#include "session/vgw-session-context.h"
#include "session/vgw-session-report.h"
#include "session/vgw-session-state.h"
#include "signaling/vgw-message.h"
#include "signaling/vgw-sdp-fragment.h"

#define VGW_TYPE_SESSION (vgw_session_get_type ())
G_DECLARE_FINAL_TYPE (VgwSession, vgw_session, VGW, SESSION, GObject)

/* @context (transfer none) must outlive the session; its engines have the one of @grant, of which a reference is kept.
 * The id is 128 random bits in URL-safe base64. Returns: (transfer full) */
VgwSession *vgw_session_new (const VgwSessionContext *context, VgwGrant *grant);

/* A door with a protocol of its own: the data channel of the client is the one of @setup, which the client opens; its
 * texts, and what becomes of the conversation, go to the function there, and nothing of it goes out as `event`. Texts
 * that are too many or too long are dropped, and go out as an `error`. Before start (). */
void vgw_session_use_channel (VgwSession *self, const VgwClientChannelSetup *setup);

/* Queues @text for that channel, until it is open, also across a connection that takes over; in order. FALSE, and it is
 * dropped, where VGW_CLIENT_CHANNEL_MAX_BYTES wait, or the session is over. */
gboolean vgw_session_send_text (VgwSession *self, const char *text);

/* Queues the event @json, an object, for the client. FALSE, and it is dropped, where its door has a protocol of its
 * own, too much waits, or the session is over. */
gboolean vgw_session_send_event (VgwSession *self, const char *json);

/* Registers with the manager; sends `session` and starts the offer timer, at once, or when a manager that decides on
 * sessions has admitted it. A session that it refuses ends: `error`, VGW_END_REFUSED or VGW_END_ADMISSION_TIMEOUT. */
void vgw_session_start (VgwSession *self);

/* The door has lost its client without a hang-up. Media goes on, what goes to the client is kept, and the session waits
 * for session.resume-grace-ms for a client that returns. Where that is 0, or media has never passed, it ends. */
void vgw_session_detach (VgwSession *self);

/* For vgw_session_table_resume (): emits "replaced" where a door is attached. vgw_session_attach () has to follow. */
void vgw_session_replace (VgwSession *self);

/* A door is there again. `session` with a new resume token goes out, then what the client has missed; @last_seq: the
 * number of the last message that it has seen, -1 where that is not known. */
void vgw_session_attach (VgwSession *self, gint64 last_seq);

/* The client has sent something through the door that is attached, so it has received the last resume token. Only
 * needed after vgw_session_attach (). */
void vgw_session_confirm (VgwSession *self);

/* One message from the client, after start (). Errors go out as `error` messages; only where the table says fatal does
 * one end the session. Ignored once the session has ended. */
void vgw_session_handle (VgwSession *self, const VgwMessage *message);

/* An ICE restart without an offer, to the credentials of @remote: the connection goes on, on whichever path proves
 * itself with the new credentials. Errors, and nothing has changed: those of vgw_legs_restart_ice (). Returns: our
 * credentials and all of our candidates (transfer full) */
VgwSdpFragment *vgw_session_restart_ice (VgwSession *self, const VgwSdpFragment *remote, GError **error);

/* What could not be read: answered with an `error`. @is_fatal: the channel is being closed for it, so that all of the
 * session's messages are sent at once. */
void vgw_session_handle_bad_message (VgwSession *self, const GError *error, gboolean is_fatal);

/* Ends it: engine and peer are stopped at once; `state: ended` and "ended" follow at the end of the turn.
 * Idempotent. */
void vgw_session_end (VgwSession *self, VgwEndReason reason);

const char *vgw_session_get_id (VgwSession *self);

/* Of the client that the session was made for. (transfer none) */
const VgwGrant *vgw_session_get_grant (VgwSession *self);

VgwSessionPhase vgw_session_get_phase (VgwSession *self);

/* For its counts, its history, its peer. (transfer none) */
const VgwSessionReport *vgw_session_get_report (VgwSession *self);

/* The figures of the call so far; after its end the last ones. What is not known is VGW_CALL_STATS_UNKNOWN. */
void vgw_session_get_call_stats (VgwSession *self, VgwCallStats *stats);

/* See vgw_session_report_get_facts (). */
void vgw_session_get_facts (VgwSession *self, VgwSessionFacts *facts);

/* (transfer none) */
VgwConversation *vgw_session_get_conversation (VgwSession *self);
VgwOutbox *vgw_session_get_outbox (VgwSession *self);
