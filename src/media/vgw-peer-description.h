/* What others get to know about a peer: as a value, and as JSON for the admin listener. Main thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/vgw-call-connection.h"
#include "base/vgw-call-stats.h"
#include "media/vgw-peer.h"

/* The state of its connection, but for the engine. */
void vgw_peer_get_connection (VgwPeer *self, VgwCallConnection *connection);

/* Fills received, sent and round_trip_ms of @stats. @ice_us (out): g_get_monotonic_time () when ICE was connected; 0
 * before. Before vgw_peer_stop (). */
void vgw_peer_get_call_stats (VgwPeer *self, VgwCallStats *stats, gint64 *ice_us);

/* A summary of the client's last answered offer, without addresses, credentials and fingerprints; NULL while there is
 * none. Returns: (transfer full) */
JsonObject *vgw_peer_describe_offer (VgwPeer *self);

/* The tracks of both directions, from the client's first packet and from the answer on. Returns: (transfer full) */
JsonArray *vgw_peer_describe_tracks (VgwPeer *self);
