/* The dashboard on the admin listener: its files, and what they poll. Main thread only. */
#pragma once

#include "admin/vgw-admin-history.h"
#include "admin/vgw-admin-nodes.h"
#include "net/vgw-http-server.h"

typedef struct _VgwAdminDashboard VgwAdminDashboard;

/* Adds its routes to @server: "/", its files, "/overview" and "/sessions/{id}/samples". @server, @table and @nodes
 * outlive it; @started_at_s: of the process, since 1970. (transfer full) */
VgwAdminDashboard *vgw_admin_dashboard_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminNodes *nodes,
                                            double started_at_s);
void vgw_admin_dashboard_free (VgwAdminDashboard *self);

/* For the diagnosis of a call. (transfer none) */
VgwAdminHistory *vgw_admin_dashboard_get_history (VgwAdminDashboard *self);
