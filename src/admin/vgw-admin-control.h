/* Requests that change something: hang up, send an event, the log, drain. Main thread only. */
#pragma once

#include "admin/vgw-admin-history.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

typedef struct _VgwAdminControl VgwAdminControl;

/* Adds its routes. @table and @history, for the diagnosis of a session, outlive it. Returns: (transfer full) */
VgwAdminControl *vgw_admin_control_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminHistory *history);
void vgw_admin_control_free (VgwAdminControl *self);
