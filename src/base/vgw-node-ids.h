/* Where several gateways (nodes) share the calls of one service: ids that have the name of the node that made them,
 * signed with a key that the nodes share, so that a request for one of them is sent on to that node; and the signature
 * of such a request. A name leads to an address only by way of the configuration or the directory of nodes
 * (vgw-node-directory.h). Immutable. Any thread. */
#pragma once

#include <gio/gio.h>

#define VGW_NODE_NAME_MAX_BYTES 63 /* as a host name's label: RFC 1035 section 2.3.4 */

/* The group [node] of the configuration. */
typedef struct
{
  const char *name;          /* of this node; empty: the gateway is alone */
  const char *url;           /* of its public listener, for the other nodes; or empty */
  const char *admin_url;     /* … of its admin listener */
  const char *const *keys;   /* shared by all nodes: the first one signs, all are accepted */
  const char *const *peers;  /* "NAME=URL" of the others */
  const char *tls_ca;        /* path of a PEM file, or empty */
  GTlsDatabase *authorities; /* (nullable: those of the system) in it: they sign the certificates of https: nodes */
} VgwNodeSettings;

typedef struct _VgwNodeIds VgwNodeIds;

/* @settings is copied; with a name it has a key. Returns: (transfer full); NULL without a name */
VgwNodeIds *vgw_node_ids_new (const VgwNodeSettings *settings);
void vgw_node_ids_free (VgwNodeIds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwNodeIds, vgw_node_ids_free)

/* (transfer none) */
const char *vgw_node_ids_get_name (const VgwNodeIds *self);

/* An id that cannot be guessed, for URLs: 128 random bits, the node's name and their signature, in URL-safe base64; for
 * NULL the random bits alone. Returns: (transfer full) */
char *vgw_node_ids_make (const VgwNodeIds *self);

/* The name of the node that made @id, or NULL for what is none of the ids that vgw_node_ids_make () makes with one of
 * the keys. @id: with or without a prefix such as "rtc_", of letters, digits and "-"; so what leads to a node can be
 * part of a URL. Returns: (transfer full) (nullable) */
char *vgw_node_ids_find_node (const VgwNodeIds *self, const char *id);

/* The signature of @text in URL-safe base64. Returns: (transfer full) */
char *vgw_node_ids_sign (const VgwNodeIds *self, const char *text);

/* Whether @signature is that of @text with one of the keys. */
gboolean vgw_node_ids_verify (const VgwNodeIds *self, const char *text, const char *signature);
