#include "session/vgw-session.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-random.h"
#include "session/vgw-legs.h"
#include "session/vgw-session-message.h"
#include "session/vgw-session-timers.h"

#define ID_BYTES 16                    /* 128 bits: an id cannot be guessed */
#define MAX_LOGGED_UNKNOWN_MESSAGES 10 /* a client cannot fill the log */

struct _VgwSession
{
  GObject parent_instance;

  const VgwSessionContext *context;
  char *id;
  VgwGrant *grant;
  VgwSessionState state;
  VgwSessionPhase phase;   /* as vgw_session_get_phase () when something last changed */
  VgwEndReason end_reason; /* from ENDING on */
  gint64 started_at_us;    /* g_get_real_time (); 0 before start () */
  gint64 started_mono_us;

  VgwConversation *conversation;
  VgwLegs *legs;
  VgwOutbox *outbox;
  VgwSessionTimers *timers;

  guint n_unknown_messages;
};

enum
{
  SIGNAL_OUTGOING,
  SIGNAL_ACTIVE,
  SIGNAL_ENDED,
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

static void
send_state (VgwSession *self, const char *name)
{
  vgw_outbox_queue (self->outbox, vgw_message_new_state (name, NULL));
}

/* An error that the session survives. */
static void
send_error (VgwSession *self, const GError *error)
{
  if (is_over (self))
    return;
  vgw_info (self->id, "refused (%s): %s", vgw_error_to_wire (error), error->message);
  vgw_outbox_queue (self->outbox, vgw_message_new_error (error, FALSE));
}

static void G_GNUC_PRINTF (3, 4) refuse (VgwSession *self, VgwErrorCode code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (VGW_ERROR, code, format, args);
  va_end (args);
  send_error (self, error);
}

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
  switch (output->type)
    {
    case VGW_OUTPUT_MESSAGE:
      g_signal_emit (owner, signals[SIGNAL_OUTGOING], 0, output->message);
      break;
    case VGW_OUTPUT_ENDED:
      g_signal_emit (owner, signals[SIGNAL_ENDED], 0, output->reason);
      break;
    }
}

static void
update_manager (VgwSession *self)
{
  VgwSessionFacts facts;

  vgw_session_get_facts (self, &facts);
  vgw_manager_update_session (self->context->manager, &facts);
}

/* Media passes, on the first leg or on another one. */
static void
send_active (VgwSession *self)
{
  update_manager (self);
  send_state (self, "active");
}

/* --- states --- */

static void
on_timeout (VgwEndReason reason, const char *message, gpointer user_data)
{
  VgwSession *self = user_data;
  g_autoptr (GError) error = NULL;

  if (message == NULL)
    {
      vgw_session_end (self, reason);
      return;
    }
  error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TIMEOUT, message);
  fail (self, reason, error);
}

static gint64
get_activity_us (gpointer user_data)
{
  VgwSession *self = user_data;

  VgwLeg *leg = vgw_legs_get_current (self->legs);

  return MAX (vgw_peer_get_last_activity_us (vgw_leg_get_peer (leg)), vgw_leg_get_connected_us (leg));
}

/* Follows the states of the session and its current leg. */
static void
update_phase (VgwSession *self)
{
  VgwSessionPhase phase = vgw_session_get_phase (self);

  if (phase == self->phase)
    return;
  vgw_landmark (self->id, "%s → %s", vgw_session_phase_to_string (self->phase), vgw_session_phase_to_string (phase));
  self->phase = phase;
  vgw_session_timers_enter (self->timers, phase);
}

/* Also from ACTIVE: another leg has taken over. */
static void
enter_active (VgwSession *self)
{
  VgwPeer *peer = vgw_leg_get_peer (vgw_legs_get_current (self->legs));

  vgw_peer_attach (peer, vgw_conversation_get_bridge (self->conversation));
  vgw_outbox_set_peer (self->outbox, peer);
  vgw_caller_speech_set_voice (vgw_conversation_get_speech (self->conversation), FALSE); /* the peer reports it anew */
  if (!vgw_conversation_start (self->conversation))
    send_active (self);
}

