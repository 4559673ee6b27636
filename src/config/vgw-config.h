/* The configuration: one table of keys (vgw-config-keys.c) makes the parser, --help, --print-config, the man page and
 * the sample file. Order of precedence: default < file < environment VGW_GROUP_KEY < --set. */
#pragma once

#include <glib.h>

#include "base/vgw-log.h"
#include "engine/vgw-engine-config.h"
#include "media/vgw-media.h"

G_BEGIN_DECLS

/* Where a value comes from; config/vgw-config-source.h. */
typedef struct _VgwConfigOrigin VgwConfigOrigin;

/* Values. Lists are NULL-terminated, never NULL. Times carry their unit; 0 means no bound where the key says so. */
typedef struct
{
  char *http_address;
  guint http_port;
  gboolean http_page;
  char *http_web_root; /* "" for the built-in page */
  guint http_header_timeout_ms;
  guint http_idle_timeout_ms;
  guint http_max_connections;
  guint http_max_connections_per_address;

  char *admin_address; /* "" for no admin listener */
  guint admin_port;

  char *access_mode; /* "open" */
  char **access_origins;

  VgwIceAgentKind ice_agent;
  guint ice_udp_port;
  char *ice_bind_address; /* "" for all */
  char **ice_advertise;
  char **ice_stun_servers;
  char **ice_turn_servers;   /* secret */
  char **ice_client_servers; /* secret: may hold credentials */
  guint ice_min_port, ice_max_port;
  guint ice_gather_timeout_ms;

  char **media_pipelines;
  char *media_pipeline_dir;
  char **media_extra_elements;
  guint media_latency_ms;
  gboolean media_adapt_complexity;

  char *engine_default;
  VgwEngineConfig engine_defaults; /* only what every engine can have from [engine]; the rest is empty */
  GPtrArray *engines;              /* VgwEngineConfig, complete, those that need no group among them */
  char *record_directory;

  char *manager_type;

  guint limits_max_sessions;
  guint limits_max_sessions_per_address;
  guint limits_offer_timeout_ms;
  guint limits_connect_timeout_ms;
  guint limits_media_timeout_ms;
  guint limits_max_duration_s;
  guint limits_max_candidates;
  guint limits_max_data_channels;
  guint limits_max_message_bytes;
  guint limits_max_events_per_second;
  guint limits_max_mlines;

  GLogLevelFlags log_level;
  VgwLogFormat log_format;

  VgwConfigOrigin *origins; /* one for each key of the table */
} VgwConfig;

void vgw_config_free (VgwConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfig, vgw_config_free)

/* Loads @path (nullable: the default file where it exists, else none), then @environment (as g_get_environ ()), then
 * @settings ("group.key=value", nullable). Errors: VGW_ERROR_CONFIG, naming file, group, key, and what would be
 * right: every error that is found, one on a line. Returns: (transfer full) */
VgwConfig *vgw_config_load (const char *path, const char *const *environment, const char *const *settings,
                            GError **error);

/* Where the value of @group.@name comes from, for messages: "a.conf:3: [http] port", "environment: VGW_HTTP_PORT", or
 * "http.port" where it is the default (transfer full). */
char *vgw_config_where (const VgwConfig *config, const char *group, const char *name);

/* Whether somebody has set "@group.@name", be it to its default. */
gboolean vgw_config_is_set (const VgwConfig *config, const char *group, const char *name);

/* The values in force as a key file, secrets hidden: it loads again as the same values but for the secrets, whose lines
 * are comments (transfer full). */
char *vgw_config_to_text (const VgwConfig *config);

/* All keys with defaults and descriptions, for --help; the fully commented sample file, data/voice-gateway.conf; the
 * man page docs/man/voice-gateway.conf.5 (all transfer full). */
char *vgw_config_help (void);
char *vgw_config_sample (void);
char *vgw_config_man (void);

G_END_DECLS
