#include "app/vgw-app.h"

#include <string.h>

#include "access/vgw-access.h"
#include "admin/vgw-admin-server.h"
#include "config/vgw-config-check.h"
#include "config/vgw-config-errors.h"
#include "config/vgw-config-load.h"
#include "config/vgw-config-reload.h"
#include "app/vgw-app-capacity.h"
#include "app/vgw-app-engines.h"
#include "app/vgw-load-watch.h"
#include "app/vgw-readiness.h"
#include "base/vgw-address-group.h"
#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "base/vgw-node-peers.h"
#include "base/vgw-source.h"
#include "doors/vgw-door-live.h"
#include "doors/vgw-door-pipecat.h"
#include "doors/vgw-door-realtime.h"
#include "doors/vgw-door-whip.h"
#include "doors/vgw-door-ws.h"
#include "doors/vgw-pages.h"
#include "net/vgw-http-server.h"
#include "session/vgw-call-bundles.h"
#include "session/vgw-session-table.h"

#define SHUTDOWN_TIMEOUT_MS 3000
#define CERTIFICATE_WARN_S (7 * 24 * 3600)
#define FLUSH_TIMEOUT_MS 2000 /* of the session managers, after that */
#define TEARDOWN_S 5          /* of the pipelines, at most */

struct _VgwApp
{
  GObject parent_instance;

  VgwConfig *config;
  VgwMedia *media;
  VgwManager *manager;
  VgwNodeIds *node_ids;     /* (nullable) where it is one of several: */
  VgwNodePeers *node_peers; /* … the others */
  VgwSessionContext context;
  VgwSessionTable *table;
  VgwAccess *access;
  VgwHttpServer *server;
  VgwDoorWs *door_ws;
  VgwDoorPipecat *door_pipecat;
  VgwDoorWhip *door_whip;
  VgwDoorLive *door_live;
  VgwDoorRealtime *door_realtime;
  VgwPages *pages;
  VgwAdminServer *admin; /* NULL where it is switched off */
  VgwLoadWatch *load_watch;
  VgwLoopWatch *loop_watch;
  VgwReadiness *readiness;
  VgwCapacity *capacity;
  GTask *shutdown_task; /* while it drains */
  GSource *drain_timer; /* (nullable) the end of it */
};

G_DEFINE_TYPE (VgwApp, vgw_app, G_TYPE_OBJECT)

static void
vgw_app_dispose (GObject *object)
{
  VgwApp *self = VGW_APP (object);
  vgw_source_clear (&self->drain_timer);
  g_clear_object (&self->shutdown_task);
  if (self->table != NULL)
    vgw_session_table_shutdown (self->table);
  g_clear_pointer (&self->admin, vgw_admin_server_free);
  g_clear_object (&self->server);
  g_clear_pointer (&self->readiness, vgw_readiness_free);
  g_clear_pointer (&self->load_watch, vgw_load_watch_free);
  g_clear_pointer (&self->loop_watch, vgw_loop_watch_free);
  g_clear_object (&self->node_peers);
  g_clear_pointer (&self->door_ws, vgw_door_ws_free);
  g_clear_pointer (&self->door_pipecat, vgw_door_pipecat_free);
  g_clear_pointer (&self->door_whip, vgw_door_whip_free);
  g_clear_pointer (&self->door_live, vgw_door_live_free);
  g_clear_pointer (&self->door_realtime, vgw_door_realtime_free);
  g_clear_pointer (&self->pages, vgw_pages_free);
  g_clear_pointer (&self->access, vgw_access_free);
  g_clear_object (&self->table);
  g_clear_pointer (&self->context.resume_tokens, vgw_resume_tokens_free);
  vgw_app_engines_close (&self->context.engine_shared);
  g_clear_pointer (&self->context.bundles, vgw_call_bundles_free);
  if (self->media != NULL)
    vgw_media_shutdown (self->media);
  g_clear_object (&self->media);
  g_clear_object (&self->manager);
  g_clear_pointer (&self->capacity, vgw_capacity_free);
  G_OBJECT_CLASS (vgw_app_parent_class)->dispose (object);
}

