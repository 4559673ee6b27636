/* The configuration: the settings of all rooms, each in the struct that the room has for them. One table of keys
 * (vgw-config-keys.c) fills it. */
#pragma once

#include "access/vgw-access.h"
#include "admin/vgw-admin-server.h"
#include "base/vgw-log.h"
#include "doors/vgw-pages.h"
#include "engine/vgw-engine-config.h"
#include "net/vgw-http-server.h"
#include "manager/vgw-manager.h"
#include "media/vgw-media.h"
#include "session/vgw-session.h"

/* Where the value of a key comes from, the weakest first. */
typedef enum
{
  VGW_CONFIG_FROM_DEFAULT,
  VGW_CONFIG_FROM_FILE,
  VGW_CONFIG_FROM_ENVIRONMENT,
  VGW_CONFIG_FROM_SETTING, /* --set */
} VgwConfigSource;

/* All zero: the default. */
typedef struct
{
  VgwConfigSource source;
  gboolean is_from_file; /* by its "-file" name */
  char *where;           /* (nullable) as errors say it */
} VgwConfigOrigin;

/* Texts and lists that a key of the table fills are owned, and never NULL. 0 means no bound where the table describes
 * that. */
typedef struct
{
  VgwHttpSettings http;
  VgwPagesSettings pages; /* of [http] too */
  VgwAccessSettings access;
  VgwAdminSettings admin;
  VgwMediaSettings media;            /* [ice] and [media], and limits.max-mlines */
  const char *const *client_servers; /* ice.client-servers, for callers; vgw_config_split_server () */
  const char *client_turn_secret;    /* ice.client-turn-secret */
  guint client_turn_ttl_s;
  VgwEngineSettings engine;
  VgwManagerSettings manager;
  VgwSessionSettingsLimits limits;
  VgwLogSettings log;

  VgwConfigOrigin *origins; /* one for each key of the table */
} VgwConfig;
