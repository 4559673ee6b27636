#include "session/vgw-session-private.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-random.h"

#define ID_BYTES 16                   /* 128 bits: an id cannot be guessed */
#define WATCHDOG_POLLS_PER_TIMEOUT 10 /* so that a silence is seen at most a tenth too late */
#define WATCHDOG_MAX_INTERVAL_MS 5000

enum
{
  SIGNAL_OUTGOING,
  SIGNAL_ACTIVE,
  SIGNAL_ENDED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwSession, vgw_session, G_TYPE_OBJECT)

static void
fill_facts (VgwSession *self, VgwSessionFacts *facts)
{
  gboolean is_over = vgw_session_is_over (self);

  *facts = (VgwSessionFacts){
    .session_id = self->id,
    .client_address = self->grant->address,
    .engine = vgw_conversation_get_config (self->conversation)->name,
    .state = vgw_session_state_to_string (self->state),
    .codec = self->codec,
    .reason = is_over ? vgw_end_reason_to_string (self->end_reason) : NULL,
    .started_at_us = self->started_at_us,
    .duration_ms =
        self->started_at_us != 0 ? (g_get_monotonic_time () - self->started_mono_us) / G_TIME_SPAN_MILLISECOND : 0,
  };
}

static void
end_with_timeout (VgwSession *self, VgwEndReason reason, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TIMEOUT, message);

  vgw_session_fail (self, reason, error);
}

static gboolean
on_offer_timeout (gpointer user_data)
{
  VgwSession *self = user_data;

  self->state_timer_id = 0;
  end_with_timeout (self, VGW_END_OFFER_TIMEOUT, "no offer came in time");
  return G_SOURCE_REMOVE;
}

static gboolean
on_connect_timeout (gpointer user_data)
{
  VgwSession *self = user_data;

  self->state_timer_id = 0;
  end_with_timeout (self, VGW_END_CONNECT_TIMEOUT, "the connection did not come up in time");
  return G_SOURCE_REMOVE;
}

static gboolean
on_watchdog (gpointer user_data)
{
  VgwSession *self = user_data;
  gint64 last_us = MAX (vgw_peer_get_last_activity_us (self->peer), self->active_mono_us);
  gint64 silent_us = g_get_monotonic_time () - last_us;

  if (silent_us < self->context->limits.media_timeout_ms * G_TIME_SPAN_MILLISECOND)
    return G_SOURCE_CONTINUE;

  self->state_timer_id = 0;
  end_with_timeout (
      self, VGW_END_MEDIA_TIMEOUT,
      "for too long no media and no connectivity check came, or the client did not prove that it receives");
  return G_SOURCE_REMOVE;
}

static gboolean
on_max_duration (gpointer user_data)
{
  VgwSession *self = user_data;

  self->duration_timer_id = 0;
  vgw_session_end (self, VGW_END_MAX_DURATION);
  return G_SOURCE_REMOVE;
}

/* 0 ms: no bound. */
static void
set_state_timer (VgwSession *self, guint interval_ms, GSourceFunc func)
{
  g_clear_handle_id (&self->state_timer_id, g_source_remove);
  if (interval_ms > 0)
    self->state_timer_id = g_timeout_add (interval_ms, func, self);
}

static void
enter_active (VgwSession *self)
{
  guint timeout_ms = self->context->limits.media_timeout_ms;
  guint interval_ms = MIN (timeout_ms / WATCHDOG_POLLS_PER_TIMEOUT, WATCHDOG_MAX_INTERVAL_MS);

  self->active_mono_us = g_get_monotonic_time ();
  set_state_timer (self, timeout_ms > 0 ? MAX (interval_ms, 1) : 0, on_watchdog);
  vgw_conversation_start (self->conversation);
}

static void
enter_ending (VgwSession *self)
{
  vgw_session_finish_outbox (self);
  g_clear_handle_id (&self->state_timer_id, g_source_remove);
  g_clear_handle_id (&self->duration_timer_id, g_source_remove);
  g_ptr_array_set_size (self->early_candidates, 0);
  vgw_session_drop_peer (self);
  vgw_conversation_stop (self->conversation, vgw_end_reason_to_string (self->end_reason));
}

static void
enter_ended (VgwSession *self)
{
  const char *reason = vgw_end_reason_to_string (self->end_reason);
  VgwSessionFacts facts;

  if (self->started_at_us != 0)
    {
      fill_facts (self, &facts);
      vgw_manager_deregister_session (self->context->manager, &facts);
    }
  vgw_log_end_session (self->id);
  vgw_session_emit (self, vgw_message_new_state ("ended", reason));
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, self->end_reason);
}

/* From the offer on, until the peer has all its threads. */
static gboolean
is_setting_up (VgwSessionState state)
{
  return state == VGW_SESSION_NEGOTIATING || state == VGW_SESSION_CONNECTING;
}