static void
vgw_app_finalize (GObject *object)
{
  VgwApp *self = VGW_APP (object);
  g_clear_pointer (&self->node_ids, vgw_node_ids_free);
  g_clear_pointer (&self->context.client_ice_servers, g_ptr_array_unref);
  g_clear_pointer (&self->config, vgw_config_free);
  G_OBJECT_CLASS (vgw_app_parent_class)->finalize (object);
}

static void
vgw_app_class_init (VgwAppClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_app_dispose;
  G_OBJECT_CLASS (klass)->finalize = vgw_app_finalize;
}

static void
vgw_app_init (VgwApp *self)
{
}

/* The settings of @config, and those that it does not have. Strings are borrowed. */
static VgwMediaSettings
get_media_settings (const VgwConfig *config, const char *pipeline_override, const char *pipelines_where,
                    const char *advertise_where)
{
  VgwMediaSettings settings = config->media;

  settings.pipeline_override = pipeline_override;
  settings.pipelines_where = pipelines_where;
  settings.advertise_where = advertise_where;
  settings.max_data_channels = config->limits.max_data_channels;
  return settings;
}

static void
add_client_server (GPtrArray *servers, const char *text)
{
  g_autofree char *url = NULL, *username = NULL, *credential = NULL;
  if (vgw_config_split_server (text, &url, &username, &credential))
    g_ptr_array_add (servers, vgw_ice_server_new (url, username, credential));
}

static void
set_turn_secret (VgwSessionContext *context, const VgwConfig *config)
{
  context->client_turn_secret = config->client_turn_secret;
  context->client_turn_ttl_s = config->client_turn_ttl_s;
}

static void
fill_context (VgwApp *self)
{
  const VgwConfig *config = self->config;
  VgwSessionContext *context = &self->context;

  context->node_ids = self->node_ids;
  context->capacity = self->capacity;

  context->media = self->media;
  context->manager = self->manager;
  context->update_interval_s = config->manager.update_interval_s;
  context->limits = config->limits;
  context->session = config->session;
  context->bundles = vgw_call_bundles_new (&config->bundles, context->engine_shared.wav_writer);
  context->resume_tokens = vgw_resume_tokens_new (self->node_ids);
  set_turn_secret (context, config);
  context->client_ice_servers = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_ice_server_free);
  for (guint i = 0; config->client_servers[i] != NULL; i++)
    add_client_server (context->client_ice_servers, config->client_servers[i]);
}

static VgwAccessSettings
get_access_settings (VgwApp *self)
{
  VgwAccessSettings settings = self->config->access;

  settings.engines = self->config->engine.engines;
  settings.default_engine = self->config->engine.default_name;
  settings.table = self->table;
  return settings;
}

/* For GET /engines: {"default": NAME, "engines": [NAME, …]}. (transfer full) */
static char *
describe_engines (VgwApp *self)
{
  g_auto (GStrv) names = vgw_access_list_engines (self->access);
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *engines = json_array_new ();

  for (char **name = names; *name != NULL; name++)
    json_array_add_string_element (engines, *name);
  json_object_set_string_member (object, "default", self->config->engine.default_name);
  json_object_set_array_member (object, "engines", engines);
  return vgw_json_object_to_text (object);
}

/* Starts the public listener with its routes. */
static gboolean
start_server (VgwApp *self, GError **error)
{
  const VgwConfig *config = self->config;
  g_autofree char *engines = describe_engines (self);
  VgwHttpSettings settings = config->http;
  VgwPagesSettings pages_settings = config->pages;

  settings.origins = config->access.origins;
  settings.capacity = self->capacity;
  settings.max_message_bytes = config->limits.max_message_bytes;
  pages_settings.engines = engines;
  self->server = vgw_http_server_new (&settings, error);
  if (self->server == NULL)
    return FALSE;
  if (self->node_ids != NULL)
    {
      self->node_peers = vgw_node_peers_new (config->node.peers, vgw_manager_get_nodes (self->manager));
      vgw_http_server_set_nodes (self->server, &(VgwHttpNodes){ .ids = self->node_ids,
                                                                .directory = VGW_NODE_DIRECTORY (self->node_peers),
                                                                .authorities = config->node.authorities });
    }
  self->door_ws = vgw_door_ws_new (self->server, self->access, self->table);
  self->door_whip = vgw_door_whip_new (self->server, self->access, self->table, config->limits.max_message_bytes);
  self->door_pipecat = vgw_door_pipecat_new (self->server, self->access, self->table, config->limits.max_message_bytes);
  self->door_live = vgw_door_live_new (self->server, self->access, self->table, config->limits.max_message_bytes);
  self->door_realtime =
      vgw_door_realtime_new (self->server, self->access, self->table, config->limits.max_message_bytes);
  self->pages = vgw_pages_new (self->server, &pages_settings, error);
  return self->pages != NULL;
}

