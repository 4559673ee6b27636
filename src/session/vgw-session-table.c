#include "session/vgw-session-table.h"

#include "base/vgw-address-buckets.h"
#include "base/vgw-address-group.h"
#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "session/vgw-call-bundle.h"
#include "session/vgw-client-servers.h"

#define MAX_LOGGED_NAME_BYTES 64

struct _VgwSessionTable
{
  GObject parent_instance;

  const VgwSessionContext *context;
  VgwSessionTableState state; /* without is_held */
  gboolean is_held;           /* by vgw_session_table_hold () */

  GHashTable *sessions;       /* id (owned by the session) → VgwSession */
  GHashTable *address_counts; /* address → number of sessions, never 0 */
  VgwAddressBuckets *rates;   /* of new sessions */
  VgwAddressBuckets *asked;   /* of vgw_session_table_check () */
  VgwSessionStats stats;      /* but for what the sessions that there are know themselves */
};

static guint empty_signal, created_signal;

G_DEFINE_FINAL_TYPE (VgwSessionTable, vgw_session_table, G_TYPE_OBJECT)

/* A caller without an address is counted like any other. (transfer full) */
static char *
address_key (VgwSession *session)
{
  return vgw_address_group (vgw_session_get_grant (session)->address);
}

static guint
get_count (VgwSessionTable *self, const char *address)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->address_counts, address));
}

static void
set_count (VgwSessionTable *self, const char *address, guint count)
{
  if (count == 0)
    g_hash_table_remove (self->address_counts, address);
  else
    g_hash_table_insert (self->address_counts, g_strdup (address), GUINT_TO_POINTER (count));
}

static void
observe_part (VgwSessionStats *stats, VgwSetupPart part, gint64 time_ms)
{
  if (time_ms != VGW_CALL_STATS_UNKNOWN)
    vgw_histogram_observe (&stats->setup_parts_s[part], (double) time_ms / 1000);
}

static void
on_session_report (VgwSession *session, const VgwConversationReport *report, gpointer user_data)
{
  VgwSessionTable *self = user_data;

  if (report->type == VGW_CONVERSATION_TURN)
    vgw_session_stats_add_turn (&self->stats, report->turn);
}

static void
on_session_active (VgwSession *session, gint64 setup_us, gpointer user_data)
{
  VgwSessionTable *self = user_data;
  VgwCallStats call;

  vgw_session_get_call_stats (session, &call);
  vgw_histogram_observe (&self->stats.setup_s, (double) setup_us / G_USEC_PER_SEC);
  observe_part (&self->stats, VGW_SETUP_SIGNALING, call.setup.signaling_ms);
  observe_part (&self->stats, VGW_SETUP_ICE, call.setup.ice_ms);
  observe_part (&self->stats, VGW_SETUP_DTLS, call.setup.dtls_ms);
}

/* @call (out): the figures of @session. */
static void
add_counts (VgwSessionStats *stats, VgwSession *session, VgwCallStats *call)
{
  VgwSessionCounts counts;

  vgw_session_report_get_counts (vgw_session_get_report (session), &counts);
  vgw_session_get_call_stats (session, call);
  stats->resumed += counts.n_resumed;
  stats->takeovers += counts.n_takeovers;
  stats->failed_takeovers += counts.n_failed_takeovers;
  stats->dropped_messages += counts.n_dropped_messages;
  stats->playout_played_ms += (guint64) call->audio.played_ms;
  stats->playout_dropped_ms += (guint64) call->audio.dropped_ms;
  stats->playout_shortened_ms[VGW_PLAYOUT_SHORTENED_PAUSES] += (guint64) call->audio.shortened_pauses_ms;
  stats->playout_shortened_ms[VGW_PLAYOUT_SHORTENED_SPEECH] += (guint64) call->audio.shortened_speech_ms;
  stats->engine_failures += (guint64) call->counts.engine_failures;
  vgw_call_stats_add (&stats->calls, call);
}

static void
on_session_ended (VgwSession *session, VgwEndReason reason, gpointer user_data)
{
  VgwSessionTable *self = user_data;
  g_autofree char *address = address_key (session);
  VgwCallStats call;

  set_count (self, address, get_count (self, address) - 1);
  self->stats.ended[reason]++;
  add_counts (&self->stats, session, &call);
  observe_part (&self->stats, VGW_SETUP_FIRST_AUDIO, call.setup.first_audio_ms);
  g_signal_handlers_disconnect_by_data (session, self);
  g_hash_table_remove (self->sessions, vgw_session_get_id (session));
  if (g_hash_table_size (self->sessions) == 0)
    g_signal_emit (self, empty_signal, 0);
}

static void
vgw_session_table_dispose (GObject *object)
{
  VgwSessionTable *self = VGW_SESSION_TABLE (object);

  vgw_session_table_shutdown (self);
  G_OBJECT_CLASS (vgw_session_table_parent_class)->dispose (object);
}

