/* The manager `webhook`: an HTTP POST for each session that begins, changes or ends, signed as Standard Webhooks. */
#pragma once

#include "manager/vgw-webhook-queue.h"

#define VGW_TYPE_MANAGER_WEBHOOK (vgw_manager_webhook_get_type ())
G_DECLARE_FINAL_TYPE (VgwManagerWebhook, vgw_manager_webhook, VGW, MANAGER_WEBHOOK, GObject)

/* Returns: (transfer full) */
VgwManager *vgw_manager_webhook_new (const VgwWebhookSettings *settings);
