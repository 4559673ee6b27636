/* The metrics: one table of names and help texts, and their values as Prometheus reads them. Main thread only. */
#pragma once

#include "net/vgw-http-server.h"
#include "session/vgw-session-table.h"

G_BEGIN_DECLS

#define VGW_ADMIN_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct
{
  const char *name;
  const char *type;  /* "counter", "gauge", "histogram" */
  const char *label; /* (nullable) the name of its one label */
  const char *help;  /* one line */
} VgwAdminMetricInfo;

/* All metrics, in the order of the page; docs/ADMIN.md has the same. FALSE from @n on. */
gboolean vgw_admin_metrics_get_info (guint n, VgwAdminMetricInfo *info);

/* Where the values come from. */
typedef struct
{
  VgwSessionTable *table;
  VgwMedia *media;       /* (nullable) without it, or with its agent `nice`, there are no metrics of the UDP port */
  VgwHttpServer *server; /* (nullable) the public one */
  VgwCapacity *capacity; /* (nullable) */
  double started_at_s;   /* of the process, since 1970: measured once, or it would waver with the clock */
} VgwAdminSources;

/* The page, text format 0.0.4. (transfer full) */
char *vgw_admin_metrics_to_text (const VgwAdminSources *sources);

G_END_DECLS
