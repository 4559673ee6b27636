/* The STUN and TURN servers that a caller gets. Pure. */
#pragma once

#include "session/vgw-session-context.h"

/* Those of @context for the session @session_id at @now_s (Unix time). With a secret, a TURN server without credentials
 * gets some that it accepts until client_turn_ttl_s later: user name "EXPIRY:SESSION", password base64 (HMAC-SHA1
 * (secret, user name)), as coturn's use-auth-secret has them (draft-uberti-behave-turn-rest-00 section 2.2).
 * (element-type VgwIceServer) (transfer full) */
GPtrArray *vgw_client_servers_make (const VgwSessionContext *context, const char *session_id, gint64 now_s);
