#include "manager/vgw-webhook-queue.h"

#include <string.h>

#include "base/vgw-log.h"
#include "base/vgw-random.h"
#include "base/vgw-source.h"
#include "manager/vgw-webhook-signature.h"
#include "net/vgw-http-client.h"

#define MAX_CONNECTIONS 3 /* each may take one of GLib's 10 threads, for TLS or a name, which bots need, too */
#define MAX_QUESTIONS 4   /* connections of questions, for which clients wait; see above */
#define ID_BYTES 16
#define FIRST_PAUSE_MS 500
#define MAX_REPLY_BYTES 65536
#define MAX_PAUSE_MS 60000
#define STATUS_GONE 410

typedef struct
{
  char *id; /* the same in each attempt, so that a receiver can tell a repeated event */
  GBytes *json;
  gboolean is_update;
  gint64 queued_us;
  guint n_attempts;
  VgwWebhookReplyFunc func; /* of a question, until it has a reply; else NULL */
  gpointer user_data;
} Event;

/* The events of one session. */
typedef struct
{
  char *session_id;
  GQueue events; /* Event*, empty only once it is dropped */
  gboolean is_sending;
  gboolean is_dropped; /* not of the queue any more; its request frees it */
  gint64 due_us;       /* when the first one is sent; 0: now */
} Lane;

struct _VgwWebhookQueue
{
  guint n_refs;                   /* the owner's, and one for each request under way */
  VgwHttpClient *client, *asking; /* of events, of questions */
  char *url;
  GPtrArray *secrets;
  guint retry_s, max_events;

  GHashTable *lanes; /* session id → GList* in `order` */
  GQueue order;      /* Lane*, the next one to send at the head */
  guint n_sending, n_asking;
  GSource *wakeup; /* NULL once it is freed */
  gboolean is_gone, is_hastened;
  gboolean is_repeating, is_losing; /* and it was logged */
  VgwManagerStats stats;
};

/* A request under way. */
typedef struct
{
  VgwWebhookQueue *queue; /* a reference */
  Lane *lane;             /* (transfer none) it stays while it sends */
  gboolean is_question;
} Delivery;

/* @body: (nullable) */
static void
reply (Event *event, GBytes *body)
{
  VgwWebhookReplyFunc func = g_steal_pointer (&event->func);

  if (func != NULL)
    func (body, event->user_data);
}

static void
event_free (gpointer data)
{
  Event *event = data;

  reply (event, NULL);
  g_free (event->id);
  g_bytes_unref (event->json);
  g_free (event);
}

static void
lane_free (gpointer data)
{
  Lane *lane = data;

  g_queue_clear_full (&lane->events, event_free);
  g_free (lane->session_id);
  g_free (lane);
}

static void
queue_unref (VgwWebhookQueue *self)
{
  if (--self->n_refs > 0)
    return;
  g_hash_table_unref (self->lanes);
  g_queue_clear_full (&self->order, lane_free);
  g_ptr_array_unref (self->secrets);
  g_free (self->url);
  g_free (self);
}

/* Its first event has left the queue. */
static void
drop_first (VgwWebhookQueue *self, Lane *lane)
{
  event_free (g_queue_pop_head (&lane->events));
  self->stats.n_queued--;
  lane->due_us = 0;
  if (!g_queue_is_empty (&lane->events))
    return;
  g_queue_delete_link (&self->order, g_hash_table_lookup (self->lanes, lane->session_id));
  g_hash_table_remove (self->lanes, lane->session_id);
  lane_free (lane);
}

/* The receiver wants no more events, now or later. Frees the lanes. */
static void
give_up (VgwWebhookQueue *self)
{
  Lane *lane;

  vgw_warning (NULL, "webhook: the receiver has answered 410; it gets no more events until the next reload");
  self->is_gone = TRUE;
  self->stats.n_dropped += self->stats.n_queued;
  self->stats.n_queued = 0;
  g_hash_table_remove_all (self->lanes);
  while ((lane = g_queue_pop_head (&self->order)) != NULL)
    {
      lane->is_dropped = TRUE;
      g_queue_clear_full (&lane->events, event_free); /* now: there is no lane any more to forget a question of */
      if (!lane->is_sending)
        lane_free (lane);
    }
}

/* --- delivery --- */

static gboolean
is_worth_repeating (guint status)
{
  return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
}

static guint
choose_pause_ms (guint n_attempts, guint retry_after_s)
{
  guint pause_ms = MIN (FIRST_PAUSE_MS << MIN (n_attempts - 1, 10), MAX_PAUSE_MS);

  pause_ms = pause_ms / 2 + (guint) g_random_int_range (0, (gint32) pause_ms / 2 + 1);
  return MAX (pause_ms, retry_after_s * 1000);
}

/* Each @effect is logged once until an event is delivered again: at a receiver that is down, all of them fail. */
static void
note_trouble (VgwWebhookQueue *self, gboolean *is_noted, guint status, const GError *error, const char *effect)
{
  g_autofree char *answer = error == NULL ? g_strdup_printf ("the receiver has answered %u", status) : NULL;

  if (!*is_noted)
    vgw_warning (NULL, "webhook: %s; %s", error != NULL ? error->message : answer, effect);
  *is_noted = TRUE;
}

