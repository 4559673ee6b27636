#include "admin/vgw-admin-dashboard.h"

#include "admin/vgw-admin-overview.h"
#include "net/vgw-http-content-type.h"
#include "vgw-admin-web.h"

#define WITHOUT_SAMPLES "overview?since=9223372036854775807" /* of other nodes: describe_without_samples () */
#define RESOURCE_PREFIX "/voice-gateway/admin/"

/* Nothing is loaded from elsewhere, and nobody may frame the page: its buttons end calls. blob: is the pipeline's
 * graph, which is fetched with the token. */
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' ws: wss:; "       \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct _VgwAdminDashboard
{
  VgwSessionTable *table;
  VgwAdminHistory *history;
  VgwAdminNodes *nodes;
  double started_at_s;
};

static void
serve_file (VgwHttpRequest *request, const char *name)
{
  g_autofree char *path = g_strconcat (RESOURCE_PREFIX, name, NULL);
  g_autoptr (GBytes) content = g_resource_lookup_data (vgw_admin_web_get_resource (), path, 0, NULL);

  if (content == NULL)
    {
      vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN, "no such file\n");
      return;
    }
  vgw_http_request_set_header (request, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  vgw_http_request_set_header (request, "Referrer-Policy", "no-referrer");
  vgw_http_request_set_header (request, "X-Content-Type-Options", "nosniff");
  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, vgw_http_content_type_of (name), content);
}

static void
serve_page (VgwHttpRequest *request, gpointer user_data)
{
  serve_file (request, "index.html");
}

/* A capture has no slash, and a resource no parent. */
static void
serve_part (VgwHttpRequest *request, gpointer user_data)
{
  serve_file (request, vgw_http_request_get_capture (request, 0));
}

/* The parameter `since`; 0 where it is absent, or no number. */
static guint64
get_since (VgwHttpRequest *request)
{
  g_autofree char *text = vgw_http_request_get_parameter (request, "since");
  guint64 since = 0;

  if (text != NULL)
    g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &since, NULL);
  return since;
}

static VgwAdminOverview
get_overview (VgwAdminDashboard *self)
{
  return (VgwAdminOverview){ self->history, self->table, vgw_admin_nodes_get_name (self->nodes), self->started_at_s };
}

static char *
describe_without_samples (gpointer user_data)
{
  const VgwAdminOverview overview = get_overview (user_data);

  return vgw_admin_overview_to_json (&overview, G_MAXINT64);
}

static void
serve_overview (VgwHttpRequest *request, gpointer user_data)
{
  VgwAdminDashboard *self = user_data;
  const VgwAdminOverview overview = get_overview (self);
  g_autofree char *json = NULL;

  if (vgw_admin_nodes_serve (self->nodes, request, WITHOUT_SAMPLES, "overview", describe_without_samples, self))
    return;
  json = vgw_admin_overview_to_json (&overview, get_since (request));
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
}

static void
serve_samples (VgwHttpRequest *request, gpointer user_data)
{
  const VgwAdminOverview overview = get_overview (user_data);
  g_autofree char *json =
      vgw_admin_call_to_json (&overview, vgw_http_request_get_capture (request, 0), get_since (request));

  if (json != NULL)
    vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, json);
  else
    vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN, "no such session\n");
}

static const VgwHttpRoute routes[] = {
  { "/", .get = serve_page },
  { "/ui/{file}", .get = serve_part },
  { "/overview", .get = serve_overview },
  { "/sessions/{id}/samples", .get = serve_samples },
};

VgwAdminDashboard *
vgw_admin_dashboard_new (VgwHttpServer *server, VgwSessionTable *table, VgwAdminNodes *nodes, double started_at_s)
{
  VgwAdminDashboard *self = g_new0 (VgwAdminDashboard, 1);

  self->table = table;
  self->nodes = nodes;
  self->history = vgw_admin_history_new (table);
  self->started_at_s = started_at_s;
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_server_add_route (server, &routes[i], self);
  return self;
}

void
vgw_admin_dashboard_free (VgwAdminDashboard *self)
{
  if (self == NULL)
    return;
  vgw_admin_history_free (self->history);
  g_free (self);
}

VgwAdminHistory *
vgw_admin_dashboard_get_history (VgwAdminDashboard *self)
{
  return self->history;
}