static void
vgw_session_table_finalize (GObject *object)
{
  VgwSessionTable *self = VGW_SESSION_TABLE (object);

  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->address_counts);
  vgw_address_buckets_free (self->rates);
  vgw_address_buckets_free (self->asked);
  G_OBJECT_CLASS (vgw_session_table_parent_class)->finalize (object);
}

static void
vgw_session_table_class_init (VgwSessionTableClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_session_table_dispose;
  object_class->finalize = vgw_session_table_finalize;
  empty_signal = g_signal_new ("empty", VGW_TYPE_SESSION_TABLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  created_signal = g_signal_new ("created", VGW_TYPE_SESSION_TABLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                 1, VGW_TYPE_SESSION);
}

static void
vgw_session_table_init (VgwSessionTable *self)
{
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->address_counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->rates = vgw_address_buckets_new ();
  self->asked = vgw_address_buckets_new ();
  vgw_session_stats_init (&self->stats);
}

VgwSessionTable *
vgw_session_table_new (const VgwSessionContext *context)
{
  VgwSessionTable *self;

  g_return_val_if_fail (context != NULL, NULL);

  self = g_object_new (VGW_TYPE_SESSION_TABLE, NULL);
  self->context = context;
  return self;
}

void
vgw_session_table_refuse (VgwSessionTable *self, VgwRefusal refusal, const char *address, const char *engine,
                          const char *why)
{
  g_autofree char *shown = g_strndup (engine, MAX_LOGGED_NAME_BYTES); /* the log makes it valid and escapes it */

  g_return_if_fail (VGW_IS_SESSION_TABLE (self));

  self->stats.refused[refusal]++;
  if (shown != NULL)
    vgw_info_about (address, "refused a session for %s: engine \"%s\": %s", address, shown, why);
  else
    vgw_info_about (address, "refused a session for %s: %s", address, why);
}

/* @rates: what it takes from. @key: the group of the grant's address. @refusal (out): the cause.
 * Errors: VGW_ERROR_BUSY. */
static gboolean
check_limits (VgwSessionTable *self, VgwAddressBuckets *rates, const VgwGrant *grant, const char *key,
              VgwRefusal *refusal, GError **error)
{
  const VgwSessionSettingsLimits *limits = &self->context->limits;
  /* a proxy on this machine brings all callers */
  gboolean is_bounded = !vgw_address_is_loopback (grant->address);
  g_autofree char *full = NULL;

  *refusal = VGW_REFUSAL_SHUTDOWN;
  if (vgw_session_table_get_state (self) != VGW_SESSION_TABLE_OPEN)
    full = g_strdup ("the gateway is shutting down");
  else if (limits->max_sessions > 0 && vgw_session_table_count (self) >= limits->max_sessions)
    {
      full = g_strdup_printf ("limits.max-sessions (%u) is reached", limits->max_sessions);
      *refusal = VGW_REFUSAL_MAX_SESSIONS;
    }
  else if (is_bounded && limits->max_sessions_per_address > 0
           && get_count (self, key) >= limits->max_sessions_per_address)
    {
      full = g_strdup_printf ("limits.max-sessions-per-address (%u) is reached for this address",
                              limits->max_sessions_per_address);
      *refusal = VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS;
    }
  else if (is_bounded && limits->max_new_sessions_per_minute > 0
           && !vgw_address_buckets_take (rates, key, limits->max_new_sessions_per_minute, g_get_monotonic_time ()))
    {
      full = g_strdup_printf ("limits.max-new-sessions-per-minute (%u) is reached for this address",
                              limits->max_new_sessions_per_minute);
      *refusal = VGW_REFUSAL_RATE;
    }

  if (full == NULL)
    return TRUE;
  vgw_session_table_refuse (self, *refusal, grant->address, vgw_grant_get_parameter (grant, "engine"), full);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BUSY, full);
  return FALSE;
}

gboolean
vgw_session_table_check (VgwSessionTable *self, const VgwGrant *grant, VgwRefusal *refusal, GError **error)
{
  g_autofree char *key = vgw_address_group (grant->address);

  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), FALSE);
  return check_limits (self, self->asked, grant, key, refusal, error);
}

VgwSession *
vgw_session_table_create (VgwSessionTable *self, VgwGrant *grant, VgwRefusal *refusal, GError **error)
{
  g_autofree char *key = vgw_address_group (grant->address);
  VgwSession *session;

  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), NULL);

  if (!check_limits (self, self->rates, grant, key, refusal, error))
    return NULL;

  session = vgw_session_new (self->context, grant);
  self->stats.started++;
  g_signal_connect (session, "active", G_CALLBACK (on_session_active), self);
  g_signal_connect (session, "report", G_CALLBACK (on_session_report), self);
  g_signal_connect (session, "ended", G_CALLBACK (on_session_ended), self);
  if (self->context->bundles != NULL)
    vgw_call_bundle_start (self->context->bundles, session);
  g_hash_table_insert (self->sessions, (gpointer) vgw_session_get_id (session), session);
  set_count (self, key, get_count (self, key) + 1);
  g_signal_emit (self, created_signal, 0, session);
  return session;
}

