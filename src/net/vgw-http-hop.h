/* A request that one node sends on to another: which node it belongs to, and the head with which it is sent there. The
 * receiver takes the client's address from a header that is signed with the key of all nodes, for the request line, the
 * receiver, its listener and the minute, and that it accepts once; a request with that header is not sent on again. */
#pragma once

#include "base/vgw-node-ids.h"

/* "NODE ADDRESS SECONDS NONCE SIGNATURE": the sender, the client, the Unix time, and 128 random bits. */
#define VGW_HTTP_HOP_HEADER "Voice-Gateway-Node"
#define VGW_HTTP_HOP_MAX_BYTES 256 /* of its line */

/* The nonces that a listener has accepted in the last two minutes, or the last 100,000 of them. */
typedef struct _VgwHttpHopNonces VgwHttpHopNonces;

/* Returns: (transfer full) */
VgwHttpHopNonces *vgw_http_hop_nonces_new (void);
void vgw_http_hop_nonces_free (VgwHttpHopNonces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwHttpHopNonces, vgw_http_hop_nonces_free)

/* The node that made an id in the path, or in a parameter of the query, of the whole head @head, or else the bearer
 * token of its Authorization; NULL where there is no such id, or where it is @ids' own. Returns: (transfer full)
 * (nullable) */
char *vgw_http_hop_find_node (const VgwNodeIds *ids, const char *head, gsize length);

/* The same for the admin listener: only of the path "/sessions/ID" and those below it. */
char *vgw_http_hop_find_admin_node (const VgwNodeIds *ids, const char *head, gsize length);

/* Whether @head has VGW_HTTP_HOP_HEADER. */
gboolean vgw_http_hop_is_marked (const char *head, gsize length);

/* The head of the request with which @head is sent on to @node for the client at @client, "192.0.2.1": with
 * VGW_HTTP_HOP_HEADER, and without X-Forwarded-For and Forwarded. @head: whole. @is_admin: to the admin listener, not
 * the public one. @now_s: Unix time. Returns: (transfer full) */
char *vgw_http_hop_write_head (const VgwNodeIds *ids, const char *head, gsize length, const char *node,
                               gboolean is_admin, const char *client, gint64 now_s);

/* The value of VGW_HTTP_HOP_HEADER for a request of this node itself, "GET /path?query", to @node for the client at
 * @client. Returns: (transfer full) */
char *vgw_http_hop_make_mark (const VgwNodeIds *ids, const char *request, const char *node, gboolean is_admin,
                              const char *client, gint64 now_s);

/* The client's address of @head, which is marked, and has come to the listener with @is_admin and @nonces. Errors:
 * VGW_ERROR_UNAUTHORIZED for a header that is not signed, not for this node, listener or request, older or newer than a
 * minute, or not new. Returns: (transfer full) */
char *vgw_http_hop_read_client (const VgwNodeIds *ids, VgwHttpHopNonces *nonces, const char *head, gsize length,
                                gboolean is_admin, gint64 now_s, GError **error);
