/* Application events on their way to the client, in their order: on the data channel `events` where it is open, else in
 * messages. What a path does not take now waits here, so that a bot that stays within its limits costs its caller
 * nothing, however fast the client reads. Main thread. */
#include "session/vgw-session-private.h"

#include <string.h>

#include "base/vgw-log.h"

#define POLL_MS 20u
/* Of what the client has not taken of its messages: with an event, as a string twice as long, and with what is no event
 * it stays below the bound at which a client that does not read is cut off. */
#define MAX_BACKLOG_BYTES (240 * 1024)
#define ENVELOPE_BYTES 128
/* After the client's machine has taken the last message, until events may go on the data channel: a client sees the two
 * in the order in which it reads them. */
#define SWITCH_US (100 * G_TIME_SPAN_MILLISECOND)
#define BURST_SECONDS 2 /* of the limit of events, as they may come at once */
#define EVENT_COST_BYTES 64
#define MIN_OUTBOX_BYTES (1024 * 1024)
#define MAX_OUTBOX_BYTES (16 * 1024 * 1024)

static gsize
get_backlog (VgwSession *self)
{
  return self->backlog_func != NULL ? self->backlog_func (self->backlog_data) : 0;
}

static char *
pop (VgwSession *self)
{
  char *json = g_queue_pop_head (&self->outbox);

  self->outbox_bytes -= strlen (json) + EVENT_COST_BYTES;
  return json;
}

static gboolean
fits_message (gsize backlog, const char *json)
{
  return backlog == 0 || backlog + 2 * strlen (json) + ENVELOPE_BYTES <= MAX_BACKLOG_BYTES;
}

/* FALSE where nothing can go now. The handler of the message may end the session. */
static gboolean
send_first (VgwSession *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean has_channel = self->peer != NULL && vgw_peer_has_event_channel (self->peer);
  gsize backlog = get_backlog (self);
  g_autofree char *json = NULL;

  if (has_channel && self->last_event_message_us != 0
      && (backlog > 0 || now_us - self->last_event_message_us < SWITCH_US))
    return FALSE;
  if (self->peer != NULL && vgw_peer_send_event (self->peer, g_queue_peek_head (&self->outbox)))
    {
      self->last_event_message_us = 0;
      g_free (pop (self));
      return TRUE;
    }
  if ((has_channel && vgw_peer_is_event_channel_full (self->peer))
      || !fits_message (backlog, g_queue_peek_head (&self->outbox)))
    return FALSE;
  self->last_event_message_us = now_us;
  json = pop (self);
  vgw_session_emit (self, vgw_message_new_event (json));
  return TRUE;
}

static gboolean
on_poll (gpointer user_data)
{
  g_autoptr (VgwSession) self = g_object_ref (user_data);

  while (!g_queue_is_empty (&self->outbox))
    {
      if (!send_first (self))
        return G_SOURCE_CONTINUE;
    }
  self->outbox_timer_id = 0;
  return G_SOURCE_REMOVE;
}

gboolean
vgw_session_has_room_for_event (VgwSession *self, gsize length)
{
  const VgwSessionSettingsLimits *limits = &self->context->limits;
  guint64 burst_bytes =
      (guint64) BURST_SECONDS * limits->max_events_per_second * (limits->max_message_bytes + EVENT_COST_BYTES);
  guint64 bound =
      limits->max_events_per_second == 0 ? MAX_OUTBOX_BYTES : CLAMP (burst_bytes, MIN_OUTBOX_BYTES, MAX_OUTBOX_BYTES);

  return self->outbox_bytes + length + EVENT_COST_BYTES <= bound;
}

void
vgw_session_tell_client (VgwSession *self, const char *json)
{
  if (self->outbox_bytes > 2 * MAX_OUTBOX_BYTES) /* of the gateway's own, in days */
    return;
  g_queue_push_tail (&self->outbox, g_strdup (json));
  self->outbox_bytes += strlen (json) + EVENT_COST_BYTES;
  while (self->outbox_timer_id == 0 && !g_queue_is_empty (&self->outbox))
    {
      if (!send_first (self))
        self->outbox_timer_id = g_timeout_add (POLL_MS, on_poll, self);
    }
}

void
vgw_session_finish_outbox (VgwSession *self)
{
  g_clear_handle_id (&self->outbox_timer_id, g_source_remove);
  while (!g_queue_is_empty (&self->outbox) && fits_message (get_backlog (self), g_queue_peek_head (&self->outbox)))
    {
      g_autofree char *json = pop (self);

      vgw_session_emit (self, vgw_message_new_event (json));
    }
  if (!g_queue_is_empty (&self->outbox))
    vgw_info (self->id, "%u events did not reach the client before the end", g_queue_get_length (&self->outbox));
  vgw_session_clear_outbox (self);
}

void
vgw_session_clear_outbox (VgwSession *self)
{
  g_clear_handle_id (&self->outbox_timer_id, g_source_remove);
  g_queue_clear_full (&self->outbox, g_free);
  self->outbox_bytes = 0;
}

void
vgw_session_set_backlog_func (VgwSession *self, VgwSessionBacklogFunc func, gpointer user_data)
{
  g_return_if_fail (VGW_IS_SESSION (self));

  self->backlog_func = func;
  self->backlog_data = user_data;
}
