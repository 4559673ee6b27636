/* /readyz, for load balancers: 200, or 503 with the reason while new calls should go elsewhere (vgw-readiness-rule.h);
 * and the report of this node to the others, with its load. Main thread. */
#pragma once

#include "app/vgw-load-watch.h"
#include "app/vgw-readiness-rule.h"
#include "base/vgw-capacity.h"
#include "base/vgw-loop-watch.h"
#include "base/vgw-node-directory.h"
#include "config/vgw-config.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

typedef struct _VgwReadiness VgwReadiness;

/* What it looks at, and what it reports to: all outlive it, but the servers, which are shut down before. */
typedef struct
{
  VgwSessionTable *table;
  VgwMedia *media;          /* (nullable) */
  VgwCapacity *capacity;    /* (nullable) */
  VgwLoadWatch *load_watch; /* (nullable) without `directory` */
  VgwLoopWatch *loop_watch;
  const VgwSessionSettingsLimits *limits;
  VgwHttpServer *server; /* these two (nullable) get the route */
  VgwHttpServer *admin;
  const VgwConfig *config;     /* (nullable) without: */
  VgwNodeDirectory *directory; /* (nullable) of all nodes */
} VgwReadinessSettings;

/* @settings is copied. Returns: (transfer full) */
VgwReadiness *vgw_readiness_new (const VgwReadinessSettings *settings);
void vgw_readiness_free (VgwReadiness *self);
