#include "session/vgw-session.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "session/vgw-attachment.h"
#include "session/vgw-client-input.h"
#include "session/vgw-pause-watch.h"
#include "session/vgw-registration.h"
#include "session/vgw-session-timers.h"

struct _VgwSession
{
  GObject parent_instance;

  const VgwSessionContext *context;
  char *id;
  VgwGrant *grant;
  VgwSessionState state;
  VgwSessionReport report; /* with the phase of when something last changed */
  gboolean is_closed;      /* the last leg that was lost, by the client */
  VgwConversation *conversation;
  VgwLegs *legs;
  VgwOutbox *outbox;
  VgwClientChannel *channel; /* (nullable) */
  VgwClientInput input;
  VgwAttachment attachment;
  VgwRegistration *registration;
  VgwSessionTimers *timers;
  VgwPauseWatch *pause_watch; /* until ENDING */
};

enum
{
  SIGNAL_OUTGOING,
  SIGNAL_ACTIVE,
  SIGNAL_REPORT,
  SIGNAL_ENDED,
  SIGNAL_REPLACED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];
G_DEFINE_FINAL_TYPE (VgwSession, vgw_session, G_TYPE_OBJECT)

static gboolean
is_over (VgwSession *self)
{
  return self->state == VGW_SESSION_ENDING || self->state == VGW_SESSION_ENDED;
}

/* --- what the client and the manager are told --- */

/* An error that the session does not survive. */
static void
fail (VgwSession *self, VgwEndReason reason, const GError *error)
{
  if (is_over (self))
    return;
  vgw_warning (self->id, "failed (%s): %s", vgw_error_to_wire (error), error->message);
  vgw_outbox_queue (self->outbox, vgw_message_new_error (error, TRUE));
  vgw_session_end (self, reason);
}

static void
on_output (const VgwOutput *output, gpointer owner)
{
  if (output->type == VGW_OUTPUT_MESSAGE)
    g_signal_emit (owner, signals[SIGNAL_OUTGOING], 0, output->message);
  else
    g_signal_emit (owner, signals[SIGNAL_ENDED], 0, output->reason);
}

static void
announce (VgwSession *self, const char *state)
{
  vgw_registration_update (self->registration);
  vgw_outbox_queue (self->outbox, vgw_message_new_state (state, NULL));
}

/* --- states --- */

static void
on_timeout (VgwEndReason reason, const char *message, gpointer user_data)
{
  VgwSession *self = user_data;
  g_autoptr (GError) error = NULL;

  if (reason == VGW_END_WEBSOCKET_CLOSED && self->attachment.is_attached)
    {
      reason = self->is_closed ? VGW_END_CLIENT_BYE : VGW_END_MEDIA_TIMEOUT;
      message = self->is_closed ? NULL : "no new connection came in time";
    }
  if (message == NULL)
    {
      if (self->channel == NULL || !vgw_client_channel_take_end (self->channel, reason))
        vgw_session_end (self, reason);
      return;
    }
  error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TIMEOUT, message);
  fail (self, reason, error);
}

/* A client that has returned has time to bring media back, and so has one whose next connection is being made. */
static gint64
get_activity_us (gpointer user_data)
{
  VgwSession *self = user_data;

  if (vgw_legs_has_next (self->legs) && self->context->limits.connect_timeout_ms > 0)
    return g_get_monotonic_time ();
  return MAX (vgw_legs_get_media_us (self->legs), self->attachment.attached_us);
}

/* The client has closed its connection: its end, or the beginning of another one. */
static gboolean
has_lost_leg (VgwSession *self)
{
  return self->state == VGW_SESSION_ACTIVE && vgw_leg_get_state (vgw_legs_get_current (self->legs)) == VGW_LEG_CLOSED;
}

/* Follows the states of the session and its current leg. */
static void
update_phase (VgwSession *self)
{
  VgwSessionPhase phase = vgw_session_get_phase (self);

  if (!vgw_session_history_enter (&self->report.history, self->id, phase))
    return;
  vgw_session_timers_enter (self->timers, phase);
  if (self->pause_watch != NULL)
    vgw_pause_watch_enter (self->pause_watch, phase);
}

static void
enter_ended (VgwSession *self)
{
  if (self->report.history.started_at_us != 0)
    vgw_registration_end (self->registration);
  vgw_attachment_end (&self->attachment);
  vgw_log_end_session (self->id);
  vgw_outbox_end (self->outbox, self->report.end_reason);
}

