#include "doors/vgw-realtime-call.h"

#include <string.h>

#include "base/vgw-json.h"

#define MAX_HELD 32 /* events for an engine that is not connected yet */
#define MAX_HELD_BYTES (64 * 1024)

struct _VgwRealtimeCall
{
  VgwSession *session;
  VgwRealtimeEvents *events;
  VgwSidebands *sidebands;
  VgwSideband *asking;   /* (nullable) whose request is being handled; NULL for the data channel's */
  gboolean is_connected; /* the engine takes events, or has taken some */
  GQueue held;           /* char*, events for it until then */
  gsize n_held_bytes;
};

static void
send_json (const char *json, gboolean is_reply, gpointer user_data)
{
  VgwRealtimeCall *self = user_data;

  if (is_reply && self->asking != NULL)
    vgw_sideband_send (self->asking, json);
  else
    vgw_session_send_text (self->session, json);
  if (!is_reply)
    vgw_sidebands_send (self->sidebands, json);
}

/* --- the engine --- */

/* Events for which there is no connection to a bot are lost: those of a call that begins wait for it. */
static void
pass_on (VgwRealtimeCall *self, const char *event)
{
  gsize n_bytes = strlen (event);

  if (self->is_connected)
    vgw_conversation_handle_event (vgw_session_get_conversation (self->session), event);
  else if (g_queue_get_length (&self->held) == MAX_HELD || self->n_held_bytes + n_bytes > MAX_HELD_BYTES)
    vgw_realtime_events_report_error (self->events, "too-large", "an event was dropped: too many wait for the engine");
  else
    {
      self->n_held_bytes += n_bytes;
      g_queue_push_tail (&self->held, g_strdup (event));
    }
}

static void
pass_held (VgwRealtimeCall *self)
{
  self->is_connected = TRUE;
  while (!g_queue_is_empty (&self->held))
    {
      g_autofree char *event = g_queue_pop_head (&self->held);

      pass_on (self, event);
    }
  self->n_held_bytes = 0;
}

static gboolean
is_connection (const VgwMoment *moment)
{
  static const char *const types[] = { "engine-connected", "engine-restored", "engine-failed", "engine-fallback",
                                       NULL };
  g_autoptr (JsonObject) notice = vgw_json_parse_object (moment->json, strlen (moment->json), NULL);
  const char *type = notice != NULL ? vgw_json_get_string (notice, "type") : NULL;

  return type != NULL && g_strv_contains (types, type);
}

static gboolean
is_connected_at (VgwRealtimeCall *self, const VgwMoment *moment)
{
  const char *type = vgw_session_get_grant (self->session)->engine->type;

  return moment->type == VGW_MOMENT_NOTICE
             ? is_connection (moment)
             : moment->type == VGW_MOMENT_ENGINE_STARTED && !vgw_engine_type_is_networked (type);
}

/* --- requests --- */

/* @asking (nullable): the sideband that @text is of. */
static void
handle_text (VgwRealtimeCall *self, const char *text, gsize length, VgwSideband *asking)
{
  g_autoptr (VgwRealtimeRequest) request = vgw_realtime_request_parse (text, length);
  VgwRealtimeAction action;
  g_autofree char *event = NULL;

  self->asking = asking;
  vgw_realtime_events_handle_request (self->events, request, &action);
  self->asking = NULL;
  event = action.event;
  if (action.interrupts)
    vgw_conversation_interrupt (vgw_session_get_conversation (self->session));
  if (event != NULL)
    pass_on (self, event);
}

static void
on_sideband_text (VgwSideband *from, const char *text, gsize length, const GError *error, gpointer user_data)
{
  VgwRealtimeCall *self = user_data;
  VgwRealtimeRequest refused = { .type = VGW_REALTIME_REFUSED, .code = "invalid_value" };
  VgwRealtimeAction action;

  if (text != NULL)
    {
      handle_text (self, text, length, from);
      return;
    }
  refused.message = error->message;
  self->asking = from;
  vgw_realtime_events_handle_request (self->events, &refused, &action);
  self->asking = NULL;
}

VgwRealtimeCall *
vgw_realtime_call_new (VgwSession *session, JsonObject *wanted)
{
  VgwRealtimeCall *self = g_new0 (VgwRealtimeCall, 1);

  self->session = session;
  self->sidebands = vgw_sidebands_new (on_sideband_text, self);
  self->events = vgw_realtime_events_new (vgw_session_get_id (session), vgw_session_get_grant (session)->engine->name,
                                          wanted, send_json, self);
  vgw_realtime_events_greet (self->events, FALSE);
  if (wanted != NULL)
    {
      g_autofree char *event = vgw_realtime_make_session_event (wanted);

      pass_on (self, event);
    }
  return self;
}

void
vgw_realtime_call_free (gpointer call)
{
  VgwRealtimeCall *self = call;

  vgw_sidebands_free (self->sidebands);
  vgw_realtime_events_free (self->events);
  g_queue_clear_full (&self->held, g_free);
  g_free (self);
}

void
vgw_realtime_call_handle_moment (VgwRealtimeCall *self, const VgwMoment *moment)
{
  if (moment->type == VGW_MOMENT_CLIENT_TEXT)
    {
      handle_text (self, moment->json, strlen (moment->json), NULL);
      return;
    }
  vgw_realtime_events_handle_moment (self->events, moment, g_get_monotonic_time ());
  if (!self->is_connected && is_connected_at (self, moment))
    pass_held (self);
}

void
vgw_realtime_call_add_sideband (VgwRealtimeCall *self, VgwWsChannel *channel)
{
  self->asking = vgw_sidebands_add (self->sidebands, channel);
  if (self->asking != NULL)
    vgw_realtime_events_greet (self->events, TRUE);
  self->asking = NULL;
}

void
vgw_realtime_call_report_error (VgwRealtimeCall *self, const char *code, const char *message)
{
  vgw_realtime_events_report_error (self->events, code, message);
}
