/* Events on their way to a webhook: each session's in their order, those of several sessions at the same time. What is
 * not delivered is repeated, with growing pauses, as long as the settings have it; the later events of that session
 * wait. Bounded. Main thread. */
#pragma once

#include "manager/vgw-manager.h"

typedef struct _VgwWebhookQueue VgwWebhookQueue;

/* The keys webhook-* of the group [manager]. */
typedef struct
{
  const char *url;            /* https://HOST/PATH, or http:; empty for none */
  const char *const *secrets; /* "whsec_…", checked by the configuration: each signs every event */
  guint timeout_ms;           /* of one attempt */
  guint retry_s;              /* an event is given up when it is older */
  guint max_events;           /* in the queue */

  /* the verdict on each session, see vgw-manager-webhook.c */
  gboolean has_admission;
  guint admission_timeout_s;
  gboolean admits_by_default;
} VgwWebhookSettings;

/* @settings is copied. Returns: (transfer full) */
VgwWebhookQueue *vgw_webhook_queue_new (const VgwWebhookSettings *settings);

/* What is queued is dropped. */
void vgw_webhook_queue_free (VgwWebhookQueue *self);

/* Applies the secrets and the limits of @settings; a webhook that was disabled by 410 is enabled again. The rest stays.
 */
void vgw_webhook_queue_reload (VgwWebhookQueue *self, const VgwWebhookSettings *settings);

/* Queues @json (transfer full), an event of @session_id. An update takes the place of one that still waits as the last
 * of its session, and the last quarter of the queue is for events that are none. Dropped and counted where there is no
 * room. */
void vgw_webhook_queue_add (VgwWebhookQueue *self, const char *session_id, gboolean is_update, char *json);

/* The reply to a question: @body of a status 2xx; NULL where there was none, and none will follow. Called once, also
 * from functions of the queue: it must not call any. */
typedef void (*VgwWebhookReplyFunc) (GBytes *body, gpointer user_data);

/* Queues @json, as above, as the first event of a session: it is sent before events of others that wait, and @func gets
 * the reply. It is an event like any other in all else. */
void vgw_webhook_queue_ask (VgwWebhookQueue *self, const char *session_id, char *json, VgwWebhookReplyFunc func,
                            gpointer user_data);

/* The question of @session_id with @user_data, where it has no reply yet, gets none any more: it is an event like any
 * other, which does not delay other questions. Only a request under way keeps its connection until it is over. */
void vgw_webhook_queue_forget (VgwWebhookQueue *self, const char *session_id, gpointer user_data);

/* Every event is sent at once and not repeated. */
void vgw_webhook_queue_hasten (VgwWebhookQueue *self);

/* Adds to @stats. */
void vgw_webhook_queue_get_stats (VgwWebhookQueue *self, VgwManagerStats *stats);