/* The only writer of `state`. An entry action may move on to the next state, so it comes last. */
static void
set_state (VgwSession *self, VgwSessionInput input)
{
  VgwSessionState next;

  if (!vgw_session_state_next (self->state, input, &next))
    {
      vgw_warning (self->id, "%s: not allowed while the session is %s", vgw_session_input_to_string (input),
                   vgw_session_state_to_string (self->state));
      return;
    }
  self->state = next;
  update_phase (self);
  switch (next)
    {
    case VGW_SESSION_NEW:
      break;
    case VGW_SESSION_ACTIVE:
      if (!vgw_conversation_start (self->conversation)) /* another leg has taken over */
        announce (self, "active");
      break;
    case VGW_SESSION_RECOVERING:
      announce (self, "recovering");
      break;
    case VGW_SESSION_ENDING:
      vgw_legs_close (self->legs);
      vgw_conversation_stop (self->conversation, vgw_end_reason_to_string (self->report.end_reason));
      break;
    case VGW_SESSION_ENDED:
      enter_ended (self);
      break;
    }
}

void
vgw_session_end (VgwSession *self, VgwEndReason reason)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  if (is_over (self))
    return;
  self->report.end_reason = has_lost_leg (self) ? VGW_END_CLIENT_BYE : reason; /* the first one counts */
  g_clear_pointer (&self->pause_watch, vgw_pause_watch_free);
  set_state (self, VGW_INPUT_END);
  set_state (self, VGW_INPUT_STOPPED);
}

/* --- the conversation --- */

static gboolean
on_conversation_report (const VgwConversationReport *report, gpointer user_data)
{
  VgwSession *self = user_data;
  VgwLeg *leg = vgw_legs_get_current (self->legs);

  if (report->type == VGW_CONVERSATION_TURN)
    vgw_session_report_turn (&self->report, vgw_session_get_phase (self), report->turn);
  g_signal_emit (self, signals[SIGNAL_REPORT], 0, report);
  if (self->channel != NULL && (vgw_client_channel_take_report (self->channel, report) || is_over (self)))
    return TRUE;
  switch (report->type)
    {
    case VGW_CONVERSATION_STARTED:
      g_signal_emit (self, signals[SIGNAL_ACTIVE], 0, vgw_leg_get_connected_us (leg) - vgw_leg_get_offered_us (leg));
      announce (self, "active");
      break;
    case VGW_CONVERSATION_ENGINE_EVENT:
      return vgw_outbox_queue_event (self->outbox, report->json, FALSE);
    case VGW_CONVERSATION_NOTICE:
      return vgw_outbox_queue_event (self->outbox, report->json, TRUE);
    case VGW_CONVERSATION_EVENT_REFUSED:
      vgw_outbox_queue (self->outbox, vgw_message_new_error (report->error, FALSE));
      break;
    case VGW_CONVERSATION_ENGINE_CHANGED:
      vgw_session_history_add (&self->report.history, "engine",
                               g_intern_string (vgw_conversation_get_config (self->conversation)->name));
      vgw_registration_update (self->registration);
      break;
    case VGW_CONVERSATION_HUNG_UP:
      vgw_session_end (self, VGW_END_ENGINE);
      break;
    case VGW_CONVERSATION_FAILED:
      fail (self, VGW_END_ENGINE, report->error);
      break;
    case VGW_CONVERSATION_TURN:
    case VGW_CONVERSATION_SPEECH:
    case VGW_CONVERSATION_PLAYOUT:
    case VGW_CONVERSATION_KEY:
    case VGW_CONVERSATION_MOMENT:
      break; /* only for a channel */
    }
  return TRUE;
}

/* --- the legs --- */

/* The current leg is over; @error is NULL where the client has closed it. It may come back, where it can. */
static void
handle_lost_leg (VgwSession *self, const GError *error)
{
  VgwEndReason reason = vgw_end_reason_of_failure (error, self->state, self->report.history.phase);

  self->is_closed = error == NULL;
  if (self->state != VGW_SESSION_ACTIVE || (error != NULL && self->grant->has_one_offer)
      || self->context->session.resume_grace_ms == 0
      || (reason != VGW_END_CLIENT_BYE && reason != VGW_END_MEDIA_TIMEOUT))
    {
      if (error != NULL)
        fail (self, reason, error);
      vgw_session_end (self, reason);
      return;
    }
  vgw_info (self->id, "the connection is lost: %s", error != NULL ? error->message : "closed by the client");
  vgw_legs_close_current (self->legs);
  if (error == NULL && self->attachment.is_attached && !self->grant->may_return && !vgw_legs_has_next (self->legs))
    vgw_session_timers_expect_end (self->timers);
  else
    set_state (self, VGW_INPUT_LOST);
}