static void
enter_ending (VgwSession *self)
{
  vgw_outbox_set_peer (self->outbox, NULL);
  vgw_legs_close (self->legs);
  vgw_conversation_stop (self->conversation, vgw_end_reason_to_string (self->end_reason));
}

static void
enter_ended (VgwSession *self)
{
  VgwSessionFacts facts;

  if (self->started_at_us != 0)
    {
      vgw_session_get_facts (self, &facts);
      vgw_manager_deregister_session (self->context->manager, &facts);
    }
  vgw_log_end_session (self->id);
  vgw_outbox_end (self->outbox, self->end_reason);
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

void
vgw_session_end (VgwSession *self, VgwEndReason reason)
{
  g_return_if_fail (VGW_IS_SESSION (self));

  if (is_over (self))
    return;
  self->end_reason = reason;
  set_state (self, VGW_INPUT_END);
  set_state (self, VGW_INPUT_STOPPED);
}

/* --- the conversation --- */

static gboolean
on_conversation_report (const VgwConversationReport *report, gpointer user_data)
{
  VgwSession *self = user_data;
  VgwLeg *leg = vgw_legs_get_current (self->legs);

  switch (report->type)
    {
    case VGW_CONVERSATION_STARTED:
      g_signal_emit (self, signals[SIGNAL_ACTIVE], 0, vgw_leg_get_connected_us (leg) - vgw_leg_get_offered_us (leg));
      send_active (self);
      break;
    case VGW_CONVERSATION_ENGINE_EVENT:
      return vgw_outbox_queue_event (self->outbox, report->json, FALSE);
    case VGW_CONVERSATION_NOTICE:
      vgw_outbox_queue_event (self->outbox, report->json, TRUE);
      break;
    case VGW_CONVERSATION_EVENT_REFUSED:
      vgw_outbox_queue (self->outbox, vgw_message_new_error (report->error, FALSE));
      break;
    case VGW_CONVERSATION_ENGINE_CHANGED:
      update_manager (self);
      break;
    case VGW_CONVERSATION_HUNG_UP:
      vgw_session_end (self, VGW_END_ENGINE);
      break;
    case VGW_CONVERSATION_FAILED:
      fail (self, VGW_END_ENGINE, report->error);
      break;
    }
  return TRUE;
}

/* --- the legs --- */

static VgwEndReason
reason_of_failure (VgwSession *self, const GError *error)
{
  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED))
    return VGW_END_FINGERPRINT_MISMATCH;
  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_FLOOD))
    return VGW_END_FLOOD;
  if (!g_error_matches (error, VGW_ERROR, VGW_ERROR_TIMEOUT) || self->phase == VGW_PHASE_NEGOTIATING)
    return VGW_END_ERROR; /* webrtcbin that makes no answer in time is not the client's network */
  return self->state == VGW_SESSION_ACTIVE ? VGW_END_MEDIA_TIMEOUT : VGW_END_CONNECT_TIMEOUT;
}

/* There will be no answer to it, or no connection. */
static void
refuse_offer (VgwSession *self, const GError *error)
{
  VgwMessage *message = vgw_message_new_error (error, FALSE);

  update_phase (self);
  vgw_info (self->id, "refused the offer (%s): %s", vgw_error_to_wire (error), error->message);
  message->about = g_strdup ("offer");
  vgw_outbox_queue (self->outbox, message);
}

