#include "manager/vgw-session-event.h"

#include "base/vgw-json.h"

static const char *const names[] = {
  [VGW_SESSION_EVENT_REGISTER] = "session.register",
  [VGW_SESSION_EVENT_UPDATE] = "session.update",
  [VGW_SESSION_EVENT_DEREGISTER] = "session.deregister",
};

/* RFC 3339, in milliseconds (transfer full) */
static char *
format_time (gint64 time_us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", text, (int) (time_us % G_USEC_PER_SEC / G_TIME_SPAN_MILLISECOND));
}

/* @value (nullable): the member is null, so that it is there in each event. */
static void
set_text (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

char *
vgw_session_event_to_json (VgwSessionEventType type, const VgwSessionFacts *facts, gint64 now_us)
{
  g_autoptr (JsonObject) event = json_object_new ();
  JsonObject *data = json_object_new ();
  g_autofree char *now = format_time (now_us), *started = format_time (facts->started_at_us);

  set_text (event, "type", names[type]);
  set_text (event, "timestamp", now);
  json_object_set_object_member (event, "data", data);
  set_text (data, "session_id", facts->session_id);
  set_text (data, "state", facts->state);
  set_text (data, "engine", facts->engine);
  set_text (data, "identity", facts->identity);
  set_text (data, "client_address", facts->client_address);
  set_text (data, "codec", facts->codec);
  set_text (data, "started_at", started);
  json_object_set_int_member (data, "duration_ms", facts->duration_ms);
  if (type == VGW_SESSION_EVENT_DEREGISTER)
    set_text (data, "reason", facts->reason);
  return vgw_json_object_to_text (event);
}
