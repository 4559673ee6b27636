/* What the configuration has for session managers. */
#pragma once

#include "manager/vgw-webhook-queue.h"

/* The group [manager] of the configuration. */
typedef struct _VgwManagerSettings
{
  const char *const *types; /* those of vgw_manager_list_types () */
  VgwWebhookSettings webhook;
} VgwManagerSettings;
