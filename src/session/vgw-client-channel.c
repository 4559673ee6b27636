#include "session/vgw-client-channel.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-read-meter.h"
#include "base/vgw-source.h"
#include "session/vgw-event-filter.h"

#define POLL_US (20 * G_TIME_SPAN_MILLISECOND) /* while the channel's own buffer is full */
#define TEXT_COST_BYTES 64

/* As of a client's WebSocket. */
static const VgwReadLimits work_limits = { .work_percent = 5, .work_burst_us = 250000 };

struct _VgwClientChannel
{
  struct _VgwSession *session;
  const char *session_id;
  VgwClientChannelSetup setup;
  VgwPeer *peer; /* (nullable) */
  GSource *wakeup;
  GQueue waiting; /* char* */
  gsize n_waiting_bytes;
  guint64 n_dropped;
  VgwEventFilter texts; /* of the client */
  VgwReadMeter meter;   /* the time that they take */
  gint64 resumes_us;    /* until then they are dropped: they have taken too much of it */
};

static void
report (VgwClientChannel *self, const VgwMoment *moment)
{
  self->setup.func (self->session, moment, self->setup.user_data);
}

static void
count_dropped (VgwClientChannel *self)
{
  if (self->n_dropped++ == 0)
    vgw_warning (self->session_id, "dropped a message of the data channel \"%s\": too much waits, or it is too long",
                 self->setup.label);
}

/* FALSE where it is to be tried again. */
static gboolean
send_now (VgwClientChannel *self, const char *text)
{
  VgwSendResult result = vgw_peer_send_event (self->peer, text);

  if (result == VGW_SEND_REFUSED)
    count_dropped (self);
  return result == VGW_SEND_DONE || result == VGW_SEND_REFUSED;
}

static void
send_waiting (VgwClientChannel *self)
{
  char *text;

  while (self->peer != NULL && (text = g_queue_peek_head (&self->waiting)) != NULL)
    {
      if (!send_now (self, text))
        break;
      self->n_waiting_bytes -= strlen (text) + TEXT_COST_BYTES;
      g_free (g_queue_pop_head (&self->waiting));
    }
  if (!g_queue_is_empty (&self->waiting) && self->peer != NULL && vgw_peer_has_event_channel (self->peer))
    g_source_set_ready_time (self->wakeup, g_get_monotonic_time () + POLL_US);
}

static gboolean
on_wakeup (gpointer user_data)
{
  send_waiting (user_data);
  return G_SOURCE_CONTINUE;
}

VgwClientChannel *
vgw_client_channel_new (struct _VgwSession *session, const char *id, const VgwSessionContext *context,
                        const VgwClientChannelSetup *setup)
{
  VgwClientChannel *self = g_new0 (VgwClientChannel, 1);

  self->session = session;
  self->session_id = id;
  self->setup = *setup;
  self->wakeup = vgw_source_new_wakeup (NULL, on_wakeup, self);
  self->texts = (VgwEventFilter){
    .max_per_second = context->limits.max_events_per_second,
    .max_bytes = context->limits.max_message_bytes,
  };
  return self;
}

void
vgw_client_channel_free (VgwClientChannel *self)
{
  vgw_source_clear (&self->wakeup);
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}

const char *
vgw_client_channel_get_label (VgwClientChannel *self)
{
  return self->setup.label;
}

void
vgw_client_channel_set_peer (VgwClientChannel *self, VgwPeer *peer)
{
  self->peer = peer;
}

gboolean
vgw_client_channel_send (VgwClientChannel *self, const char *text)
{
  gsize cost = strlen (text) + TEXT_COST_BYTES;

  if (self->n_waiting_bytes + cost > VGW_CLIENT_CHANNEL_MAX_BYTES)
    {
      count_dropped (self);
      return FALSE;
    }
  self->n_waiting_bytes += cost;
  g_queue_push_tail (&self->waiting, g_strdup (text));
  send_waiting (self);
  return TRUE;
}

void
vgw_client_channel_handle_open (VgwClientChannel *self)
{
  send_waiting (self);
  report (self, &(VgwMoment){ .type = VGW_MOMENT_CHANNEL_OPEN });
}

gboolean
vgw_client_channel_handle_text (VgwClientChannel *self, const char *text, GError **error)
{
  g_autoptr (GError) refusal = NULL;

  if (g_get_monotonic_time () < self->resumes_us)
    refusal = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE,
                                   "messages that take too much time to handle; some were dropped");
  else if (vgw_event_filter_pass (&self->texts, strlen (text), &refusal))
    {
      vgw_read_meter_start (&self->meter);
      report (self, &(VgwMoment){ .type = VGW_MOMENT_CLIENT_TEXT, .json = text });
      self->resumes_us = g_get_monotonic_time () + vgw_read_meter_stop (&self->meter, &work_limits, 0);
      return TRUE;
    }
  if (!vgw_event_filter_drop (&self->texts, self->session_id, "client", refusal))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* @error (nullable): of an engine that has failed. */
static void
report_hang_up (VgwClientChannel *self, const GError *error)
{
  if (error != NULL)
    vgw_warning (self->session_id, "failed (%s): %s", vgw_error_to_wire (error), error->message);
  report (self, &(VgwMoment){ .type = VGW_MOMENT_HUNG_UP, .is_lost = error != NULL, .end_reason = VGW_END_ENGINE });
}

gboolean
vgw_client_channel_take_end (VgwClientChannel *self, VgwEndReason reason)
{
  if (self->setup.ends_calls && reason == VGW_END_MAX_DURATION)
    report (self, &(VgwMoment){ .type = VGW_MOMENT_HUNG_UP, .end_reason = reason });
  return self->setup.ends_calls && reason == VGW_END_MAX_DURATION;
}

gboolean
vgw_client_channel_take_report (VgwClientChannel *self, const VgwConversationReport *source)
{
  switch (source->type)
    {
    case VGW_CONVERSATION_MOMENT:
      report (self, source->moment);
      return TRUE;
    case VGW_CONVERSATION_NOTICE:
      report (self, &(VgwMoment){ .type = VGW_MOMENT_NOTICE, .json = source->json });
      return TRUE;
    case VGW_CONVERSATION_ENGINE_EVENT:
      report (self, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_EVENT, .json = source->json });
      return TRUE;
    case VGW_CONVERSATION_STARTED:
      report (self, &(VgwMoment){ .type = VGW_MOMENT_ENGINE_STARTED });
      break;
    case VGW_CONVERSATION_EVENT_REFUSED:
    case VGW_CONVERSATION_ENGINE_CHANGED:
    case VGW_CONVERSATION_TURN:
    case VGW_CONVERSATION_SPEECH:
    case VGW_CONVERSATION_PLAYOUT:
    case VGW_CONVERSATION_KEY:
      break;
    case VGW_CONVERSATION_HUNG_UP:
    case VGW_CONVERSATION_FAILED:
      if (self->setup.ends_calls)
        report_hang_up (self, source->type == VGW_CONVERSATION_FAILED ? source->error : NULL);
      return self->setup.ends_calls;
    }
  return FALSE;
}
