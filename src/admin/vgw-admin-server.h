/* The admin listener: health, sessions, metrics, an API and a dashboard for the operator. See docs/ADMIN.md.
 * Main thread only. */
#pragma once

#include "base/vgw-loop-watch.h"
#include "engine/builtin/vgw-wav-writer.h"
#include "manager/vgw-manager.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

typedef struct _VgwAdminServer VgwAdminServer;

/* The group [admin] of the configuration; the app sets the members after the port. */
typedef struct
{
  const char *address;       /* IP address to listen on */
  guint16 port;              /* 0: any free port */
  const char *const *tokens; /* (nullable) one of which each request needs; needed where others can reach @address */
  VgwSessionTable *table;    /* outlives the server, as all members that follow */
  VgwMedia *media;           /* (nullable) */
  VgwHttpServer *server;     /* (nullable) the public one, for its connection counts */
  VgwCapacity *capacity;     /* (nullable) */
  VgwManager *manager;       /* (nullable) */
  VgwLoopWatch *loop_watch;  /* (nullable) */
  VgwWavWriter *recordings;  /* (nullable) */
} VgwAdminSettings;

/* Errors: G_IO_ERROR, with address and port in the message. Returns: (transfer full) */
VgwAdminServer *vgw_admin_server_new (const VgwAdminSettings *settings, GError **error);

/* Pending requests are dropped. */
void vgw_admin_server_free (VgwAdminServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAdminServer, vgw_admin_server_free)

/* See vgw_admin_access_set_tokens (). WebSockets whose token is not valid any more are closed. */
void vgw_admin_server_set_tokens (VgwAdminServer *self, const char *const *tokens);

/* See vgw_http_server_set_nodes (): requests that pass the check of this listener are sent on, of /sessions/ID only;
 * and lists of all nodes' sessions are served, see vgw-admin-nodes.h. */
void vgw_admin_server_set_nodes (VgwAdminServer *self, const VgwNodeIds *ids, VgwNodeDirectory *directory,
                                 GTlsDatabase *authorities);

/* For its address. (transfer none) */
VgwHttpServer *vgw_admin_server_get_http (VgwAdminServer *self);
