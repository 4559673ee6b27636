/* What all nodes of the service answer to one request for the admin API: this node asks the others, each at its admin
 * listener and with a signed request (vgw-http-hop.h), and puts their answers together as they are. Bounded in time and
 * size; a node that does not answer is in the result, with the reason. Main thread only. */
#pragma once

#include "base/vgw-node-directory.h"
#include "base/vgw-node-ids.h"
#include "net/vgw-http-request.h"

typedef struct _VgwAdminNodes VgwAdminNodes;

/* Without others, until vgw_admin_nodes_set (). Returns: (transfer full) */
VgwAdminNodes *vgw_admin_nodes_new (void);
void vgw_admin_nodes_free (VgwAdminNodes *self);

/* @ids outlives it, @directory and @authorities (nullable: the system's) are referenced. Once. */
void vgw_admin_nodes_set (VgwAdminNodes *self, const VgwNodeIds *ids, VgwNodeDirectory *directory,
                          GTlsDatabase *authorities);

/* The name of this node; NULL where it is alone. (transfer none) (nullable) */
const char *vgw_admin_nodes_get_name (VgwAdminNodes *self);

/* TRUE where @request asks for all nodes, with the parameter nodes=all: then it is replied to, now or in
 * VGW_ADMIN_NODES_TIMEOUT_MS at most, with {"nodes": […]}, an object for each node, whose member @member is @own, or
 * the other's answer to GET @path with the client's token, or null. @path: relative, "sessions". 400 for another value,
 * and where the request comes from another node, so that no node asks nodes that ask nodes. */
gboolean vgw_admin_nodes_serve (VgwAdminNodes *self, VgwHttpRequest *request, const char *path, const char *member,
                                char *(*own) (gpointer user_data), gpointer user_data);

#define VGW_ADMIN_NODES_TIMEOUT_MS 2000
