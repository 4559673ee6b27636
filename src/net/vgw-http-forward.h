/* Sends requests for sessions of other nodes on to them (vgw-http-hop.h), at addresses of the directory only: the
 * request as it came, with the client's address, and the response and a WebSocket's data back. What libsoup would do
 * with the connection is not begun: it is decided by the request's head. Main thread. */
#pragma once

#include "base/vgw-node-directory.h"
#include "base/vgw-node-ids.h"
#include "net/vgw-http-proxies.h"

typedef struct _VgwHttpForward VgwHttpForward;

/* Whether the request with the whole head @head may be sent on. Where it may not, it is served here, and refused. */
typedef gboolean (*VgwHttpForwardCheckFunc) (const char *head, gsize length, gpointer user_data);

typedef struct
{
  const VgwNodeIds *ids;         /* outlives it, as: */
  VgwNodeDirectory *directory;   /* referenced */
  GTlsDatabase *authorities;     /* (nullable: those of the system) referenced; of nodes with https: */
  VgwHttpProxies *proxies;       /* which tell the client's address */
  gboolean is_admin;             /* the others' admin listeners, not the public ones */
  VgwHttpForwardCheckFunc check; /* (nullable) */
  gpointer check_data;
  guint header_timeout_ms; /* for a request that is served here after all */
  guint idle_timeout_ms;   /* http.idle-timeout-ms, of all nodes */
} VgwHttpForwardSettings;

typedef enum
{
  VGW_HTTP_FORWARD_SENT,        /* to another node */
  VGW_HTTP_FORWARD_UNREACHABLE, /* answered with 503 */
  VGW_HTTP_FORWARD_STOPPED,     /* of a node that does not exist any more: treated as for an unknown session */
  VGW_HTTP_FORWARD_REFUSED,     /* as if from another node, but not signed: answered with 403 */
} VgwHttpForwardResult;

#define VGW_HTTP_FORWARD_N_RESULTS (VGW_HTTP_FORWARD_REFUSED + 1)

const char *vgw_http_forward_result_to_string (VgwHttpForwardResult result); /* "sent", … */

/* Counts since the start. */
typedef struct
{
  guint64 requests[VGW_HTTP_FORWARD_N_RESULTS];
} VgwHttpForwardStats;

/* What is known of a request that is served here. */
typedef struct
{
  char *client;        /* (nullable) the address that the sending node has seen */
  const char *refusal; /* (nullable) the request is refused with this text */
  guint status;        /* … and status */
} VgwHttpForwardMark;

/* The request of a connection that was taken is served here after all, as another one that was not. */
typedef void (*VgwHttpForwardServeFunc) (GIOStream *stream, GSocketAddress *local_address,
                                         GSocketAddress *remote_address, gpointer user_data);

/* @settings is copied. Returns: (transfer full) */
VgwHttpForward *vgw_http_forward_new (const VgwHttpForwardSettings *settings, VgwHttpForwardServeFunc serve,
                                      gpointer user_data);

/* Closes the connections that it has. (nullable) */
void vgw_http_forward_free (VgwHttpForward *self);

/* TRUE: the request with @head, of a VgwHttpReadyFunc, is of another node, and the connection is taken. It is given
 * back to the VgwHttpForwardServeFunc where the directory has no such node, or that one has been stopped (the
 * connection is refused): its sessions are over then, and the request is treated as one for an unknown session; and
 * where the node cannot be reached, with a mark. */
gboolean vgw_http_forward_take (VgwHttpForward *self, GIOStream *stream, GSocketAddress *local_address,
                                GSocketAddress *remote_address, const char *head, gsize length);

/* The mark of the connection whose VgwHttpReadyFunc was called with @remote_address, or NULL. (transfer none) */
const VgwHttpForwardMark *vgw_http_forward_get_mark (GSocketAddress *remote_address);

void vgw_http_forward_get_stats (VgwHttpForward *self, VgwHttpForwardStats *stats);