GPtrArray *
vgw_session_table_make_client_servers (VgwSessionTable *self, const char *id)
{
  return vgw_client_servers_make (self->context, id, g_get_real_time () / G_USEC_PER_SEC);
}

const VgwNodeIds *
vgw_session_table_get_node_ids (VgwSessionTable *self)
{
  return self->context->node_ids;
}

guint
vgw_session_table_get_max_sessions (VgwSessionTable *self)
{
  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), 0);
  return self->context->limits.max_sessions;
}

guint
vgw_session_table_count (VgwSessionTable *self)
{
  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), 0);
  return g_hash_table_size (self->sessions);
}

VgwSession *
vgw_session_table_find (VgwSessionTable *self, const char *id)
{
  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), NULL);
  return g_hash_table_lookup (self->sessions, id);
}

/* The session that @token is good for and that is of the same client and door as @grant, or NULL. */
static VgwSession *
find_resumed (VgwSessionTable *self, const char *token, const VgwGrant *grant)
{
  VgwResumeTokens *tokens = self->context->resume_tokens;
  const char *id = tokens != NULL ? vgw_resume_tokens_find (tokens, token) : NULL;
  VgwSession *session = id != NULL ? vgw_session_table_find (self, id) : NULL;

  if (session == NULL || g_strcmp0 (vgw_session_get_grant (session)->identity, grant->identity) != 0
      || g_strcmp0 (vgw_session_get_grant (session)->door, grant->door) != 0)
    return NULL;
  return session;
}

VgwSession *
vgw_session_table_resume (VgwSessionTable *self, const char *token, const VgwGrant *grant, GError **error)
{
  VgwSession *session;

  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), NULL);

  session = find_resumed (self, token, grant);
  if (session == NULL)
    {
      vgw_session_table_refuse (self, VGW_REFUSAL_RESUME, grant->address, vgw_grant_get_parameter (grant, "engine"),
                                "the resume token is not good, or not any more");
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_GONE, "there is no session to resume");
      return NULL;
    }
  vgw_resume_tokens_use (self->context->resume_tokens, token);
  vgw_session_replace (session);
  return session;
}

GPtrArray *
vgw_session_table_list (VgwSessionTable *self)
{
  GPtrArray *list;
  GHashTableIter iter;
  gpointer session;

  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), NULL);
  list = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    g_ptr_array_add (list, g_object_ref (session));
  return list;
}

void
vgw_session_table_get_stats (VgwSessionTable *self, VgwSessionStats *stats)
{
  GHashTableIter iter;
  VgwCallStats call;
  gpointer session;

  g_return_if_fail (VGW_IS_SESSION_TABLE (self));
  *stats = self->stats;
  if (self->context->engine_shared.io != NULL)
    vgw_engine_io_get_stats (self->context->engine_shared.io, &stats->engine);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    {
      stats->in_state[vgw_session_get_phase (session)]++;
      add_counts (stats, session, &call);
      stats->playout_queued_ms += (guint64) call.audio.queued_ms;
    }
}

const char *
vgw_session_table_state_to_string (VgwSessionTableState state)
{
  switch (state)
    {
    case VGW_SESSION_TABLE_OPEN:
      return "open";
    case VGW_SESSION_TABLE_DRAINING:
      return "draining";
    case VGW_SESSION_TABLE_SHUT_DOWN:
      return "shutting-down";
    }
  return "unknown";
}

VgwSessionTableState
vgw_session_table_get_state (VgwSessionTable *self)
{
  g_return_val_if_fail (VGW_IS_SESSION_TABLE (self), VGW_SESSION_TABLE_SHUT_DOWN);
  return self->is_held ? MAX (self->state, VGW_SESSION_TABLE_DRAINING) : self->state;
}

void
vgw_session_table_hold (VgwSessionTable *self, gboolean is_held)
{
  g_return_if_fail (VGW_IS_SESSION_TABLE (self));
  self->is_held = is_held;
}

void
vgw_session_table_drain (VgwSessionTable *self)
{
  g_return_if_fail (VGW_IS_SESSION_TABLE (self));
  self->state = MAX (self->state, VGW_SESSION_TABLE_DRAINING);
}

void
vgw_session_table_shutdown (VgwSessionTable *self)
{
  g_autolist (VgwSession) sessions = NULL;

  g_return_if_fail (VGW_IS_SESSION_TABLE (self));

  self->state = VGW_SESSION_TABLE_SHUT_DOWN;
  /* with references: each one leaves the table while it ends, and its handlers may end others */
  sessions = g_hash_table_get_values (self->sessions);
  g_list_foreach (sessions, (GFunc) (GCallback) g_object_ref, NULL);
  for (GList *at = sessions; at != NULL; at = at->next)
    {
      vgw_session_end (at->data, VGW_END_SHUTDOWN);
      vgw_outbox_flush (vgw_session_get_outbox (at->data)); /* who shuts down may not turn the main loop again */
    }
}
