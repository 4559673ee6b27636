#include "admin/vgw-admin-overview.h"

#include "admin/vgw-admin-sessions.h"
#include "base/vgw-json.h"
#include "vgw-build.h"

static void
set_time (JsonObject *object, const char *name, gint64 real_time_us)
{
  if (real_time_us > 0)
    json_object_set_int_member (object, name, real_time_us / G_TIME_SPAN_MILLISECOND);
  else
    json_object_set_null_member (object, name);
}

static void
add_figure (JsonArray *array, guint16 figure)
{
  if (figure != VGW_ADMIN_UNKNOWN)
    json_array_add_int_element (array, figure);
  else
    json_array_add_null_element (array);
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void
set_figure (JsonObject *object, const char *name, guint16 figure)
{
  if (figure != VGW_ADMIN_UNKNOWN)
    json_object_set_int_member (object, name, figure);
  else
    json_object_set_null_member (object, name);
}

static void
set_description (JsonObject *object, const VgwAdminCall *call, const char *node)
{
  gboolean is_over = call->ended_at_us != 0;

  json_object_set_string_member (object, "id", call->id);
  json_object_set_string_member (object, "node", node);
  json_object_set_string_member (object, "state", is_over ? "ended" : vgw_session_phase_to_string (call->facts.phase));
  json_object_set_string_member (object, "reason", call->facts.reason);
  json_object_set_string_member (object, "engine", call->engine);
  json_object_set_string_member (object, "codec", call->codec);
  json_object_set_string_member (object, "client_address", call->client_address);
  json_object_set_string_member (object, "identity", call->identity);
  set_time (object, "started_at_ms", call->started_at_us);
  set_time (object, "ended_at_ms", call->ended_at_us);
  json_object_set_int_member (object, "duration_ms", call->duration_ms);
}

/* The most severe finding, with what a list shows of it. */
static void
set_finding (JsonObject *object, const VgwAdminCall *call)
{
  VgwFinding findings[VGW_ADMIN_MAX_FINDINGS];
  JsonObject *finding = json_object_new ();

  vgw_admin_diagnose (&call->facts, findings);
  json_object_set_string_member (finding, "code", findings[0].info->code);
  json_object_set_string_member (finding, "level", vgw_admin_finding_level_to_string (findings[0].info->level));
  json_object_set_string_member (finding, "title", findings[0].info->title);
  json_object_set_object_member (object, "finding", finding);
}

/* The last complete sample. */
static void
set_last_sample (JsonObject *object, const VgwAdminCall *call)
{
  const VgwAdminCallSample *sample = call->n_samples > 0 ? vgw_admin_call_get (call, call->n_samples - 1) : NULL;
  guint8 caller = VGW_ADMIN_QUIET, bot = VGW_ADMIN_QUIET;

  for (guint i = 0; sample != NULL && i < VGW_ADMIN_LEVELS; i++)
    {
      caller = MIN (caller, sample->caller_level[i]);
      bot = MIN (bot, sample->bot_level[i]);
    }
  json_object_set_int_member (object, "caller_level", -caller);
  json_object_set_int_member (object, "bot_level", -bot);
  set_figure (object, "received_loss", sample != NULL ? sample->received_loss : VGW_ADMIN_UNKNOWN);
  set_figure (object, "sent_loss", sample != NULL ? sample->sent_loss : VGW_ADMIN_UNKNOWN);
  set_figure (object, "jitter_ms", sample != NULL ? sample->received_jitter_ms : VGW_ADMIN_UNKNOWN);
  set_figure (object, "round_trip_ms", sample != NULL ? sample->round_trip_ms : VGW_ADMIN_UNKNOWN);
}

static void
add_calls (JsonObject *object, const char *name, GPtrArray *calls, const char *node)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < MIN (calls->len, VGW_ADMIN_MAX_SESSIONS); i++)
    {
      const VgwAdminCall *call = g_ptr_array_index (calls, i);
      JsonObject *row = json_object_new ();

      set_description (row, call, node);
      if (call->ended_at_us == 0)
        set_last_sample (row, call);
      set_finding (row, call);
      json_array_add_object_element (array, row);
    }
  json_object_set_array_member (object, name, array);
}

/* --- the gateway -------------------------------------------------------------------------------------------------- */

static const struct
{
  const char *name;
  gsize offset;
} series[] = {
  { "calls", offsetof (VgwAdminSample, calls) },
  { "started", offsetof (VgwAdminSample, started) },
  { "ended", offsetof (VgwAdminSample, ended) },
  { "refused", offsetof (VgwAdminSample, refused) },
  { "setup_ms", offsetof (VgwAdminSample, setup_ms) },
  { "lag_ms", offsetof (VgwAdminSample, lag_ms) },
  { "cpu_percent", offsetof (VgwAdminSample, cpu_percent) },
};

/* The first number, not before @since, that get () has with @n in all. */
static guint64
get_first (guint64 since, guint64 n)
{
  guint64 oldest = n >= VGW_ADMIN_MAX_SAMPLES ? n - VGW_ADMIN_MAX_SAMPLES + 1 : 0;

  return CLAMP (since, oldest, n);
}

