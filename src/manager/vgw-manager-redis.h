/* The manager `redis`: sessions and nodes as hashes that expire unless this node refreshes them, and a stream of
 * events. docs/MANAGERS.md has the keys. While Redis is away, events are queued within a bound, and when it is back all
 * sessions are written again. */
#pragma once

#include "base/vgw-node-ids.h"
#include "manager/vgw-manager.h"
#include "manager/vgw-redis-client.h"

#define VGW_TYPE_MANAGER_REDIS (vgw_manager_redis_get_type ())
G_DECLARE_FINAL_TYPE (VgwManagerRedis, vgw_manager_redis, VGW, MANAGER_REDIS, GObject)

/* @settings is copied. @node: the name of this node; (nullable) for that of the machine. @ids: (nullable) (transfer
 * none). Errors: VGW_ERROR_CONFIG. Returns: (transfer full) */
VgwManager *vgw_manager_redis_new (const VgwRedisSettings *settings, const char *node, const VgwNodeIds *ids,
                                   GError **error);
