/* The message `session`, the first one that a client gets. */
#pragma once

#include "session/vgw-grant.h"
#include "session/vgw-session-context.h"
#include "signaling/vgw-message.h"

/* For the session @id, which has @engine; @max_duration_s 0: no bound. Returns: (transfer full) */
VgwMessage *vgw_session_message_new (const VgwSessionContext *context, const VgwGrant *grant, const char *id,
                                     const char *engine, guint max_duration_s);
