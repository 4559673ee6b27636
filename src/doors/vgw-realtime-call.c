#include "doors/vgw-realtime-call.h"

#include <string.h>

#include "base/vgw-json.h"

struct _VgwRealtimeCall
{
  VgwSession *session;
  VgwRealtimeEvents *events;
  VgwSidebands *sidebands;
  VgwSideband *asking; /* (nullable) whose request is being handled; NULL for the data channel's */
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

/* @event waits for the engine where that is not connected yet. */
static void
pass_on (VgwRealtimeCall *self, const char *event)
{
  vgw_conversation_handle_event (vgw_session_get_conversation (self->session), event);
}

/* --- requests --- */

/* @asking (nullable): the sideband that @text is of. */
static void
handle_text (VgwRealtimeCall *self, const char *text, gsize length, VgwSideband *asking)
{
  g_autoptr (VgwRealtimeRequest) request = vgw_realtime_request_parse (text, length);
  VgwRealtimeAction action;
  g_autofree char *event = NULL;

  request->is_metered = asking != NULL; /* a WebSocket is read more slowly, and a data channel drops */
  self->asking = asking;
  vgw_realtime_events_handle_request (self->events, request, g_get_monotonic_time (), &action);
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
  vgw_realtime_events_handle_request (self->events, &refused, g_get_monotonic_time (), &action);
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
  if (wanted != NULL)
    {
      g_autofree char *event = vgw_realtime_make_session_event (wanted);

      pass_on (self, event);
    }
  return self;
}

void
vgw_realtime_call_begin (VgwRealtimeCall *self, const char *engine)
{
  vgw_realtime_events_greet (self->events, engine, FALSE);
}

void
vgw_realtime_call_free (gpointer call)
{
  VgwRealtimeCall *self = call;

  vgw_sidebands_free (self->sidebands);
  vgw_realtime_events_free (self->events);
  g_free (self);
}

/* An engine that takes over receives the session as it is now: what it was built from went to the engine before it. */
static void
follow_engine (VgwRealtimeCall *self, const char *notice)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (notice, strlen (notice), NULL);
  g_autofree char *session = NULL;

  if (event == NULL || g_strcmp0 (vgw_json_get_string (event, "type"), "engine-fallback") != 0)
    return;
  session = vgw_realtime_events_repeat_session (self->events);
  if (session != NULL)
    pass_on (self, session);
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
  if (moment->type == VGW_MOMENT_NOTICE)
    follow_engine (self, moment->json);
}

void
vgw_realtime_call_add_sideband (gpointer call, VgwWsChannel *channel)
{
  VgwRealtimeCall *self = call;

  self->asking = vgw_sidebands_add (self->sidebands, channel);
  if (self->asking != NULL)
    vgw_realtime_events_greet (self->events, NULL, TRUE);
  self->asking = NULL;
}

void
vgw_realtime_call_report_error (VgwRealtimeCall *self, const char *code, const char *message)
{
  vgw_realtime_events_report_error (self->events, code, message);
}
