#include "doors/vgw-pages.h"

#include <string.h>

#include "doors/vgw-web-files.h"

/* For the built-in files; pages of http.web-root do other things. The page loads nothing from elsewhere, and talks to
 * gateways over WebSockets only. The hash is that of the script in index.html itself; test-vgw-http-pages fails if it
 * is not. */
#define INLINE_SCRIPT "'sha256-a3GW/vuPNLa96FDl75zSeOXtIlXs5im8Hh04ZBhmH5E='"
#define CONTENT_SECURITY_POLICY                                                                                        \
  "default-src 'self'; script-src 'self' " INLINE_SCRIPT                                                               \
  "; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "                   \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

struct _VgwPages
{
  VgwWebFiles *files; /* NULL where no page is served */
  char *engines;
};

static void
serve_health (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_TEXT_PLAIN, "ok\n");
}

/* What a client may put into /ws?engine=NAME. */
static void
serve_engines (VgwHttpRequest *request, gpointer user_data)
{
  VgwPages *self = user_data;

  vgw_http_request_set_header (request, "Cache-Control", "no-store"); /* another configuration, other names */
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, self->engines);
}

static gboolean
has_etag (VgwHttpRequest *request, const char *etag)
{
  const char *known = vgw_http_request_get_header (request, "If-None-Match");

  /* RFC 9110 section 13.1.2: weak comparison, so W/"…" counts too */
  return known != NULL && (strcmp (known, "*") == 0 || strstr (known, etag) != NULL);
}

static void
serve_file (VgwHttpRequest *request, gpointer user_data)
{
  VgwPages *self = user_data;
  /* an escaped slash is none: it names nothing here */
  g_autofree char *path = g_uri_unescape_string (vgw_http_request_get_path (request), "/");
  const VgwWebFile *file = path != NULL ? vgw_web_files_lookup (self->files, path) : NULL;

  if (file == NULL)
    {
      vgw_http_request_reply (request, VGW_HTTP_STATUS_NOT_FOUND, VGW_HTTP_TEXT_PLAIN, "not found\n");
      return;
    }
  /* ask again each time: the ETag makes that cheap */
  vgw_http_request_set_header (request, "Cache-Control", "no-cache");
  vgw_http_request_set_header (request, "ETag", file->etag);
  if (file->is_built_in)
    vgw_http_request_set_header (request, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  vgw_http_request_set_header (request, "Referrer-Policy", "no-referrer");
  if (has_etag (request, file->etag))
    {
      g_autofree char *length = g_strdup_printf ("%zu", g_bytes_get_size (file->content));

      vgw_http_request_set_header (request, "Content-Length", length); /* of what is not sent */
      vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NOT_MODIFIED, NULL, NULL);
    }
  else
    vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, file->content_type, file->content);
}

VgwPages *
vgw_pages_new (VgwHttpServer *server, const VgwPagesSettings *settings, GError **error)
{
  static const VgwHttpRoute health = { "/healthz", .get = serve_health, .has_cors = TRUE };
  static const VgwHttpRoute engines = { "/engines", .get = serve_engines, .has_cors = TRUE };
  static const VgwHttpRoute files = { "/*", .get = serve_file, .has_cors = TRUE };
  g_autoptr (VgwPages) self = g_new0 (VgwPages, 1);

  self->engines = g_strdup (settings->engines);
  if (settings->serves_page)
    {
      self->files = vgw_web_files_new (settings->web_root, error);
      if (self->files == NULL)
        return NULL;
      vgw_http_server_add_route (server, &files, self);
    }
  if (self->engines != NULL)
    vgw_http_server_add_route (server, &engines, self);
  vgw_http_server_add_route (server, &health, self);
  return g_steal_pointer (&self);
}

void
vgw_pages_free (VgwPages *self)
{
  if (self == NULL)
    return;
  vgw_web_files_free (self->files);
  g_free (self->engines);
  g_free (self);
}