static void
on_legs_report (VgwLegsReport report, const GError *error, gpointer user_data)
{
  VgwSession *self = user_data;

  switch (report)
    {
    case VGW_LEGS_ANSWERED:
      update_phase (self);
      if (self->state == VGW_SESSION_NEW)
        vgw_outbox_queue (self->outbox, vgw_message_new_state ("connecting", NULL));
      break;
    case VGW_LEGS_REJECTED:
      vgw_session_history_add (&self->report.history, "offer-refused", vgw_error_to_wire (error));
      update_phase (self);
      vgw_outbox_queue_refusal (self->outbox, error, "offer");
      break;
    case VGW_LEGS_CONNECTED:
      vgw_attachment_handle_connected (&self->attachment, vgw_leg_get_offered_us (vgw_legs_get_current (self->legs)));
      set_state (self, VGW_INPUT_CONNECTED);
      break;
    case VGW_LEGS_FAILED:
      handle_lost_leg (self, error);
      break;
    case VGW_LEGS_LATE:
      fail (self, VGW_END_CONNECT_TIMEOUT, error);
      break;
    case VGW_LEGS_CLOSED:
      handle_lost_leg (self, NULL);
      break;
    }
}

/* --- the client's messages --- */

static void
handle_offer (VgwSession *self, const char *sdp)
{
  g_autoptr (GError) error = NULL;

  if (has_lost_leg (self))
    set_state (self, VGW_INPUT_LOST);
  if (!vgw_conversation_prepare (self->conversation, &error))
    fail (self, VGW_END_ENGINE, error);
  else if (vgw_legs_handle_offer (self->legs, sdp, &error))
    {
      vgw_session_timers_renew_grace (self->timers);
      update_phase (self);
    }
  else if (self->report.history.phase == VGW_PHASE_NEW)
    fail (self, VGW_END_ERROR, error);
  else
    vgw_outbox_queue_refusal (self->outbox, error, "offer");
}

void
vgw_session_handle (VgwSession *self, const VgwMessage *message)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (message != NULL);
  if (is_over (self))
    return;
  if (message->type == VGW_MESSAGE_BYE)
    vgw_session_end (self, VGW_END_CLIENT_BYE);
  else if (vgw_registration_hold (self->registration, message))
    return;
  else if (message->type == VGW_MESSAGE_OFFER && message->sdp != NULL)
    handle_offer (self, message->sdp);
  else
    vgw_client_input_handle (&self->input, message);
}

VgwSdpFragment *
vgw_session_restart_ice (VgwSession *self, const VgwSdpFragment *remote, GError **error)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return vgw_legs_restart_ice (self->legs, remote, error);
}

void
vgw_session_handle_bad_message (VgwSession *self, const GError *error, gboolean is_fatal)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (error != NULL);
  if (is_over (self))
    return;
  if (is_fatal)
    {
      fail (self, VGW_END_ERROR, error);
      vgw_outbox_flush (self->outbox);
    }
  else
    vgw_outbox_queue_refusal (self->outbox, error, NULL);
}

/* --- life --- */

/* A session that is dropped without an end ends now. Only the manager is notified: the owner may be going, too. */
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

  g_clear_pointer (&self->registration, vgw_registration_free);
  g_clear_pointer (&self->timers, vgw_session_timers_free);
  g_clear_pointer (&self->legs, vgw_legs_free);
  g_clear_pointer (&self->channel, vgw_client_channel_free);
  g_clear_pointer (&self->outbox, vgw_outbox_free);
  g_clear_object (&self->conversation);
  g_clear_pointer (&self->grant, vgw_grant_unref);
  g_free (self->id);
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
  signals[SIGNAL_REPORT] =
      g_signal_new ("report", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_ENDED] =
      g_signal_new ("ended", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SIGNAL_REPLACED] =
      g_signal_new ("replaced", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_session_init (VgwSession *self)
{
}

static void
on_admitted (VgwSession *self)
{
  vgw_session_timers_enter (self->timers, self->report.history.phase);
  vgw_attachment_begin (&self->attachment, vgw_conversation_get_config (self->conversation)->name);
}

static const VgwRegistrationFuncs registration_funcs = { on_admitted, fail, vgw_session_handle };

VgwSession *
vgw_session_new (const VgwSessionContext *context, VgwGrant *grant)
{
  VgwSession *self;

  g_return_val_if_fail (context != NULL && grant != NULL, NULL);
  self = g_object_new (VGW_TYPE_SESSION, NULL);
  self->context = context;
  self->id = vgw_node_ids_make (context->node_ids);
  self->grant = vgw_grant_ref (grant);
  self->conversation = vgw_conversation_new (context, grant, self->id, on_conversation_report, self);
  self->registration = vgw_registration_new (context, &self->report, self->grant, &registration_funcs, self);
  self->timers = vgw_session_timers_new (context, on_timeout, get_activity_us, self);
  self->outbox = vgw_outbox_new (G_OBJECT (self), &context->limits, self->id, on_output);
  self->legs = vgw_legs_new (context, self->id, self->conversation, self->outbox, on_legs_report, self);
  self->pause_watch = vgw_pause_watch_new (self->conversation, self->legs);
  self->input = (VgwClientInput){ self->id, self->conversation, self->legs, self->outbox, 0 };
  self->attachment =
      (VgwAttachment){ .context = context,
                       .grant = self->grant,
                       .session_id = self->id,
                       .outbox = self->outbox,
                       .max_duration_s = vgw_grant_get_max_duration_s (self->grant, context->limits.max_duration_s),
                       .is_attached = TRUE };
  self->report = (VgwSessionReport){ .manager = context->manager,
                                     .session_id = self->id,
                                     .grant = self->grant,
                                     .conversation = self->conversation,
                                     .legs = self->legs,
                                     .outbox = self->outbox,
                                     .attachment = &self->attachment };
  return self;
}

void
vgw_session_use_channel (VgwSession *self, const VgwClientChannelSetup *setup)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (self->report.history.started_at_us == 0 && self->channel == NULL);
  self->channel = vgw_client_channel_new (self, self->id, self->context, setup);
  vgw_legs_use_channel (self->legs, self->channel);
}

