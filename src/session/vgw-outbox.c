#include "session/vgw-outbox.h"

#include <string.h>

#include "base/vgw-log.h"
#include "base/vgw-source.h"

#define POLL_US (20 * G_TIME_SPAN_MILLISECOND)
/* Of what the client has not taken of its messages: with an event, as a string twice as long, and with what is no event
 * it stays below the bound at which a client that does not read is cut off. */
#define MAX_BACKLOG_BYTES (240 * 1024)
#define ENVELOPE_BYTES 128
/* After the client's machine has taken the last message, until events may go on the data channel: a client sees the two
 * in the order in which it reads them. */
#define SWITCH_US (100 * G_TIME_SPAN_MILLISECOND)
#define EVENT_COST_BYTES 64
#define BURST_SECONDS 2 /* of the limit of events, as they may come at once */
#define MIN_EVENT_BYTES (1024 * 1024)
#define MAX_EVENT_BYTES (16 * 1024 * 1024)
#define MAX_OWN_BYTES (2 * MAX_EVENT_BYTES) /* the gateway itself causes as many in days */

/* What is queued: a message, or else an event, or else the end. */
typedef struct
{
  VgwMessage *message;
  char *event;
} Item;

struct _VgwOutbox
{
  GObject *owner;
  const char *session_id;
  VgwOutboxFunc func;
  VgwOutboxBacklogFunc backlog_func; /* (nullable) */
  gpointer backlog_data;
  VgwPeer *peer; /* (nullable) */
  GSource *wakeup;

  GQueue items;   /* Item*, of this turn */
  GQueue waiting; /* char*, events that no path has taken */
  guint n_events; /* in both queues */
  gsize event_bytes, max_event_bytes;
  gint64 last_event_message_us; /* when an event last went as a message; 0 since one went on the data channel */
  VgwEndReason end_reason;
};

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->message, vgw_message_free);
  g_free (item->event);
  g_free (item);
}

static gsize
get_backlog (VgwOutbox *self)
{
  return self->backlog_func != NULL ? self->backlog_func (self->backlog_data) : 0;
}

static gboolean
has_channel (VgwOutbox *self)
{
  return self->peer != NULL && vgw_peer_has_event_channel (self->peer);
}

/* Whether the client has read the events that went as messages, so that those on the data channel come after them. */
static gboolean
may_use_channel (VgwOutbox *self)
{
  return self->last_event_message_us == 0
         || (get_backlog (self) == 0 && g_get_monotonic_time () - self->last_event_message_us >= SWITCH_US);
}

/* Where no channel is open the peer is asked all the same: it opens one when the client does not. */
static gboolean
send_on_channel (VgwOutbox *self, const char *json)
{
  if (self->peer == NULL || (has_channel (self) && !may_use_channel (self)) || !vgw_peer_send_event (self->peer, json))
    return FALSE;
  self->last_event_message_us = 0;
  return TRUE;
}

/* @message: (transfer full) */
static void
deliver (VgwOutbox *self, VgwMessage *message)
{
  g_autoptr (VgwMessage) owned = message;

  self->func (&(VgwOutput){ .type = VGW_OUTPUT_MESSAGE, .message = owned }, self->owner);
}

static gboolean
send_as_message (VgwOutbox *self, const char *json)
{
  gsize backlog = get_backlog (self);

  if (backlog > 0 && backlog + 2 * strlen (json) + ENVELOPE_BYTES > MAX_BACKLOG_BYTES)
    return FALSE;
  self->last_event_message_us = g_get_monotonic_time ();
  deliver (self, vgw_message_new_event (json));
  return TRUE;
}

/* FALSE where no path takes it now. What an open channel that is not full refuses it never takes. */
static gboolean
send_event (VgwOutbox *self, const char *json)
{
  if (send_on_channel (self, json))
    return TRUE;
  if (has_channel (self) && (!may_use_channel (self) || vgw_peer_is_event_channel_full (self->peer)))
    return FALSE;
  return send_as_message (self, json);
}

