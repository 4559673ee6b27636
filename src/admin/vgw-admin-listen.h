/* Listening in: the audio of both directions of a session on a WebSocket. Main thread only. */
#pragma once

#include "admin/vgw-admin-access.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

#define VGW_ADMIN_MAX_LISTENERS 8u            /* of all sessions */
#define VGW_ADMIN_MAX_LISTENERS_OF_SESSION 2u /* each needs a copy of the audio, of which a call has few */

typedef struct _VgwAdminListen VgwAdminListen;

/* Adds its route. All outlive it. Returns: (transfer full) */
VgwAdminListen *vgw_admin_listen_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminAccess *access);

/* Closes the WebSockets whose token is not valid any more, with 1008. */
void vgw_admin_listen_close_revoked (VgwAdminListen *self);

/* Closes the WebSockets. */
void vgw_admin_listen_free (VgwAdminListen *self);
