/* The nodes that share a Redis server: each is a hash, PREFIXnode:NAME, that expires unless its node refreshes it, and
 * PREFIXnodes is the set of their names. Main thread. */
#pragma once

#include "base/vgw-node-directory.h"
#include "base/vgw-node-ids.h"
#include "manager/vgw-redis-client.h"

#define VGW_TYPE_REDIS_NODES (vgw_redis_nodes_get_type ())
G_DECLARE_FINAL_TYPE (VgwRedisNodes, vgw_redis_nodes, VGW, REDIS_NODES, GObject)

/* @client and @ids (transfer none) until detach (). @ids (nullable) sign this node's addresses, and check those of the
 * others. @name: of this node. @check gets the replies to what is written about it. Returns: (transfer full) */
VgwRedisNodes *vgw_redis_nodes_new (VgwRedisClient *client, const VgwNodeIds *ids, const char *prefix, const char *name,
                                    guint ttl_s, VgwRedisReplyFunc check, gpointer user_data);

/* Redis is not there any more: look-ups fail from now on. */
void vgw_redis_nodes_detach (VgwRedisNodes *self);

/* Writes this node, where Redis is connected; @n_sessions unless another number was published. */
void vgw_redis_nodes_refresh (VgwRedisNodes *self, guint n_sessions);

/* Reads all nodes, so that they are known when they are asked for, also while Redis is away; and takes the names of
 * those whose hash has expired out of the set. */
void vgw_redis_nodes_read (VgwRedisNodes *self);

/* This node is gone: it is not written any more. */
void vgw_redis_nodes_remove (VgwRedisNodes *self);
