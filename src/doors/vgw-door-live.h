/* The door that speaks OpenAI's Live protocol: POST /v1/live/sessions with an offer in JSON, the page's data channel,
 * and the WebSocket /v1/live/sessions/{id}/attach for the page's server. Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "net/vgw-http-server.h"

typedef struct _VgwDoorLive VgwDoorLive;

/* Adds its routes to @server, which it outlives, as @access and @table do the door. Returns: (transfer full) */
VgwDoorLive *vgw_door_live_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes);

/* After the table's shutdown. */
void vgw_door_live_free (VgwDoorLive *self);
