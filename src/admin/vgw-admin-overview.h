/* What the dashboard polls, as JSON: the gateway with its calls, and one call with its samples; see docs/ADMIN.md.
 * Main thread only. */
#pragma once

#include "admin/vgw-admin-history.h"

typedef struct
{
  VgwAdminHistory *history;
  VgwSessionTable *table;
  const char *node;    /* (nullable) the name of this gateway among several */
  double started_at_s; /* of the process, since 1970 */
} VgwAdminOverview;

/* @since: the number of the first second that is wanted; older ones than are kept are left out. At most
 * VGW_ADMIN_MAX_SESSIONS calls. (transfer full) */
char *vgw_admin_overview_to_json (const VgwAdminOverview *overview, guint64 since);

/* The same of the samples of one call. (transfer full) (nullable): NULL where there is no such call, also among those
 * that have ended */
char *vgw_admin_call_to_json (const VgwAdminOverview *overview, const char *id, guint64 since);
