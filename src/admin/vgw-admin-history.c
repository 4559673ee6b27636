#include "admin/vgw-admin-history.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

#define TICK_MS (VGW_ADMIN_SAMPLE_MS / VGW_ADMIN_LEVELS)
#define LOUD_DB 60 /* below full scale: quieter than that is silence, with or without a live microphone */
#define PER_MILLE 1000
#define LOSS_WINDOW 10 /* seconds that a diagnosis looks at */

/* A call and its samples. */
typedef struct
{
  VgwAdminCall call;   /* first: what others see */
  VgwSession *session; /* (nullable) until its end */
  gulong ended_id, report_id;
  guint slice; /* the tick at which its figures are taken */
  gint64 phase_since_us;
  gint64 connected_us;                /* monotonic; 0: never */
  gint64 caller_loud_us, bot_loud_us; /* monotonic; 0: never */
  gint64 loud_played_ms;              /* of the engine's audio, when the bot was last loud */
  VgwCallStats last;                  /* of the sample before */
  VgwAdminCallSample samples[VGW_ADMIN_MAX_SAMPLES];
  VgwTurn turns[VGW_ADMIN_MAX_TURNS];
  guint n_turns; /* in all */
} Record;

struct _VgwAdminHistory
{
  VgwSessionTable *table;
  guint timer;
  gulong created_id;
  guint tick;           /* of the second, 0 … VGW_ADMIN_LEVELS - 1 */
  guint n_slices;       /* given to calls so far */
  gint64 due_us;        /* when the next tick is due */
  GHashTable *records;  /* id → Record, of the calls that there are */
  GQueue ended;         /* Record, the last one first */
  VgwSessionStats last; /* of the sample before */
  gint64 last_cpu_us;
  VgwAdminSample samples[VGW_ADMIN_MAX_SAMPLES];
  guint64 n_samples; /* complete ones; the next one is being filled */
};

static void
drop_session (Record *self)
{
  if (self->session == NULL)
    return;
  g_signal_handler_disconnect (self->session, self->ended_id);
  g_signal_handler_disconnect (self->session, self->report_id);
  g_clear_object (&self->session);
}

static void
record_free (gpointer data)
{
  Record *self = data;

  drop_session (self);
  g_free (self->call.id);
  g_free (self->call.client_address);
  g_free (self->call.identity);
  g_free (self->call.codec);
  g_free (self);
}

/* --- one call ----------------------------------------------------------------------------------------------------- */

static guint8
level_to_db (double level)
{
  double db = level > 0 ? -20 * log10 (level) : VGW_ADMIN_QUIET;

  return (guint8) CLAMP (db, 0, VGW_ADMIN_QUIET);
}

static guint16
to_figure (double value)
{
  return value >= 0 ? (guint16) MIN (lround (value), VGW_ADMIN_UNKNOWN - 1) : VGW_ADMIN_UNKNOWN;
}

/* Of @lost and @arrived since the sample before. */
static guint16
get_loss (gint64 lost, gint64 last_lost, gint64 packets, gint64 last_packets, gboolean is_of_sent)
{
  gint64 n_lost = MAX (lost - MAX (last_lost, 0), 0);
  gint64 n_all = packets - MAX (last_packets, 0) + (is_of_sent ? 0 : n_lost);

  if (lost < 0 || packets < 0 || n_all <= 0)
    return VGW_ADMIN_UNKNOWN;
  return to_figure (MIN ((double) n_lost / (double) n_all, 1.0) * PER_MILLE);
}

static VgwAdminCallSample *
get_present (Record *self)
{
  return &self->samples[self->call.n_samples % VGW_ADMIN_MAX_SAMPLES];
}

static void
begin_sample (Record *self)
{
  VgwAdminCallSample *sample;

  self->call.n_samples++;
  sample = get_present (self);
  memset (sample->caller_level, VGW_ADMIN_QUIET, sizeof sample->caller_level);
  memset (sample->bot_level, VGW_ADMIN_QUIET, sizeof sample->bot_level);
  sample->received_loss = sample->sent_loss = VGW_ADMIN_UNKNOWN;
  sample->received_jitter_ms = sample->sent_jitter_ms = sample->round_trip_ms = VGW_ADMIN_UNKNOWN;
}

