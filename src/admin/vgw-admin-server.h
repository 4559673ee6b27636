/* The admin listener: health, sessions, metrics; for the operator, on loopback. It changes nothing. docs/ADMIN.md is
 * its description. Main thread only. */
#pragma once

#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

G_BEGIN_DECLS

typedef struct _VgwAdminServer VgwAdminServer;

/* The group [admin] of the configuration; the app adds what follows the port. */
typedef struct
{
  const char *address;    /* IP address to listen on */
  guint16 port;           /* 0: any free port */
  VgwSessionTable *table; /* outlives the server, and so does media */
  VgwMedia *media;        /* (nullable) */
  VgwHttpServer *server;  /* (nullable) whose connections are counted */
  VgwCapacity *capacity;  /* (nullable) */
} VgwAdminSettings;

/* Errors: G_IO_ERROR, with address and port in the message. Returns: (transfer full) */
VgwAdminServer *vgw_admin_server_new (const VgwAdminSettings *settings, GError **error);

/* Requests that are being answered are given up. */
void vgw_admin_server_free (VgwAdminServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAdminServer, vgw_admin_server_free)

/* "http://127.0.0.1:8081/" (transfer full), with the real port. */
char *vgw_admin_server_get_url (VgwAdminServer *self);
guint16 vgw_admin_server_get_port (VgwAdminServer *self);

/* Whether the value of a Host header (nullable) names this machine as no web page of elsewhere can: an IP address or
 * "localhost", with or without port. Pure. */
gboolean vgw_admin_host_is_local (const char *host);

G_END_DECLS