/* The only writer of `state`. An entry action may move on to the next state, so it comes last. */
static void
set_state (VgwSession *self, VgwSessionState state)
{
  vgw_landmark (self->id, "%s → %s", vgw_session_state_to_string (self->state), vgw_session_state_to_string (state));
  if (is_setting_up (self->state) && !is_setting_up (state) && self->context->capacity != NULL)
    vgw_capacity_end_peer (self->context->capacity);
  self->state = state;

  switch (state)
    {
    case VGW_SESSION_NEW:
      set_state_timer (self, self->context->limits.offer_timeout_ms, on_offer_timeout);
      break;
    case VGW_SESSION_NEGOTIATING:
      self->offer_mono_us = g_get_monotonic_time ();
      set_state_timer (self, self->context->limits.connect_timeout_ms, on_connect_timeout);
      break;
    case VGW_SESSION_CONNECTING: /* the timer goes on: the bound is from the offer to the connection */
      vgw_session_emit (self, vgw_message_new_state ("connecting", NULL));
      break;
    case VGW_SESSION_ACTIVE:
      enter_active (self);
      break;
    case VGW_SESSION_ENDING:
      enter_ending (self);
      break;
    case VGW_SESSION_ENDED:
      enter_ended (self);
      break;
    }
}

/* A session that is dropped without an end ends now, but nobody hears of it any more except its manager: whoever
 * dropped it may be on the way out too. */
static void
vgw_session_dispose (GObject *object)
{
  g_signal_handlers_destroy (object);
  vgw_session_end (VGW_SESSION (object), VGW_END_ERROR);
  G_OBJECT_CLASS (vgw_session_parent_class)->dispose (object);
}

static void
vgw_session_finalize (GObject *object)
{
  VgwSession *self = VGW_SESSION (object);

  vgw_session_clear_outbox (self);
  g_ptr_array_unref (self->early_candidates);
  g_ptr_array_unref (self->held_candidates);
  g_free (self->codec);
  g_free (self->id);
  g_object_unref (self->conversation);
  g_clear_pointer (&self->grant, vgw_grant_unref);
  G_OBJECT_CLASS (vgw_session_parent_class)->finalize (object);
}

static void
vgw_session_class_init (VgwSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_session_dispose;
  object_class->finalize = vgw_session_finalize;
  signals[SIGNAL_OUTGOING] = g_signal_new ("outgoing", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_ACTIVE] =
      g_signal_new ("active", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[SIGNAL_ENDED] =
      g_signal_new ("ended", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
vgw_session_init (VgwSession *self)
{
  self->state = VGW_SESSION_NEW;
  g_queue_init (&self->outbox);
  self->id = vgw_random_base64url (ID_BYTES);
  self->early_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_message_free);
  self->held_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_message_free);
}

gboolean
vgw_session_advance (VgwSession *self, VgwSessionInput event, GError **error)
{
  VgwSessionState next;

  if (!vgw_session_state_next (self->state, event, &next))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "%s: not while the session is %s",
                   vgw_session_input_to_string (event), vgw_session_state_to_string (self->state));
      return FALSE;
    }
  set_state (self, next);
  return TRUE;
}

gboolean
vgw_session_is_over (VgwSession *self)
{
  return self->state == VGW_SESSION_ENDING || self->state == VGW_SESSION_ENDED;
}

void
vgw_session_emit (VgwSession *self, VgwMessage *message)
{
  g_autoptr (VgwMessage) owned = message;

  g_signal_emit (self, signals[SIGNAL_OUTGOING], 0, owned);
}

void
vgw_session_report (VgwSession *self, const GError *error)
{
  if (vgw_session_is_over (self))
    return;
  vgw_info (self->id, "refused (%s): %s", vgw_error_to_wire (error), error->message);
  vgw_session_emit (self, vgw_message_new_error (error, FALSE));
}

void
vgw_session_fail (VgwSession *self, VgwEndReason reason, const GError *error)
{
  g_autoptr (VgwSession) keep = NULL;

  if (vgw_session_is_over (self))
    return;

  keep = g_object_ref (self);
  vgw_warning (self->id, "failed (%s): %s", vgw_error_to_wire (error), error->message);
  vgw_session_emit (self, vgw_message_new_error (error, TRUE));
  vgw_session_end (self, reason);
}

void
vgw_session_tell_manager (VgwSession *self)
{
  VgwSessionFacts facts;

  fill_facts (self, &facts);
  vgw_manager_update_session (self->context->manager, &facts);
}

static void
handle_started (VgwSession *self)
{
  vgw_session_tell_manager (self);
  g_signal_emit (self, signals[SIGNAL_ACTIVE], 0, self->active_mono_us - self->offer_mono_us);
  vgw_session_emit (self, vgw_message_new_state ("active", NULL));
}