static void
on_leg_report (const VgwLegReport *report, gpointer user_data)
{
  VgwSession *self = user_data;
  const VgwTrack *track = report->track;

  switch (report->type)
    {
    case VGW_LEG_REPORT_ANSWER:
      update_phase (self);
      vgw_outbox_queue (self->outbox, vgw_message_new_sdp (VGW_MESSAGE_ANSWER, report->sdp));
      if (self->state == VGW_SESSION_NEW)
        send_state (self, "connecting");
      break;
    case VGW_LEG_REPORT_REJECTED:
      refuse_offer (self, report->error);
      break;
    case VGW_LEG_REPORT_REFUSED:
      send_error (self, report->error);
      break;
    case VGW_LEG_REPORT_CANDIDATE:
      vgw_outbox_queue (self->outbox, vgw_message_new_candidate (report->candidate.text, report->candidate.mid,
                                                                 (int) report->candidate.mline_index));
      break;
    case VGW_LEG_REPORT_TRACK:
      vgw_outbox_queue (self->outbox, vgw_message_new_track (track->kind, track->codec, track->clock_rate_hz,
                                                             track->ssrc, track->mid));
      break;
    case VGW_LEG_REPORT_CONNECTED:
      set_state (self, VGW_INPUT_CONNECTED);
      break;
    case VGW_LEG_REPORT_EVENT:
      vgw_conversation_handle_event (self->conversation, report->text);
      break;
    case VGW_LEG_REPORT_KEY:
      vgw_conversation_handle_dtmf (self->conversation, report->key.digit, report->key.duration_ms);
      break;
    case VGW_LEG_REPORT_VOICE:
      vgw_caller_speech_set_voice (vgw_conversation_get_speech (self->conversation), report->has_voice);
      break;
    case VGW_LEG_REPORT_FAILED:
      fail (self, reason_of_failure (self, report->error), report->error);
      break;
    case VGW_LEG_REPORT_LATE:
      fail (self, VGW_END_CONNECT_TIMEOUT, report->error);
      break;
    case VGW_LEG_REPORT_CLOSED:
      vgw_session_end (self, VGW_END_CLIENT_BYE);
      break;
    }
}

/* --- the client's messages --- */

static void
handle_offer (VgwSession *self, const VgwMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (message->sdp == NULL)
    {
      refuse (self, VGW_ERROR_BAD_MESSAGE, "offer: \"sdp\" is missing");
      return;
    }
  if (!vgw_conversation_prepare (self->conversation, &error))
    {
      fail (self, VGW_END_ENGINE, error);
      return;
    }
  if (vgw_legs_handle_offer (self->legs, message->sdp,
                             vgw_bridge_get_format (vgw_conversation_get_bridge (self->conversation)),
                             vgw_caller_speech_wants_voice (vgw_conversation_get_speech (self->conversation)), &error))
    update_phase (self);
  else if (self->phase == VGW_PHASE_NEW)
    fail (self, VGW_END_ERROR, error);
  else
    refuse_offer (self, error);
}

static void
handle_event (VgwSession *self, const VgwMessage *message)
{
  if (vgw_session_get_phase (self) == VGW_PHASE_NEW)
    refuse (self, VGW_ERROR_BAD_STATE, "events cannot be sent before the offer");
  else if (message->event_json == NULL)
    refuse (self, VGW_ERROR_BAD_MESSAGE, "event: the payload is missing");
  else
    vgw_conversation_handle_event (self->conversation, message->event_json);
}

static void
ignore_unknown (VgwSession *self, const VgwMessage *message)
{
  if (self->n_unknown_messages >= MAX_LOGGED_UNKNOWN_MESSAGES)
    return;
  self->n_unknown_messages++;
  vgw_info (self->id, "ignored a message of unknown type \"%.64s\"", message->name != NULL ? message->name : "");
}

