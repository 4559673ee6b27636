#include "admin/vgw-admin-server.h"

#include "admin/vgw-admin-metrics.h"
#include "admin/vgw-admin-process.h"
#include "admin/vgw-admin-sessions.h"
#include "net/vgw-http-origin.h"

#define MAX_CONNECTIONS 32 /* a scraper, a health check, a person, and some stalled connections */
#define HEADER_TIMEOUT_MS 5000

struct _VgwAdminServer
{
  VgwHttpServer *server;
  VgwAdminSources sources;
};

/* Against DNS rebinding: a foreign web page whose name resolves to this machine could read everything here as its own
 * origin. The Host header has that name. */
static gboolean
check_host (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_set_header (request, "Cache-Control", "no-store");
  if (vgw_http_host_is_local (vgw_http_request_get_header (request, "Host")))
    return TRUE;
  vgw_http_request_reply (request, VGW_HTTP_STATUS_FORBIDDEN, VGW_HTTP_TEXT_PLAIN,
                          "the Host header must be an IP address or localhost; a proxy in front has to set it\n");
  return FALSE;
}

static void
serve_health (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_TEXT_PLAIN, "ok\n");
}

static void
serve_ready (VgwHttpRequest *request, gpointer user_data)
{
  static const char *const texts[] = {
    [VGW_SESSION_TABLE_OPEN] = "ok\n",
    [VGW_SESSION_TABLE_DRAINING] = "draining\n",
    [VGW_SESSION_TABLE_SHUT_DOWN] = "shutting down\n",
  };
  VgwAdminServer *self = user_data;
  VgwSessionTableState state = vgw_session_table_get_state (self->sources.table);

  vgw_http_request_reply (request, state == VGW_SESSION_TABLE_OPEN ? VGW_HTTP_STATUS_OK : VGW_HTTP_STATUS_UNAVAILABLE,
                          VGW_HTTP_TEXT_PLAIN, texts[state]);
}

static void
serve_metrics (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  g_autofree char *text = vgw_admin_metrics_to_text (&self->sources);

  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_ADMIN_METRICS_TYPE, text);
}

static void
serve_sessions (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  g_autofree char *json = vgw_admin_sessions_to_json (self->sources.table);

  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
serve_session (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  VgwSession *session = vgw_session_table_find (self->sources.table, vgw_http_request_get_capture (request, 0));
  g_autofree char *json = NULL;

  if (session == NULL)
    {
      vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN, "no such session\n");
      return;
    }
  json = vgw_admin_session_to_json (session);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
serve_nothing (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN,
                          "the paths are /healthz, /readyz, /sessions, /sessions/ID and /metrics\n");
}

static const VgwHttpRoute routes[] = {
  { "/healthz", .get = serve_health },    { "/readyz", .get = serve_ready },       { "/metrics", .get = serve_metrics },
  { "/sessions", .get = serve_sessions }, { "/sessions/*", .get = serve_session }, { "/*", .get = serve_nothing },
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
  };
  VgwAdminProcess process;

  vgw_admin_process_read (&process);
  self->sources = (VgwAdminSources){
    .table = settings->table,
    .media = settings->media,
    .server = settings->server,
    .capacity = settings->capacity,
    .manager = settings->manager,
    .started_at_s = process.started_at_s,
  };
  self->server = vgw_http_server_new (&server_settings, error);
  if (self->server == NULL)
    return NULL;
  vgw_http_server_set_check (self->server, check_host, self);
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
  g_free (self);
}

VgwHttpServer *
vgw_admin_server_get_http (VgwAdminServer *self)
{
  return self->server;
}
