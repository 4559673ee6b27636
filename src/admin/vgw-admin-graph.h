/* The pipeline of a session as text for Graphviz, and as SVG. Main thread only. */
#pragma once

#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

typedef struct _VgwAdminGraph VgwAdminGraph;

/* Adds its routes. @table outlives it. Returns: (transfer full) */
VgwAdminGraph *vgw_admin_graph_new (VgwHttpServer *server, VgwSessionTable *table);
void vgw_admin_graph_free (VgwAdminGraph *self);