static void
take_levels (Record *self, guint tick, gint64 now_us)
{
  VgwAdminCallSample *sample = get_present (self);
  double caller, bot;

  vgw_conversation_get_levels (vgw_session_get_conversation (self->session), &caller, &bot);
  sample->caller_level[tick] = level_to_db (caller);
  sample->bot_level[tick] = level_to_db (bot);
  if (sample->caller_level[tick] < LOUD_DB)
    self->caller_loud_us = now_us;
  if (sample->bot_level[tick] < LOUD_DB)
    {
      self->bot_loud_us = now_us;
      self->loud_played_ms = MAX (self->last.audio.played_ms, 0);
    }
}

/* The share of the last seconds; -1: unknown. */
static double
get_mean_loss (const Record *self, gboolean is_of_sent)
{
  guint sum = 0, n = 0;

  for (guint64 i = 0; i <= MIN (self->call.n_samples, LOSS_WINDOW); i++)
    {
      const VgwAdminCallSample *sample = &self->samples[(self->call.n_samples - i) % VGW_ADMIN_MAX_SAMPLES];
      guint loss = is_of_sent ? sample->sent_loss : sample->received_loss;

      if (loss == VGW_ADMIN_UNKNOWN)
        continue;
      sum += loss;
      n++;
    }
  return n > 0 ? (double) sum / n / PER_MILLE : -1;
}

static void
take_facts (Record *self, const VgwCallStats *stats, gint64 now_us)
{
  VgwDiagnosisFacts *facts = &self->call.facts;
  VgwSessionPhase phase = vgw_session_get_phase (self->session);

  facts->stats = *stats;
  if (phase >= VGW_PHASE_ENDING) /* the diagnosis is of what was before */
    return;
  if (phase != facts->phase)
    self->phase_since_us = now_us;
  vgw_session_report_get_connection (vgw_session_get_report (self->session), phase, &facts->connection);
  if (facts->connection.is_connected && self->connected_us == 0)
    self->connected_us = now_us;
  facts->phase = phase;
  facts->phase_ms = (now_us - self->phase_since_us) / G_TIME_SPAN_MILLISECOND;
  facts->has_caller_spoken = self->caller_loud_us != 0;
  facts->has_bot_spoken = self->bot_loud_us != 0;
  facts->caller_quiet_ms =
      self->connected_us != 0 ? (now_us - MAX (self->connected_us, self->caller_loud_us)) / G_TIME_SPAN_MILLISECOND : 0;
  facts->bot_quiet_ms =
      self->connected_us != 0 ? (now_us - MAX (self->connected_us, self->bot_loud_us)) / G_TIME_SPAN_MILLISECOND : 0;
  facts->quiet_played_ms = MAX (stats->audio.played_ms, 0) - self->loud_played_ms;
  facts->received_loss = get_mean_loss (self, FALSE);
  facts->sent_loss = get_mean_loss (self, TRUE);
}

static void
take_description (Record *self)
{
  VgwSessionFacts facts;

  vgw_session_get_facts (self->session, &facts);
  self->call.engine = facts.engine;
  self->call.duration_ms = facts.duration_ms;
  if (facts.started_at_us != 0)
    self->call.started_at_us = facts.started_at_us;
  if (g_strcmp0 (self->call.codec, facts.codec) == 0 || facts.codec == NULL)
    return;
  g_free (self->call.codec);
  self->call.codec = g_strdup (facts.codec);
}

static void
take_figures (Record *self, gint64 now_us)
{
  VgwAdminCallSample *sample = get_present (self);
  VgwCallStats stats;

  vgw_session_get_call_stats (self->session, &stats);
  sample->received_loss = get_loss (stats.received.lost, self->last.received.lost, stats.received.packets,
                                    self->last.received.packets, FALSE);
  sample->sent_loss =
      get_loss (stats.sent.lost, self->last.sent.lost, stats.sent.packets, self->last.sent.packets, TRUE);
  sample->received_jitter_ms = to_figure (stats.received.jitter_ms);
  sample->sent_jitter_ms = to_figure (stats.sent.jitter_ms);
  sample->round_trip_ms = to_figure (stats.round_trip_ms);
  take_description (self);
  take_facts (self, &stats, now_us);
  self->last = stats;
}

/* --- their beginning and end -------------------------------------------------------------------------------------- */