static gboolean
start_admin (VgwApp *self, GError **error)
{
  VgwAdminSettings settings = self->config->admin;

  settings.table = self->table;
  settings.media = self->media;
  settings.server = self->server;
  settings.capacity = self->capacity;
  settings.manager = self->manager;
  settings.loop_watch = self->loop_watch;
  settings.recordings = self->context.engine_shared.wav_writer;
  if (*settings.address == '\0')
    return TRUE;
  self->admin = vgw_admin_server_new (&settings, error);
  if (self->admin == NULL)
    g_prefix_error (error, "admin.address and admin.port: ");
  else if (self->node_ids != NULL)
    vgw_admin_server_set_nodes (self->admin, self->node_ids, VGW_NODE_DIRECTORY (self->node_peers),
                                self->config->node.authorities);
  return self->admin != NULL;
}

static void
start_readiness (VgwApp *self)
{
  const VgwReadinessSettings settings = {
    .table = self->table,
    .media = self->media,
    .capacity = self->capacity,
    .load_watch = self->load_watch,
    .loop_watch = self->loop_watch,
    .limits = &self->context.limits,
    .server = self->server,
    .admin = self->admin != NULL ? vgw_admin_server_get_http (self->admin) : NULL,
    .config = self->config,
    .directory = self->node_peers != NULL ? VGW_NODE_DIRECTORY (self->node_peers) : NULL,
  };

  self->readiness = vgw_readiness_new (&settings);
}

/* Logs until when the certificate of the listener is valid. @what: the beginning of the line */
static void
log_certificate (const char *what, VgwTlsIdentity *identity)
{
  gint64 expiry_s = vgw_tls_identity_get_expiry_s (identity);
  g_autofree char *text = vgw_tls_identity_get_expiry_text (identity);

  if (expiry_s - g_get_real_time () / G_USEC_PER_SEC > CERTIFICATE_WARN_S)
    vgw_info (NULL, "%s: the certificate is valid until %s", what, text);
  else
    vgw_warning (NULL, "%s: the certificate is valid only until %s; renew it and send SIGHUP", what, text);
}

static void
log_addresses (VgwApp *self)
{
  g_autofree char *url = vgw_http_server_get_url (self->server);
  g_autofree char *admin_url =
      self->admin != NULL ? vgw_http_server_get_url (vgw_admin_server_get_http (self->admin)) : NULL;

  vgw_info (NULL, "listening url=%s udp-port=%u ice=%s engine=%s", url, vgw_media_get_udp_port (self->media),
            self->config->media.ice_agent == VGW_ICE_AGENT_MUX ? "mux" : "nice", self->config->engine.default_name);
  if (admin_url != NULL)
    vgw_info (NULL, "listening admin=%s", admin_url);
  if (admin_url != NULL && !vgw_address_is_loopback (self->config->admin.address))
    vgw_warning (NULL,
                 "admin.address = %s: tokens and what they give access to are not encrypted; use a private network",
                 self->config->admin.address);
  if (self->config->http.tls != NULL)
    log_certificate ("tls", self->config->http.tls);
  if (self->config->access.mode == VGW_ACCESS_OPEN && self->config->access.allows_open_network)
    vgw_warning (NULL, "access.mode = open and access.allow-open-network = true: everyone who can reach %s may call",
                 self->config->http.address);
}

/* Returns: (transfer full) */
static VgwManager *
create_manager (const VgwConfig *config, const VgwNodeIds *ids, GError **error)
{
  VgwManagerSettings settings = config->manager;

  settings.node = config->node.name;
  settings.node_ids = ids;
  return vgw_manager_create (&settings, error);
}