gboolean
vgw_session_send_text (VgwSession *self, const char *text)
{
  g_return_val_if_fail (VGW_IS_SESSION (self) && self->channel != NULL, FALSE);
  return !is_over (self) && vgw_client_channel_send (self->channel, text);
}

gboolean
vgw_session_send_event (VgwSession *self, const char *json)
{
  return self->channel == NULL && !is_over (self) && vgw_outbox_queue_event (self->outbox, json, FALSE);
}

void
vgw_session_start (VgwSession *self)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (self->report.history.started_at_us == 0);
  if (is_over (self))
    return;
  vgw_session_history_begin (&self->report.history);
  vgw_log_begin_session (self->id, self->grant->address);
  vgw_session_timers_set_duration (self->timers, self->attachment.max_duration_s);
  vgw_registration_begin (self->registration);
}

/* The door was lost, or there is another one. */
static void
follow_attachment (VgwSession *self)
{
  if (has_lost_leg (self))
    set_state (self, VGW_INPUT_LOST); /* notifies the manager, too */
  else
    {
      update_phase (self);
      vgw_registration_update (self->registration);
    }
}

void
vgw_session_detach (VgwSession *self)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  if (is_over (self) || !self->attachment.is_attached)
    return;
  vgw_attachment_lose (&self->attachment);
  if (self->state == VGW_SESSION_NEW || self->context->session.resume_grace_ms == 0)
    {
      vgw_session_end (self, VGW_END_WEBSOCKET_CLOSED);
      return;
    }
  vgw_info (self->id, "the client is lost; it has %u ms to return", self->context->session.resume_grace_ms);
  follow_attachment (self);
}

void
vgw_session_replace (VgwSession *self)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  if (is_over (self) || !self->attachment.is_attached)
    return;
  g_signal_emit (self, signals[SIGNAL_REPLACED], 0);
  vgw_attachment_lose (&self->attachment);
}

void
vgw_session_attach (VgwSession *self, gint64 last_seq)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  if (is_over (self))
    return;
  vgw_attachment_renew (&self->attachment, vgw_conversation_get_config (self->conversation)->name, last_seq);
  follow_attachment (self);
  vgw_session_timers_renew_grace (self->timers);
}

void
vgw_session_confirm (VgwSession *self)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  vgw_attachment_confirm (&self->attachment);
}

const VgwSessionReport *
vgw_session_get_report (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return &self->report;
}

void
vgw_session_get_call_stats (VgwSession *self, VgwCallStats *stats)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  vgw_session_report_get_call_stats (&self->report, stats);
}

VgwOutbox *
vgw_session_get_outbox (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->outbox;
}

const char *
vgw_session_get_id (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->id;
}

const VgwGrant *
vgw_session_get_grant (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->grant;
}

VgwSessionPhase
vgw_session_get_phase (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), VGW_PHASE_ENDED);
  return vgw_session_phase_of (self->state, vgw_leg_get_state (vgw_legs_get_current (self->legs)),
                               self->attachment.is_attached);
}

void
vgw_session_get_facts (VgwSession *self, VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  vgw_session_report_get_facts (&self->report, vgw_session_get_phase (self), facts);
}

VgwConversation *
vgw_session_get_conversation (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->conversation;
}
