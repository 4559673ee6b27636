#include "manager/vgw-session-event.h"

#include "base/vgw-json.h"
#include "base/vgw-time.h"

static const char *const names[] = {
  [VGW_SESSION_EVENT_REGISTER] = "session.register",
  [VGW_SESSION_EVENT_UPDATE] = "session.update",
  [VGW_SESSION_EVENT_DEREGISTER] = "session.deregister",
  [VGW_SESSION_EVENT_TURN] = "session.turn",
};

const char *
vgw_session_event_type_to_string (VgwSessionEventType type)
{
  return names[type];
}

/* Returns: (transfer full) (nullable) */
static JsonObject *
describe_stats (const VgwSessionFacts *facts)
{
  JsonObject *object;

  if (facts->stats == NULL)
    return NULL;
  object = json_object_new ();
  vgw_call_stats_to_json (facts->stats, object);
  return object;
}

char *
vgw_session_event_to_json (VgwSessionEventType type, const VgwSessionFacts *facts, const VgwTurn *turn, gint64 now_us)
{
  g_autoptr (JsonObject) event = json_object_new ();
  JsonObject *data = json_object_new ();
  g_autofree char *now = vgw_time_to_text (now_us), *started = vgw_time_to_text (facts->started_at_us);

  json_object_set_string_member (event, "type", names[type]);
  json_object_set_string_member (event, "timestamp", now);
  json_object_set_object_member (event, "data", data);
  json_object_set_string_member (data, "session_id", facts->session_id);
  json_object_set_string_member (data, "state", facts->state);
  json_object_set_string_member (data, "engine", facts->engine);
  json_object_set_string_member (data, "identity", facts->identity);
  json_object_set_string_member (data, "client_address", facts->client_address);
  json_object_set_string_member (data, "traceparent", facts->traceparent);
  json_object_set_string_member (data, "door", facts->door);
  json_object_set_string_member (data, "origin", facts->origin);
  json_object_set_string_member (data, "codec", facts->codec);
  json_object_set_string_member (data, "started_at", started);
  json_object_set_int_member (data, "duration_ms", facts->duration_ms);
  if (type == VGW_SESSION_EVENT_DEREGISTER)
    json_object_set_string_member (data, "reason", facts->reason);
  if (turn != NULL)
    {
      JsonObject *object = json_object_new ();

      vgw_turn_to_json (turn, object);
      json_object_set_object_member (data, "turn", object);
    }
  else if (facts->stats != NULL && type != VGW_SESSION_EVENT_REGISTER)
    json_object_set_object_member (data, "statistics", describe_stats (facts));
  return vgw_json_object_to_text (event);
}

char **
vgw_session_event_to_fields (const VgwSessionFacts *facts, const char *node)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *started = vgw_time_to_text (facts->started_at_us);
  g_autoptr (JsonObject) stats = describe_stats (facts);
  g_autofree char *statistics = stats != NULL ? vgw_json_object_to_text (stats) : NULL;
  const char *const words[] = {
    "node",           node,
    "state",          facts->state,
    "engine",         facts->engine,
    "identity",       facts->identity,
    "client_address", facts->client_address,
    "door",           facts->door,
    "origin",         facts->origin,
    "codec",          facts->codec,
    "started_at",     started,
    "statistics",     statistics,
    "traceparent",    facts->traceparent,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_strv_builder_add (builder, words[i] != NULL ? words[i] : "");
  return g_strv_builder_end (builder);
}
