#include "admin/vgw-admin-sessions.h"

#include "base/vgw-json.h"

/* RFC 3339, in UTC. */
static char *
format_time (gint64 real_time_us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (real_time_us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact = g_date_time_add (second, real_time_us % G_USEC_PER_SEC);

  return g_date_time_format_iso8601 (exact);
}

static void
set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

static JsonObject *
describe (VgwSession *session)
{
  JsonObject *object = json_object_new ();
  JsonObject *playout = json_object_new ();
  g_autofree char *started = NULL;
  VgwSessionFacts facts;
  VgwPlayoutStats stats;

  vgw_session_get_facts (session, &facts);
  vgw_conversation_get_playout_stats (vgw_session_get_conversation (session), &stats);
  started = format_time (facts.started_at_us);
  set_text (object, "id", facts.session_id);
  set_text (object, "state", facts.state);
  set_text (object, "engine", facts.engine);
  set_text (object, "codec", facts.codec);
  set_text (object, "client_address", facts.client_address);
  set_text (object, "identity", facts.identity);
  set_text (object, "started", started);
  json_object_set_int_member (object, "duration_ms", facts.duration_ms);
  json_object_set_int_member (playout, "queued_ms", stats.queued_ms);
  json_object_set_int_member (playout, "played_ms", (gint64) stats.played_ms);
  json_object_set_int_member (playout, "dropped_ms", (gint64) stats.dropped_ms);
  json_object_set_object_member (object, "playout", playout);
  return object;
}

/* Sessions of the same microsecond are ordered by their ids, so that the order is stable. */
static int
compare_age (gconstpointer a, gconstpointer b)
{
  VgwSessionFacts one, other;

  vgw_session_get_facts (*(VgwSession *const *) a, &one);
  vgw_session_get_facts (*(VgwSession *const *) b, &other);
  if (one.started_at_us != other.started_at_us)
    return one.started_at_us < other.started_at_us ? -1 : 1;
  return g_strcmp0 (one.session_id, other.session_id);
}

char *
vgw_admin_session_to_json (VgwSession *session)
{
  g_autoptr (JsonObject) object = describe (session);

  return vgw_json_object_to_text (object);
}

char *
vgw_admin_sessions_to_json (VgwSessionTable *table)
{
  g_autoptr (GPtrArray) sessions = vgw_session_table_list (table);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  g_ptr_array_sort (sessions, compare_age);
  for (guint i = 0; i < MIN (sessions->len, VGW_ADMIN_MAX_SESSIONS); i++)
    json_array_add_object_element (array, describe (sessions->pdata[i]));
  json_node_take_array (node, array);
  return vgw_json_to_text (node);
}
