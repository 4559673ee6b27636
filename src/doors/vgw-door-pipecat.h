/* Pipecat's small WebRTC transport: offers and candidates as JSON at /api/offer, or with a name of /start at
 * /sessions/NAME/api/offer; and RTVI on the data channel "chat" (vgw-pipecat-call.h). docs/DOORS.md is its description.
 * Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwDoorPipecat VgwDoorPipecat;

/* Adds its routes to @server, whose shutdown the door outlives, as it does the shutdown of @table; @access and @table
 * outlive the door. @max_body_bytes: of a description. Returns: (transfer full) */
VgwDoorPipecat *vgw_door_pipecat_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table,
                                      gsize max_body_bytes);
void vgw_door_pipecat_free (VgwDoorPipecat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDoorPipecat, vgw_door_pipecat_free)
