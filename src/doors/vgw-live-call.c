#include "doors/vgw-live-call.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define MONITOR_RATE_HZ 24000 /* of the protocol */
#define AUDIO_MS 100u         /* of a message with audio */

struct _VgwLiveCall
{
  VgwSession *session;
  char *id;
  VgwLiveLimits limits;
  VgwLiveTranscripts transcripts;
  VgwSidebands *sidebands;
  VgwAudioMonitor *monitor; /* (nullable) on while there are sidebands */
  guint audio_timer_id;
  gint64 started_us; /* monotonic */
  gboolean is_close_requested, is_ended;
};

/* Since the session was created. */
static guint64
get_ms (VgwLiveCall *self, gint64 monotonic_us)
{
  return (guint64) MAX (monotonic_us - self->started_us, 0) / G_TIME_SPAN_MILLISECOND;
}

/* To all that may have it. */
static void
send_event (VgwLiveCall *self, const char *type, const char *text)
{
  vgw_sidebands_send (self->sidebands, text);
  if (vgw_live_limits_allow_server (&self->limits, type))
    vgw_session_send_text (self->session, text);
}

/* --- audio for the sidebands --- */

static void
send_audio (VgwLiveCall *self)
{
  VgwAudioMonitorChunk chunk;

  while (vgw_audio_monitor_take (self->monitor, VGW_AUDIO_MONITOR_RECEIVED, &chunk))
    {
      g_autofree char *text = vgw_live_make_input_audio (chunk.pcm);

      vgw_sidebands_send (self->sidebands, text);
      vgw_audio_monitor_chunk_clear (&chunk);
    }
  while (vgw_audio_monitor_take (self->monitor, VGW_AUDIO_MONITOR_SENT, &chunk))
    {
      g_autofree char *text =
          vgw_live_make_output_audio (chunk.pcm, get_ms (self, chunk.start_us), get_ms (self, chunk.end_us));

      vgw_sidebands_send (self->sidebands, text);
      vgw_audio_monitor_chunk_clear (&chunk);
    }
}

static void
stop_audio (VgwLiveCall *self)
{
  guint64 n_dropped_ms;

  g_clear_handle_id (&self->audio_timer_id, g_source_remove);
  if (self->monitor == NULL)
    return;
  vgw_audio_monitor_set_on (self->monitor, FALSE);
  n_dropped_ms = vgw_audio_monitor_count_dropped_ms (self->monitor);
  if (n_dropped_ms > 0)
    vgw_info (vgw_session_get_id (self->session), "sidebands: %" G_GUINT64_FORMAT " ms of audio were dropped",
              n_dropped_ms);
  g_clear_pointer (&self->monitor, vgw_audio_monitor_unref);
}

static gboolean
on_audio_due (gpointer user_data)
{
  VgwLiveCall *self = user_data;

  if (vgw_sidebands_count (self->sidebands) > 0)
    {
      send_audio (self);
      return G_SOURCE_CONTINUE;
    }
  self->audio_timer_id = 0;
  stop_audio (self);
  return G_SOURCE_REMOVE;
}

static void
start_audio (VgwLiveCall *self, VgwBridge *bridge)
{
  self->monitor = vgw_bridge_add_audio_monitor (bridge, MONITOR_RATE_HZ);
  if (self->monitor == NULL)
    return;
  vgw_audio_monitor_set_on (self->monitor, TRUE);
  self->audio_timer_id = g_timeout_add (AUDIO_MS, on_audio_due, self);
}

/* --- messages of clients --- */

/* @from: NULL for the page. */
static void
reply_error (VgwLiveCall *self, VgwSideband *from, const char *code, const char *message, const char *event_id)
{
  g_autofree char *text = vgw_live_make_error (code, message, event_id);

  if (from != NULL)
    vgw_sideband_send (from, text);
  else
    vgw_session_send_text (self->session, text);
}

static void
handle_message (VgwLiveCall *self, VgwSideband *from, const char *text, gsize length)
{
  g_auto (VgwLiveAction) action = { 0 };

  vgw_live_read_message (text, length, &action);
  if (from == NULL && action.event_type != NULL && !vgw_live_limits_allow_client (&self->limits, action.event_type))
    {
      reply_error (self, from, "event_not_allowed", "the page may not send this event", action.event_id);
      return;
    }
  switch (action.type)
    {
    case VGW_LIVE_CLOSE:
      self->is_close_requested = TRUE;
      vgw_session_end (self->session, VGW_END_CLIENT_BYE);
      break;
    case VGW_LIVE_PASS:
      vgw_conversation_handle_event (vgw_session_get_conversation (self->session), action.for_engine);
      break;
    case VGW_LIVE_REFUSE:
      reply_error (self, from, action.code, action.message, action.event_id);
      break;
    }
}

static void
on_sideband_text (VgwSideband *from, const char *text, gsize length, const GError *error, gpointer user_data)
{
  VgwLiveCall *self = user_data;

  if (self->is_ended)
    return;
  if (text != NULL)
    handle_message (self, from, text, length);
  else
    reply_error (self, from, "invalid_message", error->message, NULL);
}

/* --- public --- */

VgwLiveCall *
vgw_live_call_new (VgwSession *session, const char *id, VgwLiveLimits *limits)
{
  VgwLiveCall *self = g_new0 (VgwLiveCall, 1);

  self->session = session;
  self->id = g_strdup (id);
  self->limits = *limits;
  *limits = (VgwLiveLimits){ NULL, NULL };
  self->started_us = g_get_monotonic_time ();
  self->sidebands = vgw_sidebands_new (on_sideband_text, self);
  return self;
}

void
vgw_live_call_begin (VgwLiveCall *self, const char *engine)
{
  g_autofree char *started = vgw_live_make_started (self->id, engine);

  vgw_session_send_text (self->session, started);
}

void
vgw_live_call_free (gpointer call)
{
  VgwLiveCall *self = call;

  stop_audio (self);
  vgw_sidebands_free (self->sidebands);
  vgw_live_limits_clear (&self->limits);
  vgw_live_transcripts_clear (&self->transcripts);
  g_free (self->id);
  g_free (self);
}

void
vgw_live_call_handle_moment (VgwLiveCall *self, const VgwMoment *moment)
{
  const char *type = NULL;
  g_autofree char *event = NULL;

  if (moment->type == VGW_MOMENT_CLIENT_TEXT)
    {
      handle_message (self, NULL, moment->json, strlen (moment->json));
      return;
    }
  event = vgw_live_handle_moment (&self->transcripts, moment, get_ms (self, g_get_monotonic_time ()), &type);
  if (event != NULL)
    send_event (self, type, event);
}

void
vgw_live_call_report_error (VgwLiveCall *self, const char *code, const char *message)
{
  g_autofree char *text = vgw_live_make_error (code, message, NULL);

  send_event (self, "error", text);
}

void
vgw_live_call_report_end (VgwLiveCall *self, const char *reason)
{
  g_autofree char *text =
      vgw_live_make_closed (reason, self->is_close_requested, get_ms (self, g_get_monotonic_time ()) / 1000);

  self->is_ended = TRUE;
  stop_audio (self);
  vgw_sidebands_send (self->sidebands, text);
}

void
vgw_live_call_add_sideband (gpointer call, VgwWsChannel *channel)
{
  VgwLiveCall *self = call;
  VgwBridge *bridge = vgw_conversation_get_bridge (vgw_session_get_conversation (self->session));

  if (vgw_sidebands_add (self->sidebands, channel) != NULL && self->monitor == NULL && bridge != NULL)
    start_audio (self, bridge);
}
