/* What the configuration has for session managers. */
#pragma once

#include "base/vgw-node-ids.h"
#include "manager/vgw-redis-client.h"
#include "manager/vgw-webhook-queue.h"

/* The group [manager] of the configuration. */
typedef struct _VgwManagerSettings
{
  const char *const *types;   /* those of vgw_manager_list_types () */
  guint update_interval_s;    /* between updates of a session without a change; 0: none */
  const char *node;           /* (nullable) the name of this node; none: that of the machine */
  const VgwNodeIds *node_ids; /* (nullable) outlives the managers */
  VgwWebhookSettings webhook;
  VgwRedisSettings redis;
} VgwManagerSettings;
