#include "session/vgw-session-private.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"

#define MAX_LOGGED_UNKNOWN_MESSAGES 10 /* a client cannot fill the log */

static void
report (VgwSession *self, VgwErrorCode code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, code, text);

  vgw_session_report (self, error);
}

/* --- peer --- */

/* Between the making of the answer and its callback the main loop may bring candidates: the answer goes first. */
static void
on_peer_candidate (VgwPeer *peer, const char *candidate, const char *mid, guint mline_index, gpointer user_data)
{
  VgwSession *self = user_data;
  VgwMessage *message = vgw_message_new_candidate (candidate, mid, (int) mline_index);

  if (self->state == VGW_SESSION_NEGOTIATING)
    g_ptr_array_add (self->held_candidates, message);
  else
    vgw_session_emit (self, message);
}

static void
on_peer_track (VgwPeer *peer, const VgwTrack *track, gpointer user_data)
{
  vgw_session_emit (user_data,
                    vgw_message_new_track (track->kind, track->codec, track->clock_rate_hz, track->ssrc, track->mid));
}

static void
on_peer_connected (VgwPeer *peer, gpointer user_data)
{
  g_autoptr (VgwSession) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  if (!vgw_session_advance (self, VGW_INPUT_CONNECTED, &error))
    vgw_warning (self->id, "%s", error->message);
}

static void
on_peer_event (VgwPeer *peer, const char *text, gpointer user_data)
{
  VgwSession *self = user_data;

  vgw_conversation_handle_event (self->conversation, text);
}

static void
on_peer_dtmf (VgwPeer *peer, char digit, guint duration_ms, gpointer user_data)
{
  VgwSession *self = user_data;

  vgw_conversation_handle_dtmf (self->conversation, digit, duration_ms);
}

static void
on_peer_voice (VgwPeer *peer, gboolean has_voice, gpointer user_data)
{
  VgwSession *self = user_data;

  vgw_conversation_handle_voice (self->conversation, has_voice);
}

static void
on_peer_failed (VgwPeer *peer, const GError *error, gpointer user_data)
{
  VgwSession *self = user_data;
  VgwEndReason reason = VGW_END_ERROR;

  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED))
    reason = VGW_END_FINGERPRINT_MISMATCH;
  else if (g_error_matches (error, VGW_ERROR, VGW_ERROR_FLOOD))
    reason = VGW_END_FLOOD;
  else if (g_error_matches (error, VGW_ERROR, VGW_ERROR_TIMEOUT)) /* ICE gave up before our own timer did */
    reason = self->state == VGW_SESSION_ACTIVE ? VGW_END_MEDIA_TIMEOUT : VGW_END_CONNECT_TIMEOUT;
  vgw_session_fail (self, reason, error);
}

static void
on_peer_closed (VgwPeer *peer, gpointer user_data)
{
  vgw_session_end (user_data, VGW_END_CLIENT_BYE);
}

static void
make_peer (VgwSession *self)
{
  self->peer = vgw_peer_new (self->context->media, self->id, vgw_conversation_get_bridge (self->conversation));
  self->answer_cancellable = g_cancellable_new ();
  g_signal_connect (self->peer, "candidate", G_CALLBACK (on_peer_candidate), self);
  g_signal_connect (self->peer, "track", G_CALLBACK (on_peer_track), self);
  g_signal_connect (self->peer, "connected", G_CALLBACK (on_peer_connected), self);
  g_signal_connect (self->peer, "event", G_CALLBACK (on_peer_event), self);
  g_signal_connect (self->peer, "dtmf", G_CALLBACK (on_peer_dtmf), self);
  g_signal_connect (self->peer, "voice", G_CALLBACK (on_peer_voice), self);
  g_signal_connect (self->peer, "failed", G_CALLBACK (on_peer_failed), self);
  g_signal_connect (self->peer, "closed", G_CALLBACK (on_peer_closed), self);
}

void
vgw_session_drop_peer (VgwSession *self)
{
  if (self->answer_cancellable != NULL)
    g_cancellable_cancel (self->answer_cancellable);
  g_clear_object (&self->answer_cancellable);
  g_ptr_array_set_size (self->held_candidates, 0);
  if (self->peer == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->peer, self);
  vgw_peer_stop (self->peer);
  g_clear_object (&self->peer);
  vgw_conversation_handle_voice (self->conversation, FALSE);
}

/* --- the client's messages --- */

/* An offer that cannot be used leaves the session as if it had not come, so that a better one may follow. */
static void
reject_offer (VgwSession *self, const GError *error)
{
  gboolean is_clients_fault = g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE)
                              || g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE);
  VgwMessage *message;

  self->n_failed_offers++;
  if (!is_clients_fault || self->n_failed_offers >= VGW_SESSION_MAX_FAILED_OFFERS)
    {
      vgw_session_fail (self, VGW_END_ERROR, error);
      return;
    }
  vgw_session_drop_peer (self);
  vgw_session_advance (self, VGW_INPUT_REJECTED, NULL);
  vgw_info (self->id, "refused the offer (%s): %s", vgw_error_to_wire (error), error->message);
  message = vgw_message_new_error (error, FALSE);
  message->about = g_strdup ("offer");
  vgw_session_emit (self, message);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree GWeakRef *weak_self = user_data;
  g_autoptr (VgwSession) self = g_weak_ref_get (weak_self);
  g_autoptr (GError) error = NULL;
  g_autofree char *sdp = vgw_peer_answer_finish (VGW_PEER (source), result, &error);

  g_weak_ref_clear (weak_self);
  /* the session may be gone, over, or have another peer by now */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self == NULL || (gpointer) self->peer != source)
    return;

  g_clear_object (&self->answer_cancellable);
  if (sdp == NULL)
    {
      reject_offer (self, error);
      return;
    }
  g_free (self->codec);
  self->codec = g_strdup (vgw_peer_get_codec (self->peer));
  /* a handler of "outgoing" may end the session at each of these */
  vgw_session_emit (self, vgw_message_new_sdp (VGW_MESSAGE_ANSWER, sdp));
  vgw_session_advance (self, VGW_INPUT_ANSWERED, NULL);
  while (self->held_candidates->len > 0)
    vgw_session_emit (self, g_ptr_array_steal_index (self->held_candidates, 0));
}