static JsonObject *
describe_samples (VgwAdminHistory *history, guint64 since)
{
  JsonObject *object = json_object_new ();
  guint64 n = vgw_admin_history_count (history), first = get_first (since, n);

  json_object_set_int_member (object, "first", (gint64) first);
  json_object_set_int_member (object, "next", (gint64) n);
  for (gsize i = 0; i < G_N_ELEMENTS (series); i++)
    {
      JsonArray *array = json_array_sized_new ((guint) (n - first));

      for (guint64 number = first; number < n; number++)
        {
          const VgwAdminSample *sample = vgw_admin_history_get (history, number);

          add_figure (array, *(const guint16 *) ((const char *) sample + series[i].offset));
        }
      json_object_set_array_member (object, series[i].name, array);
    }
  return object;
}

char *
vgw_admin_overview_to_json (const VgwAdminOverview *overview, guint64 since)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GPtrArray) calls = vgw_admin_history_list (overview->history);
  g_autoptr (GPtrArray) ended = vgw_admin_history_list_ended (overview->history);
  gint64 uptime_s = g_get_real_time () / G_USEC_PER_SEC - (gint64) overview->started_at_s;

  json_object_set_string_member (object, "node", overview->node);
  json_object_set_string_member (object, "version", VGW_VERSION);
  json_object_set_string_member (object, "state",
                                 vgw_session_table_state_to_string (vgw_session_table_get_state (overview->table)));
  json_object_set_int_member (object, "uptime_s", uptime_s);
  json_object_set_int_member (object, "max_sessions", vgw_session_table_get_max_sessions (overview->table));
  json_object_set_int_member (object, "sample_ms", VGW_ADMIN_SAMPLE_MS);
  json_object_set_object_member (object, "samples", describe_samples (overview->history, since));
  add_calls (object, "sessions", calls, overview->node);
  add_calls (object, "ended", ended, overview->node);
  return vgw_json_object_to_text (object);
}

/* --- one call ----------------------------------------------------------------------------------------------------- */

static const struct
{
  const char *name;
  gsize offset;
} call_series[] = {
  { "received_loss", offsetof (VgwAdminCallSample, received_loss) },
  { "sent_loss", offsetof (VgwAdminCallSample, sent_loss) },
  { "received_jitter_ms", offsetof (VgwAdminCallSample, received_jitter_ms) },
  { "sent_jitter_ms", offsetof (VgwAdminCallSample, sent_jitter_ms) },
  { "round_trip_ms", offsetof (VgwAdminCallSample, round_trip_ms) },
};

static void
add_levels (JsonArray *array, const guint8 levels[VGW_ADMIN_LEVELS])
{
  for (guint i = 0; i < VGW_ADMIN_LEVELS; i++)
    json_array_add_int_element (array, -levels[i]);
}

static JsonObject *
describe_call_samples (const VgwAdminCall *call, guint64 since)
{
  JsonObject *object = json_object_new ();
  guint64 n = call->n_samples, first = get_first (since, n);
  JsonArray *caller = json_array_new (), *bot = json_array_new ();

  json_object_set_int_member (object, "first", (gint64) first);
  json_object_set_int_member (object, "next", (gint64) n);
  for (guint64 number = first; number < n; number++)
    {
      add_levels (caller, vgw_admin_call_get (call, number)->caller_level);
      add_levels (bot, vgw_admin_call_get (call, number)->bot_level);
    }
  json_object_set_int_member (object, "levels_per_sample", VGW_ADMIN_LEVELS);
  json_object_set_array_member (object, "caller_level", caller);
  json_object_set_array_member (object, "bot_level", bot);
  for (gsize i = 0; i < G_N_ELEMENTS (call_series); i++)
    {
      JsonArray *array = json_array_new ();

      for (guint64 number = first; number < n; number++)
        add_figure (array,
                    *(const guint16 *) ((const char *) vgw_admin_call_get (call, number) + call_series[i].offset));
      json_object_set_array_member (object, call_series[i].name, array);
    }
  return object;
}

static JsonArray *
describe_turns (const VgwAdminCall *call)
{
  JsonArray *array = json_array_new ();
  const VgwTurn *turn;

  for (guint i = 0; (turn = vgw_admin_call_get_turn (call, i)) != NULL; i++)
    {
      JsonObject *object = json_object_new ();

      vgw_turn_to_json (turn, object);
      json_array_add_object_element (array, object);
    }
  return array;
}

char *
vgw_admin_call_to_json (const VgwAdminOverview *overview, const char *id, guint64 since)
{
  const VgwAdminCall *call = vgw_admin_history_find (overview->history, id);
  g_autoptr (JsonObject) object = json_object_new ();
  JsonObject *stats = json_object_new ();

  if (call == NULL)
    {
      json_object_unref (stats);
      return NULL;
    }
  set_description (object, call, overview->node);
  json_object_set_array_member (object, "diagnosis", vgw_admin_diagnosis_to_json (&call->facts));
  vgw_call_stats_to_json (&call->facts.stats, stats);
  json_object_set_object_member (object, "stats", stats);
  json_object_set_array_member (object, "turns", describe_turns (call));
  json_object_set_int_member (object, "sample_ms", VGW_ADMIN_SAMPLE_MS);
  json_object_set_object_member (object, "samples", describe_call_samples (call, since));
  return vgw_json_object_to_text (object);
}
