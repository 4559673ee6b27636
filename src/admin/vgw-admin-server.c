#include "admin/vgw-admin-server.h"

#include "admin/vgw-admin-access.h"
#include "admin/vgw-admin-control.h"
#include "admin/vgw-admin-dashboard.h"
#include "admin/vgw-admin-graph.h"
#include "admin/vgw-admin-listen.h"
#include "admin/vgw-admin-metrics.h"
#include "admin/vgw-admin-nodes.h"
#include "admin/vgw-admin-process.h"
#include "admin/vgw-admin-sessions.h"
#include "vgw-admin-web.h"

#define MAX_CONNECTIONS 32 /* a scraper, a health check, a person, and some stalled connections */
#define HEADER_TIMEOUT_MS 5000
#define MAX_MESSAGE_BYTES 1024 /* of listeners, who send none */
#define IDLE_TIMEOUT_MS 60000

struct _VgwAdminServer
{
  VgwHttpServer *server;
  VgwAdminSources sources;
  VgwAdminAccess *access;
  VgwAdminNodes *nodes;
  VgwAdminDashboard *dashboard;
  VgwAdminControl *control;
  VgwAdminGraph *graph;
  VgwAdminListen *listen;
};

static void
serve_health (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_TEXT_PLAIN, "ok\n");
}

static void
serve_metrics (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  g_autofree char *text = vgw_admin_metrics_to_text (&self->sources);

  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_ADMIN_METRICS_TYPE, text);
}

static char *
list_sessions (gpointer user_data)
{
  VgwAdminServer *self = user_data;

  return vgw_admin_sessions_to_json (self->sources.table);
}

static void
serve_sessions (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  g_autofree char *json = NULL;

  if (vgw_admin_nodes_serve (self->nodes, request, "sessions", "sessions", list_sessions, self))
    return;
  json = list_sessions (self);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
serve_description (VgwHttpRequest *request, gpointer user_data)
{
  g_autoptr (GBytes) text =
      g_resource_lookup_data (vgw_admin_web_get_resource (), "/voice-gateway/admin/openapi.json", 0, NULL);

  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, text);
}

static void
serve_nothing (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN,
                          "no such path; /openapi.json describes those that there are\n");
}

static const VgwHttpRoute routes[] = {
  { "/healthz", .get = serve_health },    { "/metrics", .get = serve_metrics },
  { "/sessions", .get = serve_sessions }, { "/openapi.json", .get = serve_description },
  { "/*", .get = serve_nothing },
};

VgwAdminServer *
vgw_admin_server_new (const VgwAdminSettings *settings, GError **error)
{
  g_autoptr (VgwAdminServer) self = g_new0 (VgwAdminServer, 1);
  const VgwHttpSettings server_settings = {
    .address = settings->address,
    .port = settings->port,
    .header_timeout_ms = HEADER_TIMEOUT_MS,
    .max_connections = MAX_CONNECTIONS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .idle_timeout_ms = IDLE_TIMEOUT_MS,
  };
  VgwAdminProcess process;

  vgw_admin_process_read (&process);
  self->sources = (VgwAdminSources){
    .table = settings->table,
    .media = settings->media,
    .server = settings->server,
    .capacity = settings->capacity,
    .manager = settings->manager,
    .loop_watch = settings->loop_watch,
    .recordings = settings->recordings,
    .started_at_s = process.started_at_s,
  };
  self->server = vgw_http_server_new (&server_settings, error);
  if (self->server == NULL)
    return NULL;
  self->access = vgw_admin_access_new (settings->address, settings->tokens);
  vgw_http_server_set_check (self->server, vgw_admin_access_check, self->access);
  self->nodes = vgw_admin_nodes_new ();
  self->graph = vgw_admin_graph_new (self->server, settings->table);
  self->listen = vgw_admin_listen_new (self->server, settings->table, self->access);
  self->dashboard = vgw_admin_dashboard_new (self->server, settings->table, self->nodes, process.started_at_s);
  self->control =
      vgw_admin_control_new (self->server, settings->table, vgw_admin_dashboard_get_history (self->dashboard));
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_server_add_route (self->server, &routes[i], self);
  return g_steal_pointer (&self);
}

void
vgw_admin_server_free (VgwAdminServer *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->server);
  vgw_admin_dashboard_free (self->dashboard);
  vgw_admin_listen_free (self->listen);
  vgw_admin_graph_free (self->graph);
  vgw_admin_control_free (self->control);
  vgw_admin_nodes_free (self->nodes);
  vgw_admin_access_free (self->access);
  g_free (self);
}

VgwHttpServer *
vgw_admin_server_get_http (VgwAdminServer *self)
{
  return self->server;
}

void
vgw_admin_server_set_tokens (VgwAdminServer *self, const char *const *tokens)
{
  vgw_admin_access_set_tokens (self->access, tokens);
  vgw_admin_listen_close_revoked (self->listen);
}

void
vgw_admin_server_set_nodes (VgwAdminServer *self, const VgwNodeIds *ids, VgwNodeDirectory *directory,
                            GTlsDatabase *authorities)
{
  const VgwHttpNodes nodes = {
    .ids = ids,
    .directory = directory,
    .authorities = authorities,
    .is_admin = TRUE,
    .check = vgw_admin_access_check_head,
    .check_data = self->access,
  };

  vgw_http_server_set_nodes (self->server, &nodes);
  vgw_admin_nodes_set (self->nodes, ids, directory, authorities);
}
