/* The session of OpenAI's Realtime protocol: what a client wants, with the facts that the gateway decides. Pure. Any
 * thread. */
#pragma once

#include <json-glib/json-glib.h>

#define VGW_REALTIME_MAX_SESSION_BYTES 65536 /* of its text */

/* The session @id with @engine as its model. Returns: (transfer full) */
JsonObject *vgw_realtime_session_new (const char *id, const char *engine);

/* @session with the members of @changes in the place of its own. Returns: (transfer full) */
JsonObject *vgw_realtime_session_override (JsonObject *session, JsonObject *changes);

/* The same, but for the facts. NULL where that is too long.
 * Returns: (transfer full) (nullable) */
JsonObject *vgw_realtime_session_merge (JsonObject *session, JsonObject *changes);