static void
on_ended (VgwSession *session, VgwEndReason reason, gpointer user_data)
{
  VgwAdminHistory *self = user_data;
  gpointer key;
  Record *record;

  if (!g_hash_table_steal_extended (self->records, vgw_session_get_id (session), &key, (gpointer *) &record))
    return;
  take_figures (record, g_get_monotonic_time ());
  record->call.facts.reason = vgw_end_reason_to_string (reason);
  record->call.ended_at_us = g_get_real_time ();
  drop_session (record);
  g_queue_push_head (&self->ended, record);
  if (self->ended.length > VGW_ADMIN_MAX_ENDED)
    record_free (g_queue_pop_tail (&self->ended));
}

static void
on_report (VgwSession *session, const VgwConversationReport *report, gpointer user_data)
{
  Record *record = user_data;

  if (report->type == VGW_CONVERSATION_TURN)
    record->turns[record->n_turns++ % VGW_ADMIN_MAX_TURNS] = *report->turn;
}

static Record *
add_record (VgwAdminHistory *self, VgwSession *session, gint64 now_us)
{
  Record *record = g_new0 (Record, 1);
  VgwSessionFacts facts;

  vgw_session_get_facts (session, &facts);
  record->session = g_object_ref (session);
  record->ended_id = g_signal_connect (session, "ended", G_CALLBACK (on_ended), self);
  record->report_id = g_signal_connect (session, "report", G_CALLBACK (on_report), record);
  record->call.id = g_strdup (facts.session_id);
  record->call.client_address = g_strdup (facts.client_address);
  record->call.identity = g_strdup (facts.identity);
  record->call.started_at_us = g_get_real_time (); /* until the session has started */
  record->call.first_second = self->n_samples;
  record->slice = self->n_slices++ % VGW_ADMIN_LEVELS;
  record->phase_since_us = now_us;
  record->call.facts.phase = vgw_session_get_phase (session);
  vgw_call_stats_init (&record->last);
  record->call.n_samples = (guint64) -1; /* begin_sample () makes it 0 */
  begin_sample (record);
  g_hash_table_insert (self->records, record->call.id, record);
  return record;
}

/* Before the next tick it may have ended. */
static void
on_created (VgwSessionTable *table, VgwSession *session, gpointer user_data)
{
  gint64 now_us = g_get_monotonic_time ();

  take_figures (add_record (user_data, session, now_us), now_us);
}

/* --- the gateway -------------------------------------------------------------------------------------------------- */

