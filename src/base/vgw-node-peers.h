/* The nodes of node.peers as a directory; other nodes are looked up in the next one. Main thread. */
#pragma once

#include "base/vgw-node-directory.h"

#define VGW_TYPE_NODE_PEERS (vgw_node_peers_get_type ())
G_DECLARE_FINAL_TYPE (VgwNodePeers, vgw_node_peers, VGW, NODE_PEERS, GObject)

/* @peers: "NAME=URL" or "NAME=URL,ADMIN-URL", checked by the configuration. @next: (nullable) referenced.
 * Returns: (transfer full) */
VgwNodePeers *vgw_node_peers_new (const char *const *peers, VgwNodeDirectory *next);
