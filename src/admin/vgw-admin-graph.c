/* SVG is drawn by the program dot of Graphviz, in a process of its own: its library has global state, blocks for some
 * 100 ms, and would be a dependency of every gateway. */
#include "admin/vgw-admin-graph.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "media/vgw-pipeline-graph.h"

#define MAX_GRAPHS 2u /* that are drawn at the same time */
#define DOT_TIMEOUT_MS 10000
#define NO_DOT "the program dot is not installed (Debian: apt install graphviz); pipeline.dot is available\n"

struct _VgwAdminGraph
{
  gatomicrefcount ref_count; /* each drawing has one */
  VgwSessionTable *table;
  guint n_drawing;
};

/* One request. */
typedef struct
{
  VgwAdminGraph *owner;
  VgwHttpRequest *request;
  gboolean is_svg;
  GSubprocess *dot; /* (nullable) */
  GSource *timer;   /* (nullable) */
} Drawing;

static void
unref (VgwAdminGraph *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

static void
drawing_free (Drawing *self)
{
  self->owner->n_drawing--;
  unref (self->owner);
  vgw_source_clear (&self->timer);
  g_clear_object (&self->dot);
  g_object_unref (self->request);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Drawing, drawing_free)

static void
refuse (VgwHttpRequest *request, guint status, const char *text)
{
  vgw_http_request_reply (request, status, VGW_HTTP_TEXT_PLAIN, text);
}

static gboolean
on_dot_timeout (gpointer user_data)
{
  Drawing *self = user_data;

  g_subprocess_force_exit (self->dot);
  return G_SOURCE_REMOVE;
}

static void
on_svg (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Drawing) self = user_data;
  g_autoptr (GBytes) svg = NULL;
  g_autoptr (GError) error = NULL;

  if (g_subprocess_communicate_finish (G_SUBPROCESS (source), result, &svg, NULL, &error)
      && g_subprocess_get_successful (G_SUBPROCESS (source)))
    {
      vgw_http_request_set_header (self->request, "Content-Security-Policy",
                                   "default-src 'none'; style-src 'unsafe-inline'");
      vgw_http_request_reply_bytes (self->request, VGW_HTTP_STATUS_OK, "image/svg+xml", svg);
      return;
    }
  vgw_warning (NULL, "admin: dot has failed: %s",
               error != NULL ? error->message : "it ended with an error, or took too long");
  refuse (self->request, VGW_HTTP_STATUS_INTERNAL_ERROR, "dot has failed, see the log; pipeline.dot is available\n");
}

/* Starts dot with @text. */
static void
draw_svg (Drawing *drawing, const char *text)
{
  g_autoptr (Drawing) self = drawing;
  g_autoptr (GBytes) input = g_bytes_new (text, strlen (text));
  g_autofree char *path = g_find_program_in_path ("dot");
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    {
      refuse (self->request, VGW_HTTP_STATUS_NOT_IMPLEMENTED, NO_DOT);
      return;
    }
  self->dot = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                    | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                &error, path, "-Tsvg", NULL);
  if (self->dot == NULL)
    {
      vgw_warning (NULL, "admin: cannot run dot: %s", error->message);
      refuse (self->request, VGW_HTTP_STATUS_NOT_IMPLEMENTED,
              "dot cannot be run, see the log; pipeline.dot is available\n");
      return;
    }
  self->timer = vgw_source_start_timer (DOT_TIMEOUT_MS, on_dot_timeout, self);
  g_subprocess_communicate_async (self->dot, input, NULL, on_svg, self);
  g_steal_pointer (&self);
}

static void
on_drawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Drawing) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = vgw_pipeline_graph_finish (VGW_PEER (source), result, &error);

  if (text == NULL)
    refuse (self->request, VGW_HTTP_STATUS_CONFLICT, "the session has no pipeline yet, or no longer\n");
  else if (!self->is_svg)
    vgw_http_request_reply (self->request, VGW_HTTP_STATUS_OK, "text/vnd.graphviz; charset=utf-8", text);
  else
    draw_svg (g_steal_pointer (&self), text);
}

static void
serve (VgwAdminGraph *self, VgwHttpRequest *request, gboolean is_svg)
{
  VgwSession *session = vgw_session_table_find (self->table, vgw_http_request_get_capture (request, 0));
  VgwPeer *peer = session != NULL ? vgw_session_report_get_peer (vgw_session_get_report (session)) : NULL;
  Drawing *drawing;

  if (session == NULL)
    {
      refuse (request, VGW_HTTP_STATUS_NOT_FOUND, "no such session\n");
      return;
    }
  if (peer == NULL)
    {
      refuse (request, VGW_HTTP_STATUS_CONFLICT, "the session has no pipeline yet, or no longer\n");
      return;
    }
  if (self->n_drawing == MAX_GRAPHS)
    {
      vgw_http_request_set_header (request, "Retry-After", "1");
      refuse (request, VGW_HTTP_STATUS_UNAVAILABLE, "other pipelines are being drawn; try again\n");
      return;
    }
  self->n_drawing++;
  g_atomic_ref_count_inc (&self->ref_count);
  drawing = g_new0 (Drawing, 1);
  *drawing = (Drawing){ self, g_object_ref (request), is_svg, NULL, NULL };
  vgw_pipeline_graph_async (peer, on_drawn, drawing);
}

static void
serve_dot (VgwHttpRequest *request, gpointer user_data)
{
  serve (user_data, request, FALSE);
}

static void
serve_svg (VgwHttpRequest *request, gpointer user_data)
{
  serve (user_data, request, TRUE);
}

static const VgwHttpRoute routes[] = {
  { "/sessions/{id}/pipeline.dot", .get = serve_dot },
  { "/sessions/{id}/pipeline.svg", .get = serve_svg },
};

VgwAdminGraph *
vgw_admin_graph_new (VgwHttpServer *server, VgwSessionTable *table)
{
  VgwAdminGraph *self = g_new0 (VgwAdminGraph, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->table = table;
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    vgw_http_server_add_route (server, &routes[i], self);
  return self;
}

void
vgw_admin_graph_free (VgwAdminGraph *self)
{
  if (self != NULL)
    unref (self);
}