static gint64
get_cpu_us (void)
{
  struct rusage usage = { 0 };

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

static guint64
sum (const guint64 *values, gsize n)
{
  guint64 total = 0;

  for (gsize i = 0; i < n; i++)
    total += values[i];
  return total;
}

/* Completes the present second, and begins the next one. */
static void
roll (VgwAdminHistory *self)
{
  VgwAdminSample *sample = &self->samples[self->n_samples % VGW_ADMIN_MAX_SAMPLES];
  guint64 n_setups, n_last_setups;
  gint64 cpu_us = get_cpu_us ();
  VgwSessionStats stats;

  vgw_session_table_get_stats (self->table, &stats);
  n_setups = vgw_histogram_count (&stats.setup_s);
  n_last_setups = vgw_histogram_count (&self->last.setup_s);
  sample->calls = to_figure (vgw_session_table_count (self->table));
  sample->started = to_figure ((double) (stats.started - self->last.started));
  sample->ended = to_figure (
      (double) (sum (stats.ended, G_N_ELEMENTS (stats.ended)) - sum (self->last.ended, G_N_ELEMENTS (stats.ended))));
  sample->refused = to_figure ((double) (sum (stats.refused, G_N_ELEMENTS (stats.refused))
                                         - sum (self->last.refused, G_N_ELEMENTS (stats.refused))));
  sample->setup_ms =
      n_setups > n_last_setups
          ? to_figure ((stats.setup_s.sum - self->last.setup_s.sum) * 1000 / (double) (n_setups - n_last_setups))
          : VGW_ADMIN_UNKNOWN;
  sample->cpu_percent = to_figure ((double) (cpu_us - self->last_cpu_us) * 100 / (VGW_ADMIN_SAMPLE_MS * 1000.0));
  self->last = stats;
  self->last_cpu_us = cpu_us;
  self->n_samples++;
  self->samples[self->n_samples % VGW_ADMIN_MAX_SAMPLES] = (VgwAdminSample){ 0 };
}

static gboolean
on_tick (gpointer user_data)
{
  VgwAdminHistory *self = user_data;
  g_autoptr (GPtrArray) sessions = vgw_session_table_list (self->table);
  gint64 now_us = g_get_monotonic_time ();
  VgwAdminSample *sample;

  if (self->tick == 0)
    roll (self);
  sample = &self->samples[self->n_samples % VGW_ADMIN_MAX_SAMPLES];
  sample->lag_ms = MAX (sample->lag_ms, to_figure ((double) MAX (now_us - self->due_us, 0) / 1000));
  for (guint i = 0; i < sessions->len; i++)
    {
      VgwSession *session = g_ptr_array_index (sessions, i);
      Record *record = g_hash_table_lookup (self->records, vgw_session_get_id (session));

      gboolean is_new = record == NULL;

      if (is_new)
        record = add_record (self, session, now_us);
      else if (self->tick == 0)
        begin_sample (record);
      take_levels (record, self->tick, now_us);
      if (record->slice == self->tick || is_new)
        take_figures (record, now_us);
    }
  self->tick = (self->tick + 1) % VGW_ADMIN_LEVELS;
  self->due_us = now_us + TICK_MS * G_TIME_SPAN_MILLISECOND;
  return G_SOURCE_CONTINUE;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

VgwAdminHistory *
vgw_admin_history_new (VgwSessionTable *table)
{
  VgwAdminHistory *self = g_new0 (VgwAdminHistory, 1);

  self->table = table;
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, record_free);
  g_queue_init (&self->ended);
  vgw_session_table_get_stats (table, &self->last);
  self->last_cpu_us = get_cpu_us ();
  self->tick = 1; /* a first second that is shorter */
  self->due_us = g_get_monotonic_time () + TICK_MS * G_TIME_SPAN_MILLISECOND;
  self->created_id = g_signal_connect (table, "created", G_CALLBACK (on_created), self);
  self->timer = g_timeout_add (TICK_MS, on_tick, self);
  return self;
}

void
vgw_admin_history_free (VgwAdminHistory *self)
{
  if (self == NULL)
    return;
  g_source_remove (self->timer);
  g_signal_handler_disconnect (self->table, self->created_id);
  g_hash_table_unref (self->records);
  g_queue_clear_full (&self->ended, record_free);
  g_free (self);
}

guint64
vgw_admin_history_count (VgwAdminHistory *self)
{
  return self->n_samples;
}

const VgwAdminSample *
vgw_admin_history_get (VgwAdminHistory *self, guint64 number)
{
  /* the slot of the oldest one is being filled */
  if (number >= self->n_samples || self->n_samples - number >= VGW_ADMIN_MAX_SAMPLES)
    return NULL;
  return &self->samples[number % VGW_ADMIN_MAX_SAMPLES];
}

const VgwAdminCall *
vgw_admin_history_find (VgwAdminHistory *self, const char *id)
{
  Record *record = g_hash_table_lookup (self->records, id);

  if (record != NULL)
    return &record->call;
  for (GList *link = self->ended.head; link != NULL; link = link->next)
    if (strcmp (((Record *) link->data)->call.id, id) == 0)
      return link->data;
  return NULL;
}

GPtrArray *
vgw_admin_history_list (VgwAdminHistory *self)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (self->records));
  GHashTableIter iter;
  gpointer record;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &record))
    g_ptr_array_add (list, record);
  return list;
}

GPtrArray *
vgw_admin_history_list_ended (VgwAdminHistory *self)
{
  GPtrArray *list = g_ptr_array_sized_new (self->ended.length);

  for (GList *link = self->ended.head; link != NULL; link = link->next)
    g_ptr_array_add (list, link->data);
  return list;
}

const VgwAdminCallSample *
vgw_admin_call_get (const VgwAdminCall *call, guint64 number)
{
  const Record *record = (const Record *) call; /* its first member */

  if (number >= call->n_samples || call->n_samples - number >= VGW_ADMIN_MAX_SAMPLES)
    return NULL;
  return &record->samples[number % VGW_ADMIN_MAX_SAMPLES];
}

const VgwTurn *
vgw_admin_call_get_turn (const VgwAdminCall *call, guint i)
{
  const Record *record = (const Record *) call;
  guint first = record->n_turns > VGW_ADMIN_MAX_TURNS ? record->n_turns - VGW_ADMIN_MAX_TURNS : 0;

  return i < record->n_turns - first ? &record->turns[(first + i) % VGW_ADMIN_MAX_TURNS] : NULL;
}