static gboolean
on_conversation_report (const VgwConversationReport *report, gpointer user_data)
{
  g_autoptr (VgwSession) self = g_object_ref (user_data);

  switch (report->type)
    {
    case VGW_CONVERSATION_STARTED:
      handle_started (self);
      break;
    case VGW_CONVERSATION_ENGINE_EVENT:
      if (!vgw_session_has_room_for_event (self, strlen (report->json)))
        return FALSE;
      vgw_session_tell_client (self, report->json);
      break;
    case VGW_CONVERSATION_NOTICE:
      vgw_session_tell_client (self, report->json);
      break;
    case VGW_CONVERSATION_EVENT_REFUSED:
      vgw_session_emit (self, vgw_message_new_error (report->error, FALSE));
      break;
    case VGW_CONVERSATION_ENGINE_CHANGED:
      vgw_session_tell_manager (self);
      break;
    case VGW_CONVERSATION_HUNG_UP:
      vgw_session_end (self, VGW_END_ENGINE);
      break;
    case VGW_CONVERSATION_FAILED:
      vgw_session_fail (self, VGW_END_ENGINE, report->error);
      break;
    }
  return TRUE;
}

VgwConversation *
vgw_session_get_conversation (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->conversation;
}

VgwSession *
vgw_session_new (const VgwSessionContext *context, VgwGrant *grant)
{
  VgwSession *self;

  g_return_val_if_fail (context != NULL && grant != NULL, NULL);

  self = g_object_new (VGW_TYPE_SESSION, NULL);
  self->context = context;
  self->grant = vgw_grant_ref (grant);
  self->conversation = vgw_conversation_new (
      &(VgwConversationSettings){
          .session_id = self->id,
          .grant = grant,
          .media = context->media,
          .engines = &context->engine_shared,
          .max_events_per_second = context->limits.max_events_per_second,
          .max_event_bytes = context->limits.max_message_bytes,
      },
      on_conversation_report, self);
  return self;
}

/* Of two bounds, 0 being none. */
static guint
shorter (guint a, guint b)
{
  return a == 0 || b == 0 ? MAX (a, b) : MIN (a, b);
}

void
vgw_session_start (VgwSession *self)
{
  const VgwSessionSettingsLimits *limits = &self->context->limits;
  guint max_duration_s;
  VgwMessage *message;
  VgwSessionFacts facts;

  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (self->started_at_us == 0);

  if (vgw_session_is_over (self))
    return;

  self->started_at_us = g_get_real_time ();
  self->started_mono_us = g_get_monotonic_time ();
  max_duration_s = shorter (limits->max_duration_s, self->grant->max_duration_s);
  vgw_log_begin_session (self->id, self->grant->address);
  set_state_timer (self, limits->offer_timeout_ms, on_offer_timeout);
  if (max_duration_s > 0)
    self->duration_timer_id = g_timeout_add_seconds (max_duration_s, on_max_duration, self);
  fill_facts (self, &facts);
  vgw_manager_register_session (self->context->manager, &facts);

  message = vgw_message_new (VGW_MESSAGE_SESSION);
  message->session_id = g_strdup (self->id);
  message->engines = g_strdupv (self->grant->engines);
  message->engine = g_strdup (vgw_conversation_get_config (self->conversation)->name);
  if (self->context->client_ice_servers != NULL)
    message->ice_servers = g_ptr_array_ref (self->context->client_ice_servers);
  message->limits = (VgwSessionLimits){
    .max_message_bytes = limits->max_message_bytes,
    .max_candidates = limits->max_candidates,
    .max_data_channels = limits->max_data_channels,
    .max_duration_s = max_duration_s,
  };
  vgw_session_emit (self, message);
}

void
vgw_session_end (VgwSession *self, VgwEndReason reason)
{
  g_autoptr (VgwSession) keep = NULL;

  g_return_if_fail (VGW_IS_SESSION (self));

  if (vgw_session_is_over (self))
    return;

  keep = g_object_ref (self);
  self->end_reason = reason;
  vgw_session_advance (self, VGW_INPUT_END, NULL);
  vgw_session_advance (self, VGW_INPUT_STOPPED, NULL);
}

const char *
vgw_session_get_id (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->id;
}

const char *
vgw_session_get_client_address (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->grant->address;
}

VgwSessionState
vgw_session_get_state (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), VGW_SESSION_ENDED);
  return self->state;
}

void
vgw_session_get_facts (VgwSession *self, VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  fill_facts (self, facts);
}

void
vgw_session_get_playout_stats (VgwSession *self, VgwPlayoutStats *stats)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  vgw_conversation_get_playout_stats (self->conversation, stats);
}
