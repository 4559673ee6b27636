/* The admin listener: health, sessions and metrics for the operator, on loopback. It is read-only; see docs/ADMIN.md.
 * Main thread only. */
#pragma once

#include "manager/vgw-manager.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

typedef struct _VgwAdminServer VgwAdminServer;

/* The group [admin] of the configuration; the app sets the members after the port. */
typedef struct
{
  const char *address;    /* IP address to listen on */
  guint16 port;           /* 0: any free port */
  VgwSessionTable *table; /* outlives the server, as all members that follow */
  VgwMedia *media;        /* (nullable) */
  VgwHttpServer *server;  /* (nullable) the public one, for its connection counts */
  VgwCapacity *capacity;  /* (nullable) */
  VgwManager *manager;    /* (nullable) */
} VgwAdminSettings;

/* Errors: G_IO_ERROR, with address and port in the message. Returns: (transfer full) */
VgwAdminServer *vgw_admin_server_new (const VgwAdminSettings *settings, GError **error);

/* Pending requests are dropped. */
void vgw_admin_server_free (VgwAdminServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAdminServer, vgw_admin_server_free)

/* For its address. (transfer none) */
VgwHttpServer *vgw_admin_server_get_http (VgwAdminServer *self);