void
vgw_session_handle (VgwSession *self, const VgwMessage *message)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (message != NULL);

  if (is_over (self))
    return;
  switch (message->type)
    {
    case VGW_MESSAGE_OFFER:
      handle_offer (self, message);
      break;
    case VGW_MESSAGE_CANDIDATE:
      vgw_legs_handle_candidate (self->legs, message->candidate, message->sdp_mid, message->sdp_mline_index);
      break;
    case VGW_MESSAGE_EVENT:
      handle_event (self, message);
      break;
    case VGW_MESSAGE_BYE:
      vgw_session_end (self, VGW_END_CLIENT_BYE);
      break;
    case VGW_MESSAGE_UNKNOWN:
      ignore_unknown (self, message);
      break;
    case VGW_MESSAGE_ANSWER:
      refuse (self, VGW_ERROR_BAD_STATE, "answer: the gateway made no offer");
      break;
    case VGW_MESSAGE_SESSION:
    case VGW_MESSAGE_STATE:
    case VGW_MESSAGE_TRACK:
    case VGW_MESSAGE_ERROR:
      refuse (self, VGW_ERROR_BAD_MESSAGE, "only the gateway sends messages of this type");
      break;
    }
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

  if (!is_fatal)
    {
      send_error (self, error);
      return;
    }
  fail (self, VGW_END_ERROR, error);
  vgw_outbox_flush (self->outbox);
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

  g_clear_pointer (&self->timers, vgw_session_timers_free);
  g_clear_pointer (&self->outbox, vgw_outbox_free);
  g_clear_pointer (&self->legs, vgw_legs_free);
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
  signals[SIGNAL_ENDED] =
      g_signal_new ("ended", VGW_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
vgw_session_init (VgwSession *self)
{
  self->id = vgw_random_base64url (ID_BYTES);
}

VgwSession *
vgw_session_new (const VgwSessionContext *context, VgwGrant *grant)
{
  VgwSession *self;

  g_return_val_if_fail (context != NULL && grant != NULL, NULL);

  self = g_object_new (VGW_TYPE_SESSION, NULL);
  self->context = context;
  self->grant = vgw_grant_ref (grant);
  self->conversation = vgw_conversation_new (context, grant, self->id, on_conversation_report, self);
  self->legs = vgw_legs_new (context, self->id, on_leg_report, self);
  self->timers = vgw_session_timers_new (&context->limits, on_timeout, get_activity_us, self);
  self->outbox = vgw_outbox_new (G_OBJECT (self), &context->limits, self->id, on_output);
  return self;
}

void
vgw_session_start (VgwSession *self)
{
  guint max_duration_s;
  VgwSessionFacts facts;

  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (self->started_at_us == 0);

  if (is_over (self))
    return;
  self->started_at_us = g_get_real_time ();
  self->started_mono_us = g_get_monotonic_time ();
  max_duration_s = vgw_grant_get_max_duration_s (self->grant, self->context->limits.max_duration_s);
  vgw_log_begin_session (self->id, self->grant->address);
  vgw_session_timers_enter (self->timers, self->phase);
  vgw_session_timers_set_duration (self->timers, max_duration_s);
  vgw_session_get_facts (self, &facts);
  vgw_manager_register_session (self->context->manager, &facts);

  vgw_outbox_queue (self->outbox,
                    vgw_session_message_new (self->context, self->grant, self->id,
                                             vgw_conversation_get_config (self->conversation)->name, max_duration_s));
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

const char *
vgw_session_get_client_address (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->grant->address;
}

VgwSessionPhase
vgw_session_get_phase (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), VGW_PHASE_ENDED);
  return vgw_session_phase_of (self->state, vgw_leg_get_state (vgw_legs_get_current (self->legs)));
}

void
vgw_session_get_facts (VgwSession *self, VgwSessionFacts *facts)
{
  g_return_if_fail (VGW_IS_SESSION (self));

  *facts = (VgwSessionFacts){
    .session_id = self->id,
    .client_address = self->grant->address,
    .identity = self->grant->identity,
    .engine = vgw_conversation_get_config (self->conversation)->name,
    .state = vgw_session_phase_to_string (vgw_session_get_phase (self)),
    .codec = vgw_leg_get_codec (vgw_legs_get_current (self->legs)),
    .reason = is_over (self) ? vgw_end_reason_to_string (self->end_reason) : NULL,
    .started_at_us = self->started_at_us,
    .duration_ms =
        self->started_at_us != 0 ? (g_get_monotonic_time () - self->started_mono_us) / G_TIME_SPAN_MILLISECOND : 0,
  };
}

VgwConversation *
vgw_session_get_conversation (VgwSession *self)
{
  g_return_val_if_fail (VGW_IS_SESSION (self), NULL);
  return self->conversation;
}