static void
send_waiting (VgwOutbox *self)
{
  char *json;

  while ((json = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (!send_event (self, json))
        {
          g_queue_push_head (&self->waiting, json);
          return;
        }
      self->n_events--;
      self->event_bytes -= strlen (json) + EVENT_COST_BYTES;
      g_free (json);
    }
}

static void
send_end (VgwOutbox *self)
{
  if (!g_queue_is_empty (&self->waiting))
    vgw_info (self->session_id, "%u events did not reach the client before the end",
              g_queue_get_length (&self->waiting));
  g_queue_clear_full (&self->waiting, g_free); /* nothing follows the end */
  self->n_events = 0;
  self->event_bytes = 0;
  deliver (self, vgw_message_new_state ("ended", vgw_end_reason_to_string (self->end_reason)));
  self->func (&(VgwOutput){ .type = VGW_OUTPUT_ENDED, .reason = self->end_reason }, self->owner);
}

void
vgw_outbox_flush (VgwOutbox *self)
{
  g_autoptr (GObject) keep = g_object_ref (self->owner);
  Item *item;

  send_waiting (self);
  while ((item = g_queue_pop_head (&self->items)) != NULL)
    {
      if (item->message != NULL)
        deliver (self, g_steal_pointer (&item->message));
      else if (item->event != NULL)
        {
          g_queue_push_tail (&self->waiting, g_steal_pointer (&item->event));
          send_waiting (self);
        }
      else
        send_end (self);
      item_free (item);
    }
  if (!g_queue_is_empty (&self->waiting))
    g_source_set_ready_time (self->wakeup, g_get_monotonic_time () + POLL_US);
}

static gboolean
on_wakeup (gpointer user_data)
{
  vgw_outbox_flush (user_data);
  return G_SOURCE_CONTINUE;
}

/* @message: (transfer full) (nullable). @event: (transfer full) (nullable). */
static void
queue_item (VgwOutbox *self, VgwMessage *message, char *event)
{
  Item *item = g_new (Item, 1);

  item->message = message;
  item->event = event;
  g_queue_push_tail (&self->items, item);
  g_source_set_ready_time (self->wakeup, 0);
}

void
vgw_outbox_queue (VgwOutbox *self, VgwMessage *message)
{
  queue_item (self, message, NULL);
}

gboolean
vgw_outbox_queue_event (VgwOutbox *self, const char *json, gboolean is_own)
{
  gsize cost = strlen (json) + EVENT_COST_BYTES;

  if (self->event_bytes + cost > (is_own ? MAX_OWN_BYTES : self->max_event_bytes))
    return FALSE;
  /* the data channel needs no turn to end: nothing is called for it */
  if (self->n_events == 0 && send_on_channel (self, json))
    return TRUE;
  self->n_events++;
  self->event_bytes += cost;
  queue_item (self, NULL, g_strdup (json));
  return TRUE;
}

void
vgw_outbox_end (VgwOutbox *self, VgwEndReason reason)
{
  self->end_reason = reason;
  queue_item (self, NULL, NULL);
}

void
vgw_outbox_set_backlog_func (VgwOutbox *self, VgwOutboxBacklogFunc func, gpointer user_data)
{
  self->backlog_func = func;
  self->backlog_data = user_data;
}

void
vgw_outbox_set_peer (VgwOutbox *self, VgwPeer *peer)
{
  self->peer = peer;
}

VgwOutbox *
vgw_outbox_new (GObject *owner, const VgwSessionSettingsLimits *limits, const char *session_id, VgwOutboxFunc func)
{
  VgwOutbox *self = g_new0 (VgwOutbox, 1);
  guint64 burst_bytes =
      (guint64) BURST_SECONDS * limits->max_events_per_second * (limits->max_message_bytes + EVENT_COST_BYTES);

  self->owner = owner;
  self->session_id = session_id;
  self->func = func;
  self->max_event_bytes =
      limits->max_events_per_second == 0 ? MAX_EVENT_BYTES : CLAMP (burst_bytes, MIN_EVENT_BYTES, MAX_EVENT_BYTES);
  self->wakeup = vgw_source_new_wakeup (NULL, on_wakeup, self);
  g_source_set_priority (self->wakeup, G_PRIORITY_HIGH);
  return self;
}

void
vgw_outbox_free (VgwOutbox *self)
{
  vgw_source_clear (&self->wakeup);
  g_queue_clear_full (&self->items, item_free);
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}
