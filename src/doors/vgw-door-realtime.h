/* OpenAI's Realtime API over WebRTC, for any engine: POST an offer to /v1/realtime/calls, get the answer, and
 * events on the data channel "oai-events"; /v1/realtime/client_secrets for pages that must not have a token; and a
 * WebSocket, /v1/realtime?call_id=, for servers. docs/DOORS.md is its description. Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwDoorRealtime VgwDoorRealtime;

/* Adds its routes to @server, whose shutdown the door outlives, as it does the shutdown of @table; @server, @access
 * and @table outlive the door. @max_body_bytes: of a request. Returns: (transfer full) */
VgwDoorRealtime *vgw_door_realtime_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table,
                                        gsize max_body_bytes);
void vgw_door_realtime_free (VgwDoorRealtime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDoorRealtime, vgw_door_realtime_free)
