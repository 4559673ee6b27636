/* The gateway's own signaling, /ws: a WebSocket whose texts are messages, and a session whose messages are texts on it.
 * docs/PROTOCOL.md is its description. Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwDoorWs VgwDoorWs;

/* Adds its route to @server, whose shutdown the door outlives; @access and @table outlive the door. Returns: (transfer
 * full) */
VgwDoorWs *vgw_door_ws_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table);
void vgw_door_ws_free (VgwDoorWs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDoorWs, vgw_door_ws_free)
