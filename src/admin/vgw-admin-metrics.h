/* The metrics: one table of names and help texts, and their values in the format of Prometheus. Main thread only. */
#pragma once

#include "base/vgw-loop-watch.h"
#include "engine/builtin/vgw-wav-writer.h"
#include "manager/vgw-manager.h"
#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

#define VGW_ADMIN_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct
{
  const char *name;
  const char *type;  /* "counter", "gauge", "histogram" */
  const char *label; /* (nullable) the name of its one label */
  const char *help;  /* one line */
} VgwAdminMetricInfo;

/* Metric @n, in the order of the page; docs/ADMIN.md has the same table. FALSE where there is no such metric. */
gboolean vgw_admin_metrics_get_info (guint n, VgwAdminMetricInfo *info);

/* The objects that the values are read from. */
typedef struct
{
  VgwSessionTable *table;
  VgwMedia *media;                /* (nullable) NULL, or ice.agent = nice: no metrics of the UDP port */
  VgwHttpServer *server;          /* (nullable) the public one */
  VgwCapacity *capacity;          /* (nullable) */
  VgwManager *manager;            /* (nullable) */
  const VgwLoopWatch *loop_watch; /* (nullable) */
  VgwWavWriter *recordings;       /* (nullable) */
  double started_at_s;            /* of the process, since 1970; read once, because it would change with the clock */
} VgwAdminSources;

/* The page, text format 0.0.4. (transfer full) */
char *vgw_admin_metrics_to_text (const VgwAdminSources *sources);
