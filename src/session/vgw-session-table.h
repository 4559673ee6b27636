/* All sessions of the process, and the limits that are about more than one. Main thread only.
 *
 * Signals:
 *   "created" (VgwSession *)   a session has been admitted; it has not started
 *   "empty" (void)   the last session has ended
 */
#pragma once

#include "session/vgw-session-stats.h"
#include "session/vgw-session.h"

#define VGW_TYPE_SESSION_TABLE (vgw_session_table_get_type ())
G_DECLARE_FINAL_TYPE (VgwSessionTable, vgw_session_table, VGW, SESSION_TABLE, GObject)

/* @context (transfer none) must outlive the table and its sessions; its limits may change, for sessions to come.
 * Returns: (transfer full) */
VgwSessionTable *vgw_session_table_new (const VgwSessionContext *context);

/* Makes a session of @grant (not started) and keeps it until it has ended. A refusal is counted and logged, and
 * @refusal (out) is its cause. Errors: VGW_ERROR_BUSY, while shutting down too. Returns: (transfer none) */
VgwSession *vgw_session_table_create (VgwSessionTable *self, VgwGrant *grant, VgwRefusal *refusal, GError **error);

/* Whether vgw_session_table_create () would make a session of @grant now, for a door whose client announces its offer.
 * limits.max-new-sessions-per-minute bounds these, too, apart from the sessions. A refusal is counted and logged, and
 * @refusal (out) is its cause. Errors: VGW_ERROR_BUSY, while draining too. */
gboolean vgw_session_table_check (VgwSessionTable *self, const VgwGrant *grant, VgwRefusal *refusal, GError **error);

/* Finds the session that @token is good for, for a door that is about to be attached: the token is used up as soon as
 * vgw_session_confirm () or the client's next resume shows that the next one has been received, and the door that the
 * session has, if any, is taken from it ("replaced"). vgw_session_attach () has to follow at once.
 * Errors: VGW_ERROR_GONE, counted as VGW_REFUSAL_RESUME, and no session is touched: a token that was used, whose
 * session is over, that never was one, or that is of
 * a client with another identity, or of another door. Returns: (transfer none) */
VgwSession *vgw_session_table_resume (VgwSessionTable *self, const char *token, const VgwGrant *grant, GError **error);

/* Counts and logs a request that gets no session; @engine (nullable): the name that it asked for. */
void vgw_session_table_refuse (VgwSessionTable *self, VgwRefusal refusal, const char *address, const char *engine,
                               const char *why);

/* The STUN and TURN servers of a client whose session does not exist yet; @id: what its TURN credentials are for.
 * (element-type VgwIceServer) (transfer full) */
GPtrArray *vgw_session_table_make_client_servers (VgwSessionTable *self, const char *id);

/* What the ids that doors make are made with. (transfer none) (nullable) */
const VgwNodeIds *vgw_session_table_get_node_ids (VgwSessionTable *self);

guint vgw_session_table_count (VgwSessionTable *self);

/* limits.max-sessions; 0: no limit. */
guint vgw_session_table_get_max_sessions (VgwSessionTable *self);

/* The session of @id, or NULL. (transfer none) */
VgwSession *vgw_session_table_find (VgwSessionTable *self, const char *id);

/* All sessions, in no order, each with a reference: it may end while they are looked at. (transfer full) */
GPtrArray *vgw_session_table_list (VgwSessionTable *self);

void vgw_session_table_get_stats (VgwSessionTable *self, VgwSessionStats *stats);

typedef enum
{
  VGW_SESSION_TABLE_OPEN,
  VGW_SESSION_TABLE_DRAINING, /* new sessions are refused, and those that there are go on */
  VGW_SESSION_TABLE_SHUT_DOWN,
} VgwSessionTableState;

/* "open", "draining", "shutting-down": wherever operators see it. */
const char *vgw_session_table_state_to_string (VgwSessionTableState state);

VgwSessionTableState vgw_session_table_get_state (VgwSessionTable *self);

/* Refuses new sessions; a client may still return to one that there is. */
void vgw_session_table_drain (VgwSessionTable *self);

/* The same for as long as @is_held, where the gateway is not shutting down: the operator takes a node out, and back. */
void vgw_session_table_hold (VgwSessionTable *self, gboolean is_held);

/* Ends every session with reason `shutdown` and refuses new ones. */
void vgw_session_table_shutdown (VgwSessionTable *self);
