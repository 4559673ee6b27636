/* The sessions as JSON. Main thread only. */
#pragma once

#include "session/vgw-session-table.h"

#define VGW_ADMIN_MAX_SESSIONS 10000 /* in one list: some 3 MB */

/* One object. (transfer full) */
char *vgw_admin_session_to_json (VgwSession *session);

/* An array, the oldest first, at most VGW_ADMIN_MAX_SESSIONS. (transfer full) */
char *vgw_admin_sessions_to_json (VgwSessionTable *table);
