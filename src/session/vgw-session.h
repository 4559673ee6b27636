/* One call: takes messages, emits messages, and owns the peer, the bridge and the engine. It never sees a socket.
 * Main thread only.
 *
 * Signals:
 *   "outgoing" (const VgwMessage *message)   for the client
 *   "active"   (gint64 setup_us)             media passes, so long after the offer
 *   "ended"    (VgwEndReason reason)         emitted once, after the last outgoing message
 * A handler may call anything here, end the session, and drop its last reference.
 *
 * Events of the engine go to the client on one path only and in their order, so that nothing arrives twice: on the data
 * channel `events` where it is open, else as an `event` message. Events of the client reach the engine on both paths,
 * while the session is active.
 *
 * The engine is started when the connection is up, not at the offer: who never connects costs no engine. Bridge and
 * engine belong to the session; a peer is made for each offer. An offer that cannot be used is answered with an
 * error, and a corrected one may follow, VGW_SESSION_MAX_FAILED_OFFERS in all.
 */
#pragma once

#include <glib-object.h>

#include "base/vgw-capacity.h"
#include "engine/vgw-engine-factory.h"
#include "manager/vgw-manager.h"
#include "media/vgw-media.h"
#include "media/vgw-playout.h"
#include "session/vgw-conversation.h"
#include "session/vgw-session-state.h"
#include "signaling/vgw-message.h"

G_BEGIN_DECLS

#define VGW_TYPE_SESSION (vgw_session_get_type ())
G_DECLARE_FINAL_TYPE (VgwSession, vgw_session, VGW, SESSION, GObject)

#define VGW_SESSION_MAX_FAILED_OFFERS 4
#define VGW_SESSION_MAX_CANDIDATE_BYTES 1024 /* of one candidate's text; real ones have about 150 */

/* The group [limits] of the configuration, but for what media keeps. 0 means no bound for times and for numbers of
 * sessions, and none at all for other counts. */
typedef struct
{
  guint max_sessions;             /* these two are of all sessions together */
  guint max_sessions_per_address; /* of IPv6, of one /64 */
  guint offer_timeout_ms;
  guint connect_timeout_ms;
  guint media_timeout_ms;
  guint max_duration_s;
  guint max_candidates;
  guint max_data_channels;
  guint max_message_bytes;
  guint max_events_per_second; /* of the client, and of the engine */
} VgwSessionSettingsLimits;

/* Shared by all sessions; owned by the app, and outlives the table and every session. */
typedef struct
{
  VgwMedia *media;
  VgwManager *manager;
  VgwEngineShared engine_shared; /* its engines are those that there are */
  VgwSessionSettingsLimits limits;
  GPtrArray *client_ice_servers; /* VgwIceServer*, (nullable) */
  VgwCapacity *capacity;         /* (nullable) asked before a peer is made */
} VgwSessionContext;

/* @context (transfer none) must outlive the session; its engines have the one of @grant, of which a reference is kept.
 * The id is 128 random bits in URL-safe base64. Returns: (transfer full) */
VgwSession *vgw_session_new (const VgwSessionContext *context, VgwGrant *grant);

/* Bytes of messages that the client has not taken yet. */
typedef gsize (*VgwSessionBacklogFunc) (gpointer user_data);

/* Where the messages go: events wait while much of them is on its way. NULL for never. @func must not outlive the
 * session's signal handlers. */
void vgw_session_set_backlog_func (VgwSession *self, VgwSessionBacklogFunc func, gpointer user_data);

/* Registers with the manager, emits `session`, starts the offer timer. */
void vgw_session_start (VgwSession *self);

/* One message from the client, after start (). Errors go out as `error` messages; only where the table says fatal does
 * one end the session. Ignored once the session has ended. */
void vgw_session_handle (VgwSession *self, const VgwMessage *message);

/* What could not be read: answered with an `error`. @is_fatal: the channel is being closed for it. */
void vgw_session_handle_bad_message (VgwSession *self, const GError *error, gboolean is_fatal);

/* Ends it: `state: ended` goes out, then "ended" is emitted, at once. Idempotent. */
void vgw_session_end (VgwSession *self, VgwEndReason reason);

const char *vgw_session_get_id (VgwSession *self);
const char *vgw_session_get_client_address (VgwSession *self);
VgwSessionState vgw_session_get_state (VgwSession *self);

/* What the manager is told and the admin listener shows; the strings are good until the session changes. */
void vgw_session_get_facts (VgwSession *self, VgwSessionFacts *facts);

/* (transfer none) */
VgwConversation *vgw_session_get_conversation (VgwSession *self);

/* Of the engine's speech; all 0 before the first offer, and the last values once the session has ended. */
void vgw_session_get_playout_stats (VgwSession *self, VgwPlayoutStats *stats);

G_END_DECLS