static void
note_success (VgwWebhookQueue *self)
{
  if (self->is_repeating || self->is_losing)
    vgw_info (NULL, "webhook: events are delivered again");
  self->is_repeating = self->is_losing = FALSE;
}

static void
handle_reply (VgwWebhookQueue *self, Lane *lane, guint status, guint retry_after_s, GBytes *body, const GError *error)
{
  Event *event = g_queue_peek_head (&lane->events);
  guint pause_ms = choose_pause_ms (event->n_attempts, retry_after_s);
  gint64 now_us = g_get_monotonic_time ();

  if (status >= 200 && status < 300)
    {
      self->stats.n_delivered++;
      note_success (self);
      reply (event, body);
      drop_first (self, lane);
      return;
    }
  if (status == STATUS_GONE)
    {
      give_up (self);
      return;
    }
  if (is_worth_repeating (status) && !self->is_hastened
      && now_us + pause_ms * G_TIME_SPAN_MILLISECOND < event->queued_us + self->retry_s * G_TIME_SPAN_SECOND)
    {
      note_trouble (self, &self->is_repeating, status, error, "repeating");
      self->stats.n_retried++;
      lane->due_us = now_us + pause_ms * G_TIME_SPAN_MILLISECOND;
      return;
    }
  self->stats.n_failed++;
  note_trouble (self, &self->is_losing, status, error, "events are lost, and counted in vgw_manager_failed_total");
  drop_first (self, lane);
}

static guint *
count_requests (VgwWebhookQueue *self, gboolean is_question)
{
  return is_question ? &self->n_asking : &self->n_sending;
}

static void
on_posted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Delivery *delivery = user_data;
  VgwWebhookQueue *self = delivery->queue;
  Lane *lane = delivery->lane;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  guint retry_after_s;
  guint status = vgw_http_client_send_finish (result, &retry_after_s, &body, &error);

  lane->is_sending = FALSE;
  *count_requests (self, delivery->is_question) -= 1;
  if (lane->is_dropped)
    lane_free (lane);
  else if (self->wakeup != NULL)
    {
      handle_reply (self, lane, status, retry_after_s, body, error);
      g_source_set_ready_time (self->wakeup, 0);
    }
  queue_unref (self);
}

static void
send_first (VgwWebhookQueue *self, Lane *lane)
{
  Event *event = g_queue_peek_head (&lane->events);
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, now_s);
  g_autofree char *signature = vgw_webhook_sign (self->secrets, event->id, now_s, event->json);
  const char *const headers[] = {
    "webhook-id", event->id, "webhook-timestamp", timestamp, self->secrets->len > 0 ? "webhook-signature" : NULL,
    signature,    NULL,
  };
  Delivery *delivery = g_new (Delivery, 1);

  event->n_attempts++;
  lane->is_sending = TRUE;
  *delivery = (Delivery){ self, lane, event->func != NULL };
  *count_requests (self, delivery->is_question) += 1;
  self->n_refs++;
  vgw_http_client_send_async (delivery->is_question ? self->asking : self->client,
                              &(VgwHttpClientRequest){ self->url, headers, event->json, MAX_REPLY_BYTES }, on_posted,
                              delivery);
}

/* Whether the first event of @lane may be sent now, as far as other requests are concerned. */
static gboolean
has_connection (VgwWebhookQueue *self, const Lane *lane)
{
  const Event *event = g_queue_peek_head ((GQueue *) &lane->events);

  return event->func != NULL ? self->n_asking < MAX_QUESTIONS : self->n_sending < MAX_CONNECTIONS;
}

static gboolean
on_wakeup (gpointer user_data)
{
  VgwWebhookQueue *self = user_data;
  gint64 now_us = g_get_monotonic_time (), next_us = G_MAXINT64;
  GList *next;

  for (GList *at = self->order.head; at != NULL; at = next)
    {
      Lane *lane = at->data;

      next = at->next;
      if (lane->is_sending || !has_connection (self, lane))
        continue;
      if (lane->due_us > now_us)
        {
          next_us = MIN (next_us, lane->due_us);
          continue;
        }
      g_queue_unlink (&self->order, at);
      g_queue_push_tail_link (&self->order, at);
      send_first (self, lane);
    }
  if (next_us != G_MAXINT64)
    g_source_set_ready_time (self->wakeup, next_us);
  return G_SOURCE_CONTINUE;
}

/* --- the owner's --- */

static Lane *
get_lane (VgwWebhookQueue *self, const char *session_id)
{
  GList *link = g_hash_table_lookup (self->lanes, session_id);
  Lane *lane;

  if (link != NULL)
    return link->data;
  lane = g_new0 (Lane, 1);
  lane->session_id = g_strdup (session_id);
  g_queue_push_tail (&self->order, lane);
  g_hash_table_insert (self->lanes, lane->session_id, self->order.tail);
  return lane;
}

