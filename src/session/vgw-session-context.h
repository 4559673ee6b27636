/* What all sessions share. A value. */
#pragma once

#include "base/vgw-capacity.h"
#include "base/vgw-node-ids.h"
#include "engine/vgw-engine-factory.h"
#include "manager/vgw-manager.h"
#include "media/vgw-media.h"
#include "session/vgw-resume-tokens.h"

/* The group [limits] of the configuration, but for what media keeps. 0 means no bound for times and for numbers of
 * sessions, and none at all for other counts. */
typedef struct
{
  guint max_sessions;                /* these two are of all sessions together */
  guint max_sessions_per_address;    /* of IPv6, of one /64 */
  guint max_new_sessions_per_minute; /* of one address, as above */
  guint offer_timeout_ms;
  guint connect_timeout_ms;
  guint media_timeout_ms;
  guint max_duration_s;
  guint max_candidates;
  guint max_data_channels;
  guint max_message_bytes;
  guint max_events_per_second; /* of the client, and of the engine */
} VgwSessionSettingsLimits;

/* The group [session] of the configuration. */
typedef struct
{
  guint resume_grace_ms; /* 0: a session ends with its door */
} VgwSessionSettings;

/* The keys call-bundle… of the group [record]: what is kept of each call. 0 means no bound. */
typedef struct
{
  const char *directory;  /* empty: nothing */
  guint max_mb, max_days; /* of the directory: the oldest are removed */
  guint max_minutes;      /* of one call's audio */
} VgwCallBundleSettings;

typedef struct _VgwCallBundles VgwCallBundles; /* vgw-call-bundles.h */

/* Owned by the app, and outlives the table and every session. */
typedef struct
{
  VgwMedia *media;
  VgwManager *manager;
  guint update_interval_s;       /* of sessions to the manager, beside their changes; 0: none */
  VgwEngineShared engine_shared; /* its engines are those that there are */
  VgwSessionSettingsLimits limits;
  VgwSessionSettings session;
  const VgwNodeIds *node_ids;     /* (nullable) where the gateway is one of several */
  VgwResumeTokens *resume_tokens; /* (nullable) without them no session can be resumed */
  GPtrArray *client_ice_servers;  /* VgwIceServer*, (nullable) */
  const char *client_turn_secret; /* (nullable), or empty: see vgw-client-servers.h */
  guint client_turn_ttl_s;
  VgwCallBundles *bundles; /* (nullable) */
  VgwCapacity *capacity;   /* (nullable) asked before a peer is made */
} VgwSessionContext;
