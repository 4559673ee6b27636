/* Resume tokens: each is good for one session, once. A session has one good token at most. Main thread. */
#pragma once

#include <glib.h>

typedef struct _VgwResumeTokens VgwResumeTokens;

/* Returns: (transfer full) */
VgwResumeTokens *vgw_resume_tokens_new (void);
void vgw_resume_tokens_free (VgwResumeTokens *self);

/* Makes a token for @session_id (copied): 128 random bits in URL-safe base64. An earlier token of the session is no
 * longer good. Returns: (transfer none) until the next call for the session */
const char *vgw_resume_tokens_issue (VgwResumeTokens *self, const char *session_id);

/* The id of the session that @token is good for, or NULL. (transfer none) until the next call for the session */
const char *vgw_resume_tokens_find (VgwResumeTokens *self, const char *token);

/* The token of @session_id, if there is one, is no longer good. */
void vgw_resume_tokens_revoke (VgwResumeTokens *self, const char *session_id);
