/* The JSON of a session's facts, for managers that send it elsewhere. docs/MANAGERS.md is its description. */
#pragma once

#include "manager/vgw-manager.h"

typedef enum
{
  VGW_SESSION_EVENT_REGISTER,
  VGW_SESSION_EVENT_UPDATE,
  VGW_SESSION_EVENT_DEREGISTER,
  VGW_SESSION_EVENT_TURN,
} VgwSessionEventType;

/* "session.register", … */
const char *vgw_session_event_type_to_string (VgwSessionEventType type);

/* {"type":"session.register","timestamp":…,"data":{…}}; @turn: of VGW_SESSION_EVENT_TURN, else NULL; @now_us:
 * g_get_real_time (). Returns: (transfer full) */
char *vgw_session_event_to_json (VgwSessionEventType type, const VgwSessionFacts *facts, const VgwTurn *turn,
                                 gint64 now_us);

/* The same facts as name, value, …, NULL; what is not known is empty. @node: the name of this node. Returns: (transfer
 * full) */
char **vgw_session_event_to_fields (const VgwSessionFacts *facts, const char *node);
