/* The sessions as JSON. Main thread only. */
#pragma once

#include "admin/vgw-admin-history.h"

#define VGW_ADMIN_MAX_SESSIONS 10000 /* in one list: some 3 MB */

/* One object. @call (nullable): what the history has of it, for its diagnosis. (transfer full) */
char *vgw_admin_session_to_json (VgwSession *session, const VgwAdminCall *call);

/* An array, the oldest first, at most VGW_ADMIN_MAX_SESSIONS. (transfer full) */
char *vgw_admin_sessions_to_json (VgwSessionTable *table);