VgwApp *
vgw_app_new (VgwConfig *config, const char *pipeline_override, GError **error)
{
  g_autoptr (VgwApp) self = g_object_new (VGW_TYPE_APP, NULL);
  g_autoptr (VgwConfigErrors) errors = vgw_config_errors_new ();
  g_autofree char *pipelines_where = vgw_config_where (config, "media", "pipelines");
  g_autofree char *advertise_where = vgw_config_where (config, "ice", "advertise");
  VgwMediaSettings media_settings = get_media_settings (config, pipeline_override, pipelines_where, advertise_where);
  VgwAccessSettings access_settings;
  self->config = config;
  if (!vgw_capacity_check_start (vgw_app_count_tcp_files (config), error))
    return NULL;
  vgw_app_engines_open (&self->context.engine_shared, config);
  vgw_app_engines_check (config, &self->context.engine_shared, errors);
  if (!vgw_config_errors_raise (errors, error))
    return NULL;
  self->node_ids = vgw_node_ids_new (&config->node);
  self->manager = create_manager (config, self->node_ids, error);
  if (self->manager == NULL)
    return NULL;
  self->media = vgw_media_new (&media_settings, error);
  if (self->media == NULL)
    return NULL;
  self->capacity = vgw_app_make_capacity (config, self->media);
  fill_context (self);
  self->table = vgw_session_table_new (&self->context);
  access_settings = get_access_settings (self);
  self->access = vgw_access_new (&access_settings);
  self->loop_watch = vgw_loop_watch_new ();
  if (!start_server (self, error) || !start_admin (self, error))
    return NULL;
  self->load_watch = vgw_load_watch_new (self->media, config->media.adapts_complexity);
  start_readiness (self);
  log_addresses (self);
  vgw_capacity_log (self->capacity, config->limits.max_sessions, config->http.max_connections);
  return g_steal_pointer (&self);
}

static void
log_names (const char *what, GPtrArray *names)
{
  g_autofree char *text = NULL;

  if (names->len == 0)
    return;
  g_ptr_array_add (names, NULL);
  text = g_strjoinv (", ", (char **) names->pdata);
  vgw_info (NULL, "reload: %s: %s", what, text);
}

/* Takes the certificate of @loaded. TRUE: it is another one, also where the names of the files are the same. */
static gboolean
reload_tls (VgwApp *self, VgwConfig *loaded)
{
  g_autoptr (VgwTlsIdentity) old = g_steal_pointer (&self->config->http.tls);
  VgwTlsIdentity *new = self->config->http.tls = g_steal_pointer (&loaded->http.tls);
  gboolean is_new = new != NULL && (old == NULL || !vgw_tls_identity_equal (old, new));
  g_autofree char *url = NULL;

  vgw_http_server_set_tls (self->server, new);
  url = vgw_http_server_get_url (self->server);
  if (is_new)
    log_certificate ("reload: http.tls-certificate", new);
  if ((old == NULL) != (new == NULL))
    vgw_info (NULL, "reload: new connections: url=%s", url);
  return is_new;
}

void
vgw_app_reload (VgwApp *self, VgwConfig *config)
{
  g_autoptr (VgwConfig) loaded = config;
  g_autoptr (GPtrArray) in_force = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) fixed = g_ptr_array_new_with_free_func (g_free);
  VgwAccessSettings access_settings;
  gboolean is_new_certificate;

  vgw_config_reload (self->config, loaded, in_force, fixed);
  vgw_log_configure (self->config->log.format, self->config->log.level);
  self->context.limits = self->config->limits;
  self->context.session = self->config->session;
  self->context.update_interval_s = self->config->manager.update_interval_s;
  set_turn_secret (&self->context, self->config);
  is_new_certificate = reload_tls (self, loaded);
  access_settings = get_access_settings (self);
  vgw_access_configure (self->access, &access_settings);
  vgw_media_set_advertise (self->media, self->config->media.advertise);
  vgw_manager_reload (self->manager, &self->config->manager);
  if (self->admin != NULL)
    vgw_admin_server_set_tokens (self->admin, self->config->admin.tokens);
  if (in_force->len == 0 && fixed->len == 0 && !is_new_certificate)
    vgw_info (NULL, "reload: nothing has changed");
  log_names ("in effect now", in_force);
  log_names ("needs a restart", fixed);
}

