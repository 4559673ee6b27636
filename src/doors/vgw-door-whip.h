/* WHIP (RFC 9725): POST an offer to /whip or /whip/ENGINE, get the answer and the address of the session, which takes
 * candidates and ICE restarts by PATCH and ends by DELETE. The media go both ways, unlike in the RFC. docs/DOORS.md is
 * its description. Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwDoorWhip VgwDoorWhip;

/* Adds its routes to @server, whose shutdown the door outlives, as it does the shutdown of @table; @access and @table
 * outlive the door. @max_body_bytes: of a description. Returns: (transfer full) */
VgwDoorWhip *vgw_door_whip_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes);
void vgw_door_whip_free (VgwDoorWhip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDoorWhip, vgw_door_whip_free)
