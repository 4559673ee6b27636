#include "app/vgw-readiness.h"

#include <string.h>

#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "media/vgw-pacer.h"
#include "vgw-build.h"

#define REPORT_S 5 /* between two reports of an unchanged state */

struct _VgwReadiness
{
  VgwReadinessSettings settings;
  VgwNode *node; /* (nullable) */
  VgwReadinessRule rule;
  VgwReadinessState reported;
  guint n_unreported_s;
  guint64 n_frames, n_late, n_refused; /* since the start */
  GSource *timer;                      /* each second */
};

static VgwReadinessState
get_state (VgwReadiness *self)
{
  vgw_readiness_rule_count (&self->rule, vgw_session_table_count (self->settings.table),
                            self->settings.limits->max_sessions);
  switch (vgw_session_table_get_state (self->settings.table))
    {
    case VGW_SESSION_TABLE_OPEN:
      break;
    case VGW_SESSION_TABLE_DRAINING:
      return VGW_READINESS_DRAINING;
    case VGW_SESSION_TABLE_SHUT_DOWN:
      return VGW_READINESS_SHUT_DOWN;
    }
  if (self->rule.is_full || self->rule.n_refusing_s > 0)
    return VGW_READINESS_FULL;
  return self->rule.is_late ? VGW_READINESS_LATE : VGW_READINESS_READY;
}

/* To the other nodes: the busier of the sessions and the media threads. */
static void
report (VgwReadiness *self, VgwReadinessState state)
{
  VgwNode *node = self->node;
  double part;

  if (node == NULL)
    return;
  node->n_sessions = vgw_session_table_count (self->settings.table);
  node->max_sessions = self->settings.limits->max_sessions;
  part = node->max_sessions > 0 ? (double) node->n_sessions / node->max_sessions : 0;
  node->load = CLAMP (MAX (part, vgw_load_watch_get_busy_percent (self->settings.load_watch) / 100.0), 0, 1);
  g_free (node->state);
  node->state = g_strdup (vgw_readiness_state_to_string (state));
  vgw_node_directory_publish (self->settings.directory, node);
}

static guint64
count_refused (VgwReadiness *self)
{
  guint64 n = 0;

  for (guint kind = 0; self->settings.capacity != NULL && kind < VGW_CAPACITY_N_KINDS; kind++)
    n += vgw_capacity_count_refused (self->settings.capacity, kind);
  return n;
}

/* What has happened since the last call. */
static VgwReadinessSecond
take_second (VgwReadiness *self)
{
  guint64 n_refused = count_refused (self);
  VgwPacerStats pacer = { 0 };
  VgwReadinessSecond second;

  if (self->settings.media != NULL)
    vgw_pacer_get_stats (vgw_media_get_pacer (self->settings.media), &pacer);
  second =
      (VgwReadinessSecond){ vgw_loop_watch_take_longest_us (self->settings.loop_watch), pacer.ticks - self->n_frames,
                            pacer.late_ticks - self->n_late, n_refused - self->n_refused };
  self->n_frames = pacer.ticks;
  self->n_late = pacer.late_ticks;
  self->n_refused = n_refused;
  return second;
}

static gboolean
on_second (gpointer user_data)
{
  VgwReadiness *self = user_data;
  const VgwReadinessSecond second = take_second (self);
  VgwReadinessState state;

  vgw_readiness_rule_step (&self->rule, &second);
  state = get_state (self);
  if (state != self->reported)
    vgw_info (NULL, "readiness: %s → %s (sessions=%u)", vgw_readiness_state_to_string (self->reported),
              vgw_readiness_state_to_string (state), vgw_session_table_count (self->settings.table));
  if (state != self->reported || ++self->n_unreported_s >= REPORT_S)
    {
      self->n_unreported_s = 0;
      report (self, state);
    }
  self->reported = state;
  return G_SOURCE_CONTINUE;
}

static void
serve_ready (VgwHttpRequest *request, gpointer user_data)
{
  VgwReadinessState state = get_state (user_data);
  gboolean is_ready = state == VGW_READINESS_READY;
  g_autofree char *text = g_strconcat (is_ready ? "ok" : vgw_readiness_state_to_string (state), "\n", NULL);

  vgw_http_request_set_header (request, "Cache-Control", "no-store");
  vgw_http_request_reply (request, is_ready ? VGW_HTTP_STATUS_OK : VGW_HTTP_STATUS_UNAVAILABLE, VGW_HTTP_TEXT_PLAIN,
                          text);
}

/* The address at which other nodes reach @server: @configured, else where it listens. (transfer full) (nullable) */
static char *
find_url (const char *configured, const char *address, VgwHttpServer *server)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);
  g_autofree char *url = NULL;

  if (*configured != '\0')
    return g_strdup (configured);
  if (server == NULL || inet == NULL || g_inet_address_get_is_any (inet) || g_inet_address_get_is_loopback (inet))
    return NULL; /* others do not reach it there, or reach themselves */
  url = vgw_http_server_get_url (server);
  url[strlen (url) - 1] = '\0'; /* the slash */
  return g_steal_pointer (&url);
}

/* (transfer full) */
static VgwNode *
describe_node (const VgwReadinessSettings *settings)
{
  const VgwConfig *config = settings->config;
  VgwNode *node = g_new0 (VgwNode, 1);

  node->name = g_strdup (config->node.name);
  node->url = find_url (config->node.url, config->http.address, settings->server);
  node->admin_url = find_url (config->node.admin_url, config->admin.address, settings->admin);
  node->version = g_strdup (VGW_VERSION);
  node->started_at_us = g_get_real_time ();
  return node;
}

VgwReadiness *
vgw_readiness_new (const VgwReadinessSettings *settings)
{
  static const VgwHttpRoute route = { "/readyz", .get = serve_ready };
  VgwReadiness *self = g_new0 (VgwReadiness, 1);

  self->settings = *settings;
  self->node = settings->directory != NULL ? describe_node (settings) : NULL;
  take_second (self);
  self->timer = vgw_source_start (g_timeout_source_new_seconds (1), on_second, self);
  if (settings->server != NULL)
    vgw_http_server_add_route (settings->server, &route, self);
  if (settings->admin != NULL)
    vgw_http_server_add_route (settings->admin, &route, self);
  report (self, VGW_READINESS_READY);
  return self;
}

void
vgw_readiness_free (VgwReadiness *self)
{
  if (self == NULL)
    return;
  vgw_source_clear (&self->timer);
  g_clear_pointer (&self->node, vgw_node_free);
  g_free (self);
}