static void
on_manager_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  guint n_left = vgw_manager_flush_finish (VGW_MANAGER (source), result);

  if (n_left > 0)
    vgw_warning (NULL, "shutdown: %u notifications of session managers were not delivered", n_left);
  g_task_return_boolean (task, TRUE);
}

static void
on_server_shutdown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VgwApp *self;
  g_autoptr (GError) error = NULL;
  if (!vgw_http_server_shutdown_finish (VGW_HTTP_SERVER (source), result, &error))
    vgw_warning (NULL, "shutdown: %s", error->message);
  self = g_task_get_source_object (task);
  vgw_manager_flush_async (self->manager, FLUSH_TIMEOUT_MS, on_manager_flushed, g_steal_pointer (&task));
}

void
vgw_app_end_drain (VgwApp *self)
{
  if (self->drain_timer == NULL)
    return;
  vgw_source_clear (&self->drain_timer);
  g_signal_handlers_disconnect_by_data (self->table, self);
  vgw_info (NULL, "shutting down sessions=%u", vgw_session_table_count (self->table));
  vgw_session_table_shutdown (self->table);
  vgw_http_server_shutdown_async (self->server, SHUTDOWN_TIMEOUT_MS, on_server_shutdown,
                                  g_steal_pointer (&self->shutdown_task));
}

static gboolean
on_drained (gpointer user_data)
{
  vgw_app_end_drain (user_data);
  return G_SOURCE_REMOVE;
}

/* On the session's stack. */
static void
on_table_empty (VgwSessionTable *table, gpointer user_data)
{
  VgwApp *self = user_data;

  g_source_set_ready_time (self->drain_timer, 0);
}

void
vgw_app_shutdown_async (VgwApp *self, gboolean should_drain, GAsyncReadyCallback callback, gpointer user_data)
{
  guint n = vgw_session_table_count (self->table), timeout_s = self->config->drain_timeout_s;

  self->shutdown_task = g_task_new (self, NULL, callback, user_data);
  should_drain = should_drain && n > 0 && timeout_s > 0;
  self->drain_timer = vgw_source_start_timer (should_drain ? timeout_s * 1000 : 0, on_drained, self);
  vgw_session_table_drain (self->table);
  if (!should_drain)
    {
      vgw_app_end_drain (self);
      return;
    }
  vgw_info (NULL, "draining: new sessions are refused; the %u in progress have %u s; a second signal ends them", n,
            timeout_s);
  g_signal_connect (self->table, "empty", G_CALLBACK (on_table_empty), self);
}

guint
vgw_app_count_sessions (VgwApp *self)
{
  return vgw_session_table_count (self->table);
}

guint
vgw_app_get_shutdown_s (VgwApp *self, gboolean should_drain)
{
  return (should_drain ? self->config->drain_timeout_s : 0) + (SHUTDOWN_TIMEOUT_MS + FLUSH_TIMEOUT_MS) / 1000
         + TEARDOWN_S;
}

void
vgw_app_shutdown_finish (VgwApp *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

gboolean
vgw_app_check (const VgwConfig *config, const char *pipeline_override, GError **error)
{
  g_autoptr (VgwConfigErrors) errors = vgw_config_errors_new ();
  g_autoptr (VgwManager) manager = NULL;
  g_autoptr (VgwMedia) media = NULL;
  g_autofree char *pipelines_where = vgw_config_where (config, "media", "pipelines");
  g_autofree char *advertise_where = vgw_config_where (config, "ice", "advertise");
  VgwEngineShared shared = { 0 };
  VgwMediaSettings media_settings = get_media_settings (config, pipeline_override, pipelines_where, advertise_where);
  GError *cause = NULL;

  vgw_app_engines_open (&shared, config);
  vgw_app_engines_check (config, &shared, errors);
  vgw_app_engines_close (&shared);
  manager = create_manager (config, NULL, &cause);
  vgw_config_errors_add (errors, g_steal_pointer (&cause));
  media_settings.udp_port = media_settings.ice_tcp.port = 0; /* a gateway may be running already */
  media = vgw_media_new (&media_settings, &cause);
  vgw_config_errors_add (errors, g_steal_pointer (&cause));
  if (media != NULL)
    vgw_media_shutdown (media);
  return vgw_config_errors_raise (errors, error);
}
