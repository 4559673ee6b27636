/* The configuration: the settings structs of all rooms, filled by the table of keys (vgw-config-keys.c). */
#pragma once

#include "access/vgw-access.h"
#include "admin/vgw-admin-server.h"
#include "base/vgw-log.h"
#include "base/vgw-node-ids.h"
#include "doors/vgw-pages.h"
#include "engine/vgw-engine-config.h"
#include "net/vgw-http-server.h"
#include "manager/vgw-manager-factory.h"
#include "media/vgw-media.h"
#include "session/vgw-session.h"

/* The sources of values, in ascending precedence. */
typedef enum
{
  VGW_CONFIG_FROM_DEFAULT,
  VGW_CONFIG_FROM_FILE,
  VGW_CONFIG_FROM_ENVIRONMENT,
  VGW_CONFIG_FROM_SETTING, /* --set */
} VgwConfigSource;

/* Zeroed: the default. */
typedef struct
{
  VgwConfigSource source;
  gboolean is_from_file; /* set by its "-file" name */
  char *where;           /* (nullable) the position, for errors */
  gboolean is_bad;       /* what was set has an error of its own */
} VgwConfigOrigin;

/* Texts and lists of keys are owned, and never NULL. 0 means no limit where the table says so. */
typedef struct
{
  VgwHttpSettings http;
  VgwPagesSettings pages; /* of [http] too */
  VgwAccessSettings access;
  VgwAdminSettings admin;
  VgwNodeSettings node;
  VgwMediaSettings media;            /* [ice] and [media], and limits.max-mlines */
  const char *const *client_servers; /* ice.client-servers, for callers; vgw_config_split_server () */
  const char *client_turn_secret;    /* ice.client-turn-secret */
  guint client_turn_ttl_s;
  VgwEngineSettings engine;
  VgwManagerSettings manager;
  VgwSessionSettings session;
  VgwCallBundleSettings bundles; /* of [record] */
  VgwSessionSettingsLimits limits;
  guint drain_timeout_s; /* shutdown.drain-timeout-s */
  VgwLogSettings log;

  VgwConfigOrigin *origins; /* one for each key of the table */
} VgwConfig;