static void
add_candidate (VgwSession *self, const VgwMessage *message)
{
  const char *candidate = message->candidate != NULL ? message->candidate : "";
  g_autoptr (GError) error = NULL;

  if (!vgw_peer_add_candidate (self->peer, candidate, message->sdp_mid, message->sdp_mline_index, &error))
    vgw_session_report (self, error);
}

/* Hands over what came before the offer; a handler of "outgoing" may end the session meanwhile. */
static void
add_early_candidates (VgwSession *self)
{
  while (self->early_candidates->len > 0 && self->peer != NULL)
    {
      g_autoptr (VgwMessage) message = g_ptr_array_steal_index (self->early_candidates, 0);

      add_candidate (self, message);
    }
}

static void
handle_offer (VgwSession *self, const VgwMessage *message)
{
  g_autoptr (GError) error = NULL;
  GWeakRef *weak_self;

  if (message->sdp == NULL)
    {
      report (self, VGW_ERROR_BAD_MESSAGE, "an offer without \"sdp\"");
      return;
    }
  if (!vgw_session_state_next (self->state, VGW_INPUT_OFFER, &(VgwSessionState){ 0 }))
    {
      vgw_session_advance (self, VGW_INPUT_OFFER, &error);
      vgw_session_report (self, error);
      return;
    }
  if (self->context->capacity != NULL && !vgw_capacity_begin_peer (self->context->capacity, &error))
    {
      vgw_session_fail (self, VGW_END_ERROR, error);
      return;
    }
  vgw_session_advance (self, VGW_INPUT_OFFER, NULL);
  if (!vgw_conversation_prepare (self->conversation, &error))
    {
      vgw_session_fail (self, VGW_END_ENGINE, error);
      return;
    }

  make_peer (self);
  weak_self = g_new (GWeakRef, 1);
  g_weak_ref_init (weak_self, self);
  vgw_peer_answer_async (self->peer, message->sdp, self->answer_cancellable, on_answer, weak_self);
  add_early_candidates (self);
}

/* Counts over the session. The first one above the bound is told; the client was given the bound at the start. */
static void
handle_candidate (VgwSession *self, const VgwMessage *message)
{
  guint max_candidates = self->context->limits.max_candidates;
  g_autoptr (GError) error = NULL;

  if (self->n_candidates > max_candidates)
    return;
  if (++self->n_candidates > max_candidates)
    {
      g_set_error (&error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %u candidates; all further ones are ignored",
                   max_candidates);
      vgw_session_report (self, error);
      return;
    }
  if (message->candidate != NULL && strlen (message->candidate) > VGW_SESSION_MAX_CANDIDATE_BYTES)
    report (self, VGW_ERROR_TOO_LARGE, "the candidate is too long");
  else if (self->peer != NULL)
    add_candidate (self, message);
  else
    g_ptr_array_add (self->early_candidates,
                     vgw_message_new_candidate (message->candidate, message->sdp_mid, message->sdp_mline_index));
}

static void
handle_event (VgwSession *self, const VgwMessage *message)
{
  if (self->state == VGW_SESSION_NEW)
    report (self, VGW_ERROR_BAD_STATE, "event: not before the offer");
  else if (message->event_json == NULL)
    report (self, VGW_ERROR_BAD_MESSAGE, "an event without payload");
  else
    vgw_conversation_handle_event (self->conversation, message->event_json);
}

static void
ignore_unknown (VgwSession *self, const VgwMessage *message)
{
  if (self->n_unknown_messages >= MAX_LOGGED_UNKNOWN_MESSAGES)
    return;
  self->n_unknown_messages++;
  vgw_info (self->id, "ignored a message of the unknown type \"%.64s\"", message->name != NULL ? message->name : "");
}

void
vgw_session_handle (VgwSession *self, const VgwMessage *message)
{
  g_autoptr (VgwSession) keep = NULL;

  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (message != NULL);

  if (vgw_session_is_over (self))
    return;

  keep = g_object_ref (self);
  switch (message->type)
    {
    case VGW_MESSAGE_OFFER:
      handle_offer (self, message);
      break;
    case VGW_MESSAGE_CANDIDATE:
      handle_candidate (self, message);
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
      report (self, VGW_ERROR_BAD_STATE, "answer: the gateway made no offer");
      break;
    case VGW_MESSAGE_SESSION:
    case VGW_MESSAGE_STATE:
    case VGW_MESSAGE_TRACK:
    case VGW_MESSAGE_ERROR:
      report (self, VGW_ERROR_BAD_MESSAGE, "a message that only the gateway sends");
      break;
    }
}

void
vgw_session_handle_bad_message (VgwSession *self, const GError *error, gboolean is_fatal)
{
  g_return_if_fail (VGW_IS_SESSION (self));
  g_return_if_fail (error != NULL);

  if (is_fatal)
    vgw_session_fail (self, VGW_END_ERROR, error);
  else
    vgw_session_report (self, error);
}
