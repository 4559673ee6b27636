#include "admin/vgw-admin-sessions.h"

#include "base/vgw-json.h"
#include "base/vgw-url.h"
#include "media/vgw-peer-description.h"

/* RFC 3339, in UTC. */
static char *
format_time (gint64 real_time_us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (real_time_us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact = g_date_time_add (second, real_time_us % G_USEC_PER_SEC);

  return g_date_time_format_iso8601 (exact);
}

static JsonObject *
describe (VgwSession *session)
{
  JsonObject *object = json_object_new ();
  JsonObject *playout = json_object_new ();
  g_autofree char *started = NULL;
  VgwSessionFacts facts;
  VgwCallStats stats;

  vgw_session_get_facts (session, &facts);
  vgw_session_get_call_stats (session, &stats);
  started = format_time (facts.started_at_us);
  json_object_set_string_member (object, "id", facts.session_id);
  json_object_set_string_member (object, "state", facts.state);
  json_object_set_string_member (object, "engine", facts.engine);
  json_object_set_string_member (object, "codec", facts.codec);
  json_object_set_string_member (object, "client_address", facts.client_address);
  json_object_set_string_member (object, "identity", facts.identity);
  json_object_set_string_member (object, "started", started);
  json_object_set_int_member (object, "duration_ms", facts.duration_ms);
  json_object_set_int_member (playout, "queued_ms", stats.audio.queued_ms);
  json_object_set_int_member (playout, "played_ms", stats.audio.played_ms);
  json_object_set_int_member (playout, "dropped_ms", stats.audio.dropped_ms);
  json_object_set_object_member (object, "playout", playout);
  return object;
}

/* --- one session in full --- */

static void
add_history (JsonObject *object, const VgwSessionHistory *history)
{
  JsonArray *changes = json_array_new ();
  const VgwSessionChange *change;

  for (guint i = 0; (change = vgw_session_history_get (history, i)) != NULL; i++)
    {
      JsonObject *described = json_object_new ();
      g_autofree char *time = format_time (change->at_us);

      json_object_set_string_member (described, "time", time);
      json_object_set_int_member (described, "after_ms", change->after_us / G_TIME_SPAN_MILLISECOND);
      json_object_set_string_member (described, "type", change->type);
      json_object_set_string_member (described, "value", change->value);
      json_array_add_object_element (changes, described);
    }
  json_object_set_array_member (object, "history", changes);
  json_object_set_int_member (object, "history_left_out", vgw_session_history_count_left_out (history));
}

static JsonObject *
describe_connection (VgwSession *session, VgwPeer *peer)
{
  JsonObject *object = json_object_new ();
  VgwSessionCounts counts;

  vgw_session_report_get_counts (vgw_session_get_report (session), &counts);
  json_object_set_int_member (object, "resumed", (gint64) counts.n_resumed);
  json_object_set_int_member (object, "takeovers", (gint64) counts.n_takeovers);
  json_object_set_int_member (object, "failed_takeovers", (gint64) counts.n_failed_takeovers);
  json_object_set_int_member (object, "dropped_messages", (gint64) counts.n_dropped_messages);
  if (counts.media_mono_us != 0)
    json_object_set_int_member (object, "silent_ms",
                                (g_get_monotonic_time () - counts.media_mono_us) / G_TIME_SPAN_MILLISECOND);
  else
    json_object_set_null_member (object, "silent_ms");
  json_object_set_boolean_member (object, "has_data_channel", peer != NULL && vgw_peer_has_event_channel (peer));
  return object;
}

static JsonObject *
describe_engine (VgwConversation *conversation)
{
  const VgwEngineConfig *config = vgw_conversation_get_config (conversation);
  g_autofree char *url = vgw_url_strip (config->url);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", config->name);
  json_object_set_string_member (object, "type", config->type);
  json_object_set_string_member (object, "dialect", *config->dialect != '\0' && url != NULL ? config->dialect : NULL);
  json_object_set_string_member (object, "url", url);
  json_object_set_int_member (object, "sample_rate_hz", config->sample_rate_hz);
  json_object_set_boolean_member (object, "is_present", vgw_conversation_get_engine (conversation) != NULL);
  return object;
}

/* Adds to the members of the list those that only one session has. */
static JsonObject *
describe_in_full (VgwSession *session)
{
  const VgwSessionReport *report = vgw_session_get_report (session);
  const VgwGrant *grant = vgw_session_get_grant (session);
  VgwConversation *conversation = vgw_session_get_conversation (session);
  VgwBridge *bridge = vgw_conversation_get_bridge (conversation);
  VgwPeer *peer = vgw_session_report_get_peer (report);
  JsonObject *object = describe (session), *statistics = json_object_new ();
  JsonObject *offer = peer != NULL ? vgw_peer_describe_offer (peer) : NULL;
  VgwCallStats stats;

  json_object_set_string_member (object, "door", grant->door);
  json_object_set_string_member (object, "origin", grant->origin);
  json_object_set_string_member (object, "user_agent", grant->user_agent);
  add_history (object, &report->history);
  json_object_set_object_member (object, "connection", describe_connection (session, peer));
  if (offer != NULL)
    json_object_set_object_member (object, "sdp", offer);
  else
    json_object_set_null_member (object, "sdp");
  json_object_set_array_member (object, "tracks", peer != NULL ? vgw_peer_describe_tracks (peer) : json_array_new ());
  json_object_set_object_member (object, "engine_details", describe_engine (conversation));
  if (bridge != NULL)
    vgw_playout_describe (vgw_bridge_get_playout (bridge), json_object_get_object_member (object, "playout"));
  vgw_session_get_call_stats (session, &stats);
  vgw_call_stats_to_json (&stats, statistics);
  json_object_set_object_member (object, "statistics", statistics);
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
vgw_admin_session_to_json (VgwSession *session, const VgwAdminCall *call)
{
  g_autoptr (JsonObject) object = describe_in_full (session);

  json_object_set_array_member (object, "diagnosis",
                                call != NULL ? vgw_admin_diagnosis_to_json (&call->facts) : json_array_new ());
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
