#include "session/vgw-outbox.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "session/vgw-replay.h"

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
  VgwReplay replay;
  VgwMessage *greeting; /* (nullable) of a door that was attached, until it is delivered */
  gint64 greeted_seq;   /* the last number that its client has seen; -1: not known */
  gboolean is_attached;
  guint64 handed_seq; /* of the last message that a door got */
  guint64 n_dropped;
  gboolean is_flushing, is_ended;
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

/* Whether the client has read the events that went as messages, so that those on the data channel come after them. */
static gboolean
may_use_channel (VgwOutbox *self)
{
  return self->last_event_message_us == 0
         || (get_backlog (self) == 0 && g_get_monotonic_time () - self->last_event_message_us >= SWITCH_US);
}

/* FULL also where the channel is not used yet. Where no channel is open the peer is asked all the same: it opens one
 * when the client does not. */
static VgwSendResult
send_on_channel (VgwOutbox *self, const char *json)
{
  VgwSendResult result;

  if (self->peer == NULL)
    return VGW_SEND_NO_CHANNEL;
  if (!may_use_channel (self) && vgw_peer_has_event_channel (self->peer))
    return VGW_SEND_FULL;
  result = vgw_peer_send_event (self->peer, json);
  if (result == VGW_SEND_DONE)
    self->last_event_message_us = 0;
  return result;
}

static void
hand_over (VgwOutbox *self, const VgwMessage *message)
{
  self->handed_seq = MAX (self->handed_seq, message->seq);
  self->func (&(VgwOutput){ .type = VGW_OUTPUT_MESSAGE, .message = message }, self->owner);
}

/* @message: (transfer full) */
static void
deliver (VgwOutbox *self, VgwMessage *message)
{
  guint64 n_missing;

  message->seq = self->replay.last_seq + 1;
  if (self->is_attached)
    hand_over (self, message);
  n_missing = vgw_replay_count_missing (&self->replay, self->handed_seq);
  vgw_replay_add (&self->replay, message);
  self->n_dropped += vgw_replay_count_missing (&self->replay, self->handed_seq) - n_missing;
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

/* FALSE where no path takes it now. */
static gboolean
send_event (VgwOutbox *self, const char *json)
{
  switch (send_on_channel (self, json))
    {
    case VGW_SEND_DONE:
      return TRUE;
    case VGW_SEND_FULL:
      return FALSE;
    default:
      return send_as_message (self, json);
    }
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

/* What is kept after the last message that the client has seen. */
static void
send_greeting (VgwOutbox *self)
{
  g_autoptr (VgwMessage) greeting = g_steal_pointer (&self->greeting);
  guint64 seq = self->greeted_seq >= 0 ? (guint64) self->greeted_seq : self->handed_seq;

  /* the first `session` message has nothing that is not in the greeting */
  seq = CLAMP (seq, 1, MAX (self->replay.last_seq, 1));
  greeting->n_missed = vgw_replay_count_missing (&self->replay, seq);
  seq += greeting->n_missed;
  greeting->seq = seq;
  hand_over (self, greeting);
  for (GList *at = self->replay.messages.head; at != NULL; at = at->next)
    {
      const VgwMessage *message = at->data;

      if (message->seq <= seq)
        continue;
      if (message->type == VGW_MESSAGE_EVENT)
        self->last_event_message_us = g_get_monotonic_time ();
      hand_over (self, message);
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
  g_autoptr (GObject) keep = NULL;
  Item *item;

  if (self->is_flushing)
    return;
  keep = g_object_ref (self->owner);
  self->is_flushing = TRUE;
  if (self->greeting != NULL)
    send_greeting (self);
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
  self->is_flushing = FALSE;
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
  if (self->is_ended)
    vgw_message_free (message);
  else
    queue_item (self, message, NULL);
}

void
vgw_outbox_queue_refusal (VgwOutbox *self, const GError *error, const char *about)
{
  VgwMessage *message = vgw_message_new_error (error, FALSE);

  vgw_info (self->session_id, "refused%s%s (%s): %s", about != NULL ? " the " : "", about != NULL ? about : "",
            vgw_error_to_wire (error), error->message);
  message->about = g_strdup (about);
  vgw_outbox_queue (self, message);
}

gboolean
vgw_outbox_queue_event (VgwOutbox *self, const char *json, gboolean is_own)
{
  gsize cost = strlen (json) + EVENT_COST_BYTES;

  if (self->is_ended)
    return TRUE;
  if (self->event_bytes + cost > (is_own ? MAX_OWN_BYTES : self->max_event_bytes))
    return FALSE;
  /* the data channel needs no turn to end: nothing is called for it */
  if (self->n_events == 0 && send_on_channel (self, json) == VGW_SEND_DONE)
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
  self->is_ended = TRUE;
  queue_item (self, NULL, NULL);
}

void
vgw_outbox_detach (VgwOutbox *self)
{
  self->is_attached = FALSE;
  g_clear_pointer (&self->greeting, vgw_message_free);
}

void
vgw_outbox_attach (VgwOutbox *self, VgwMessage *greeting, gint64 last_seq)
{
  vgw_outbox_detach (self);
  self->is_attached = TRUE;
  self->greeting = greeting;
  self->greeted_seq = last_seq;
  g_source_set_ready_time (self->wakeup, 0);
}

guint64
vgw_outbox_count_dropped (VgwOutbox *self)
{
  return self->n_dropped;
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
  self->is_attached = TRUE;
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
  vgw_replay_clear (&self->replay);
  g_clear_pointer (&self->greeting, vgw_message_free);
  g_free (self);
}
