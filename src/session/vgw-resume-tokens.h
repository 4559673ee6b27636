/* Resume tokens. A client that returns with its token is sent the next one, but that message may be lost with the new
 * connection. So the used token stays valid until the client is known to have received the next one; from then on only
 * that one is. A session has two valid tokens at most. Main thread. */
#pragma once

#include "base/vgw-node-ids.h"

typedef struct _VgwResumeTokens VgwResumeTokens;

/* @node_ids (nullable) outlives it. Returns: (transfer full) */
VgwResumeTokens *vgw_resume_tokens_new (const VgwNodeIds *node_ids);
void vgw_resume_tokens_free (VgwResumeTokens *self);

/* Makes a token for @session_id (copied) with vgw_node_ids_make (). It replaces a token that was made before
 * and not used. Returns: (transfer none) until the next call for the session */
const char *vgw_resume_tokens_issue (VgwResumeTokens *self, const char *session_id);

/* The id of the session that @token is valid for, or NULL. (transfer none) until the next call for the session */
const char *vgw_resume_tokens_find (VgwResumeTokens *self, const char *token);

/* The client has returned with @token, which is valid: it stays so until vgw_resume_tokens_confirm () for its session.
 * The session's other token is no longer valid. */
void vgw_resume_tokens_use (VgwResumeTokens *self, const char *token);

/* The client of @session_id has received its last token: the one before is no longer valid. Idempotent; may be called
 * for an unknown session. */
void vgw_resume_tokens_confirm (VgwResumeTokens *self, const char *session_id);

/* The tokens of @session_id, if there are any, are no longer valid. */
void vgw_resume_tokens_revoke (VgwResumeTokens *self, const char *session_id);
