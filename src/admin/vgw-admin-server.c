#include "admin/vgw-admin-server.h"

#include <string.h>

#include "admin/vgw-admin-metrics.h"
#include "admin/vgw-admin-process.h"
#include "admin/vgw-admin-sessions.h"
#include "net/vgw-http-listener.h"
#include "net/vgw-http-soup.h"

#define MAX_CONNECTIONS 32 /* a scraper, a health check, a person, and some that hang */
#define HEADER_TIMEOUT_MS 5000
#define TYPE_JSON "application/json"
#define SESSION_PREFIX "/sessions/"

struct _VgwAdminServer
{
  SoupServer *soup;
  VgwHttpListener *listener;
  VgwAdminSources sources;
};

gboolean
vgw_admin_host_is_local (const char *host)
{
  g_autofree char *name = NULL;
  const char *end;

  if (host == NULL)
    return FALSE;
  end = *host == '[' ? strchr (host, ']') : host + strcspn (host, ":");
  if (end == NULL)
    return FALSE;
  name = *host == '[' ? g_strndup (host + 1, end - host - 1) : g_strndup (host, end - host);
  if (*host == '[')
    end++;
  if (*end != '\0' && (*end != ':' || strspn (end + 1, "0123456789") != strlen (end + 1)))
    return FALSE;
  return g_ascii_strcasecmp (name, "localhost") == 0 || g_hostname_is_ip_address (name);
}

static void
respond (SoupServerMessage *message, guint status, const char *text)
{
  vgw_http_soup_respond (message, status, VGW_HTTP_TEXT_PLAIN, text);
}

/* A page of elsewhere can give its own name this machine's address, and would then read all that is here as its own
 * ("DNS rebinding"). The Host header has the name. */
static void
on_early (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  if (!vgw_admin_host_is_local (vgw_http_soup_get_header (message, "Host")))
    respond (message, SOUP_STATUS_FORBIDDEN,
             "the Host header must be an IP address or localhost; let a proxy in front set it so\n");
}

static void
serve_ready (VgwAdminServer *self, SoupServerMessage *message)
{
  if (vgw_session_table_is_shut_down (self->sources.table))
    respond (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "shutting down\n");
  else
    respond (message, SOUP_STATUS_OK, "ok\n");
}

static void
serve_session (VgwAdminServer *self, SoupServerMessage *message, const char *id)
{
  VgwSession *session = vgw_session_table_find (self->sources.table, id);
  g_autofree char *json = NULL;

  if (session == NULL)
    {
      respond (message, SOUP_STATUS_NOT_FOUND, "there is no such session\n");
      return;
    }
  json = vgw_admin_session_to_json (session);
  vgw_http_soup_respond (message, SOUP_STATUS_OK, TYPE_JSON, json);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  VgwAdminServer *self = user_data;
  g_autofree char *text = NULL;

  vgw_http_soup_set_header (message, "Cache-Control", "no-store");
  if (strcmp (path, "/healthz") == 0)
    respond (message, SOUP_STATUS_OK, "ok\n");
  else if (strcmp (path, "/readyz") == 0)
    serve_ready (self, message);
  else if (strcmp (path, "/metrics") == 0)
    vgw_http_soup_respond (message, SOUP_STATUS_OK, VGW_ADMIN_METRICS_TYPE,
                           text = vgw_admin_metrics_to_text (&self->sources));
  else if (strcmp (path, "/sessions") == 0)
    vgw_http_soup_respond (message, SOUP_STATUS_OK, TYPE_JSON, text = vgw_admin_sessions_to_json (self->sources.table));
  else if (g_str_has_prefix (path, SESSION_PREFIX))
    serve_session (self, message, path + strlen (SESSION_PREFIX));
  else
    respond (message, SOUP_STATUS_NOT_FOUND, "there are /healthz, /readyz, /sessions, /sessions/ID and /metrics\n");
}

VgwAdminServer *
vgw_admin_server_new (const VgwAdminSettings *settings, GError **error)
{
  g_autoptr (VgwAdminServer) self = g_new0 (VgwAdminServer, 1);
  VgwHttpListenerSettings listener_settings = {
    .address = settings->address,
    .port = settings->port,
    .max_connections = MAX_CONNECTIONS,
    .limits = { .timeout_ms = HEADER_TIMEOUT_MS, .methods = "GET, HEAD", .max_body_bytes = 0 },
  };
  VgwAdminProcess process;

  vgw_admin_process_read (&process);
  self->sources =
      (VgwAdminSources){ settings->table, settings->media, settings->server, settings->capacity, process.started_at_s };
  self->soup = vgw_http_soup_new ();
  soup_server_add_early_handler (self->soup, NULL, on_early, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  self->listener = vgw_http_listener_new (&listener_settings, vgw_http_soup_accept, self->soup, error);
  return self->listener != NULL ? g_steal_pointer (&self) : NULL;
}

void
vgw_admin_server_free (VgwAdminServer *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->listener, vgw_http_listener_free);
  soup_server_disconnect (self->soup);
  soup_server_remove_handler (self->soup, NULL);
  g_clear_object (&self->soup);
  g_free (self);
}

char *
vgw_admin_server_get_url (VgwAdminServer *self)
{
  return vgw_http_listener_get_url (self->listener);
}

guint16
vgw_admin_server_get_port (VgwAdminServer *self)
{
  return vgw_http_listener_get_port (self->listener);
}
