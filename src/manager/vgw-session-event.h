/* The JSON of a session's facts, for managers that send it elsewhere. docs/MANAGERS.md is its description. */
#pragma once

#include "manager/vgw-manager.h"

typedef enum
{
  VGW_SESSION_EVENT_REGISTER,
  VGW_SESSION_EVENT_UPDATE,
  VGW_SESSION_EVENT_DEREGISTER,
} VgwSessionEventType;

/* {"type":"session.register","timestamp":…,"data":{…}}; @now_us: g_get_real_time (). Returns: (transfer full) */
char *vgw_session_event_to_json (VgwSessionEventType type, const VgwSessionFacts *facts, gint64 now_us);