/* Whether @event, the last one of a lane, can still become another one. */
static gboolean
is_replaceable (const Lane *lane, const Event *event)
{
  return event->is_update && event->n_attempts == 0 && !(lane->is_sending && lane->events.length == 1);
}

/* NULL where there is no room. @json: (transfer full) */
static Event *
queue_event (VgwWebhookQueue *self, const char *session_id, gboolean is_update, char *json)
{
  GList *link = g_hash_table_lookup (self->lanes, session_id);
  Event *last = link != NULL ? g_queue_peek_tail (&((Lane *) link->data)->events) : NULL;
  guint max_events = is_update ? self->max_events - self->max_events / 4 : self->max_events;
  g_autoptr (GBytes) bytes = g_bytes_new_take (json, strlen (json));

  if (is_update && last != NULL && is_replaceable (link->data, last))
    {
      g_bytes_unref (last->json);
      last->json = g_steal_pointer (&bytes);
      return last;
    }
  if (self->is_gone || self->stats.n_queued >= max_events)
    {
      if (self->stats.n_dropped++ == 0 && !self->is_gone)
        vgw_warning (session_id, "webhook: an event was dropped, since %u are queued; further ones are counted only",
                     self->stats.n_queued);
      return NULL;
    }
  last = g_new0 (Event, 1);
  last->id = vgw_random_base64url (ID_BYTES);
  last->json = g_steal_pointer (&bytes);
  last->is_update = is_update;
  last->queued_us = g_get_monotonic_time ();
  g_queue_push_tail (&get_lane (self, session_id)->events, last);
  self->stats.n_queued++;
  g_source_set_ready_time (self->wakeup, 0);
  return last;
}

void
vgw_webhook_queue_add (VgwWebhookQueue *self, const char *session_id, gboolean is_update, char *json)
{
  queue_event (self, session_id, is_update, json);
}

void
vgw_webhook_queue_ask (VgwWebhookQueue *self, const char *session_id, char *json, VgwWebhookReplyFunc func,
                       gpointer user_data)
{
  Event *event = queue_event (self, session_id, FALSE, json);

  if (event != NULL)
    {
      event->func = func;
      event->user_data = user_data;
    }
  else
    func (NULL, user_data);
}

void
vgw_webhook_queue_forget (VgwWebhookQueue *self, const char *session_id, gpointer user_data)
{
  GList *link = g_hash_table_lookup (self->lanes, session_id);

  for (GList *at = link != NULL ? ((Lane *) link->data)->events.head : NULL; at != NULL; at = at->next)
    {
      Event *event = at->data;

      if (event->func != NULL && event->user_data == user_data)
        event->func = NULL;
    }
  g_source_set_ready_time (self->wakeup, 0);
}

void
vgw_webhook_queue_hasten (VgwWebhookQueue *self)
{
  self->is_hastened = TRUE;
  for (GList *at = self->order.head; at != NULL; at = at->next)
    ((Lane *) at->data)->due_us = 0;
  g_source_set_ready_time (self->wakeup, 0);
}

void
vgw_webhook_queue_get_stats (VgwWebhookQueue *self, VgwManagerStats *stats)
{
  stats->n_delivered += self->stats.n_delivered;
  stats->n_retried += self->stats.n_retried;
  stats->n_failed += self->stats.n_failed;
  stats->n_dropped += self->stats.n_dropped;
  stats->n_queued += self->stats.n_queued;
}

void
vgw_webhook_queue_reload (VgwWebhookQueue *self, const VgwWebhookSettings *settings)
{
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
  self->secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (const char *const *text = settings->secrets; text != NULL && *text != NULL; text++)
    {
      GBytes *secret = vgw_webhook_secret_parse (*text, NULL);

      if (secret != NULL)
        g_ptr_array_add (self->secrets, secret);
    }
  self->retry_s = settings->retry_s;
  self->max_events = settings->max_events;
  self->is_gone = FALSE;
}

VgwWebhookQueue *
vgw_webhook_queue_new (const VgwWebhookSettings *settings)
{
  VgwWebhookQueue *self = g_new0 (VgwWebhookQueue, 1);

  self->n_refs = 1;
  self->client = vgw_http_client_new (&(VgwHttpClientSettings){ settings->timeout_ms, MAX_CONNECTIONS, NULL });
  self->asking = vgw_http_client_new (&(VgwHttpClientSettings){ settings->timeout_ms, MAX_QUESTIONS, NULL });
  self->url = g_strdup (settings->url);
  vgw_webhook_queue_reload (self, settings);
  self->lanes = g_hash_table_new (g_str_hash, g_str_equal);
  self->wakeup = vgw_source_new_wakeup (NULL, on_wakeup, self);
  return self;
}

void
vgw_webhook_queue_free (VgwWebhookQueue *self)
{
  vgw_source_clear (&self->wakeup);
  g_clear_pointer (&self->client, vgw_http_client_free);
  g_clear_pointer (&self->asking, vgw_http_client_free);
  queue_unref (self);
}
