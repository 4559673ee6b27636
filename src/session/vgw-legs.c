#include "session/vgw-legs.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-token-bucket.h"
#include "media/vgw-peer-description.h"

/* An old leg stays for so long: the caller is heard from it until something comes from the new one (vgw-bridge.h), and
 * what was sent on it arrives. */
#define RETIRE_MS 1000
/* Of offers after the first: most of them make a peer. */
#define OFFERS_PER_SECOND 2
#define MAX_OFFERS_AT_ONCE 8

struct _VgwLegs
{
  const VgwSessionContext *context;
  const char *session_id;
  VgwConversation *conversation;
  VgwOutbox *outbox;
  VgwClientChannel *channel; /* (nullable) in place of events between client and engine */
  VgwLegsFunc func;
  gpointer user_data;

  VgwLeg *current;
  VgwLeg *next;     /* (nullable) */
  VgwLeg *retiring; /* (nullable) was the current one until RETIRE_MS ago */
  guint retire_timer_id;
  VgwTokenBucket offers;
  guint64 n_takeovers, n_failed;
  VgwCallStats past; /* of the legs that are freed */
};

/* @leg (nullable) was the current one. */
static void
free_past (VgwLegs *self, VgwLeg *leg)
{
  if (leg == NULL)
    return;
  vgw_leg_close (leg);
  vgw_leg_get_call_stats (leg, &self->past);
  vgw_leg_free (leg);
}

static void
drop_retiring (VgwLegs *self)
{
  g_clear_handle_id (&self->retire_timer_id, g_source_remove);
  free_past (self, g_steal_pointer (&self->retiring));
}

static gboolean
on_retired (gpointer user_data)
{
  VgwLegs *self = user_data;

  self->retire_timer_id = 0;
  drop_retiring (self);
  return G_SOURCE_REMOVE;
}

static void
take_over (VgwLegs *self)
{
  drop_retiring (self);
  if (vgw_leg_get_state (self->current) == VGW_LEG_CONNECTED)
    {
      self->n_takeovers++;
      self->retiring = g_steal_pointer (&self->current);
      self->retire_timer_id = g_timeout_add (RETIRE_MS, on_retired, self);
    }
  free_past (self, g_steal_pointer (&self->current));
  self->current = g_steal_pointer (&self->next);
  vgw_info (self->session_id, "a new connection has taken over");
}

static void
report (VgwLegs *self, VgwLegsReport report, const GError *error)
{
  self->func (report, error, self->user_data);
}

static void
fail_next (VgwLegs *self, const GError *error)
{
  g_clear_pointer (&self->next, vgw_leg_free);
  self->n_failed++;
  report (self, VGW_LEGS_REJECTED, error);
}

/* @type: what it is to the session where the leg is the current one. */
static void
handle_failed (VgwLegs *self, gboolean is_next, VgwLegsReport type, const GError *error)
{
  if (is_next)
    fail_next (self, error);
  else
    report (self, type, error);
}

static void
handle_closed (VgwLegs *self, gboolean is_next)
{
  g_autoptr (GError) error = NULL;

  if (!is_next)
    {
      report (self, VGW_LEGS_CLOSED, NULL);
      return;
    }
  error = g_error_new_literal (VGW_ERROR, VGW_ERROR_BAD_STATE, "the client has closed the connection");
  fail_next (self, error);
}

/* Whose data channel is used (nullable). */
static void
set_channel_peer (VgwLegs *self, VgwPeer *peer)
{
  if (self->channel != NULL)
    vgw_client_channel_set_peer (self->channel, peer);
  else
    vgw_outbox_set_peer (self->outbox, peer);
}

static void
handle_text (VgwLegs *self, const char *text)
{
  g_autoptr (GError) error = NULL;

  if (self->channel == NULL)
    vgw_conversation_handle_event (self->conversation, text);
  else if (!vgw_client_channel_handle_text (self->channel, text, &error))
    vgw_outbox_queue_refusal (self->outbox, error, NULL);
}

static void
handle_connected (VgwLegs *self, gboolean is_next)
{
  VgwPeer *peer;

  if (is_next)
    take_over (self);
  peer = vgw_leg_get_peer (self->current);
  vgw_peer_attach (peer, vgw_conversation_get_bridge (self->conversation));
  set_channel_peer (self, peer);
  vgw_caller_speech_end_voice (vgw_conversation_get_speech (self->conversation)); /* reported anew */
  report (self, VGW_LEGS_CONNECTED, NULL);
}

static void
send_track (VgwLegs *self, const VgwTrack *track)
{
  vgw_outbox_queue (self->outbox,
                    vgw_message_new_track (track->kind, track->codec, track->clock_rate_hz, track->ssrc, track->mid));
}

static void
on_leg_report (VgwLeg *leg, const VgwLegReport *leg_report, gpointer user_data)
{
  VgwLegs *self = user_data;
  gboolean is_next = leg == self->next;

  /* what the client has sent on it before it went over to the next one still counts, and nothing else of it */
  if (leg == self->retiring && leg_report->type != VGW_LEG_REPORT_EVENT && leg_report->type != VGW_LEG_REPORT_KEY)
    return;
  switch (leg_report->type)
    {
    case VGW_LEG_REPORT_ANSWER:
      vgw_outbox_queue (self->outbox, vgw_message_new_sdp (VGW_MESSAGE_ANSWER, leg_report->sdp));
      report (self, VGW_LEGS_ANSWERED, NULL);
      break;
    case VGW_LEG_REPORT_REFUSED:
      vgw_outbox_queue_refusal (self->outbox, leg_report->error, NULL);
      break;
    case VGW_LEG_REPORT_CANDIDATE:
      vgw_outbox_queue (self->outbox, vgw_message_new_candidate (leg_report->candidate.text, leg_report->candidate.mid,
                                                                 (int) leg_report->candidate.mline_index));
      break;
    case VGW_LEG_REPORT_TRACK:
      send_track (self, leg_report->track);
      break;
    case VGW_LEG_REPORT_CONNECTED:
      handle_connected (self, is_next);
      break;
    case VGW_LEG_REPORT_CHANNEL_OPEN:
      if (self->channel != NULL)
        vgw_client_channel_handle_open (self->channel);
      break;
    case VGW_LEG_REPORT_EVENT:
      handle_text (self, leg_report->text);
      break;
    case VGW_LEG_REPORT_KEY:
      vgw_conversation_handle_dtmf (self->conversation, leg_report->key.digit, leg_report->key.duration_ms);
      break;
    case VGW_LEG_REPORT_VOICE:
      vgw_caller_speech_set_voice (vgw_conversation_get_speech (self->conversation), leg_report->voice);
      break;
    case VGW_LEG_REPORT_REJECTED:
      handle_failed (self, is_next, VGW_LEGS_REJECTED, leg_report->error);
      break;
    case VGW_LEG_REPORT_FAILED:
      handle_failed (self, is_next, VGW_LEGS_FAILED, leg_report->error);
      break;
    case VGW_LEG_REPORT_LATE:
      handle_failed (self, is_next, VGW_LEGS_LATE, leg_report->error);
      break;
    case VGW_LEG_REPORT_CLOSED:
      handle_closed (self, is_next);
      break;
    }
}

VgwLegs *
vgw_legs_new (const VgwSessionContext *context, const char *session_id, VgwConversation *conversation,
              VgwOutbox *outbox, VgwLegsFunc func, gpointer user_data)
{
  VgwLegs *self = g_new0 (VgwLegs, 1);

  self->context = context;
  self->session_id = session_id;
  self->conversation = conversation;
  self->outbox = outbox;
  self->func = func;
  self->user_data = user_data;
  self->current = vgw_leg_new (context, session_id, on_leg_report, self);
  vgw_call_stats_init (&self->past);
  return self;
}

void
vgw_legs_use_channel (VgwLegs *self, VgwClientChannel *channel)
{
  self->channel = channel;
  vgw_conversation_watch_moments (self->conversation);
}

void
vgw_legs_close (VgwLegs *self)
{
  drop_retiring (self);
  g_clear_pointer (&self->next, vgw_leg_free);
  vgw_legs_close_current (self);
}

void
vgw_legs_close_current (VgwLegs *self)
{
  set_channel_peer (self, NULL);
  vgw_leg_close (self->current);
}

void
vgw_legs_free (VgwLegs *self)
{
  vgw_legs_close (self);
  vgw_leg_free (self->current);
  g_free (self);
}

/* @what: "offers". Errors: VGW_ERROR_BUSY. */
static gboolean
take_offer (VgwLegs *self, const char *what, GError **error)
{
  if (vgw_token_bucket_take (&self->offers, 1, OFFERS_PER_SECOND, MAX_OFFERS_AT_ONCE, g_get_monotonic_time ()))
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_BUSY, "too many %s in a short time", what);
  return FALSE;
}

/* TRUE where @sdp was of the connection of @leg, which is in @state: it is answered, or @error is set. */
static gboolean
reanswer (VgwLegs *self, VgwLeg *leg, VgwLegState state, const char *sdp, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  g_autofree char *answer = NULL;

  if (leg == NULL || vgw_leg_get_state (leg) != state)
    return FALSE;
  answer = vgw_peer_reanswer (vgw_leg_get_peer (leg), sdp, &refusal);
  if (answer != NULL)
    vgw_outbox_queue (self->outbox, vgw_message_new_sdp (VGW_MESSAGE_ANSWER, answer));
  else if (g_error_matches (refusal, VGW_ERROR, VGW_ERROR_BAD_STATE))
    return FALSE;
  else
    g_propagate_error (error, g_steal_pointer (&refusal));
  return TRUE;
}

static gboolean
offer_to (VgwLegs *self, VgwLeg *leg, const char *sdp, GError **error)
{
  const VgwPeerSetup setup = {
    .format = *vgw_bridge_get_format (vgw_conversation_get_bridge (self->conversation)),
    .wants_voice = vgw_caller_speech_wants_voice (vgw_conversation_get_speech (self->conversation)),
    .channel_label = self->channel != NULL ? vgw_client_channel_get_label (self->channel) : NULL,
  };

  return vgw_leg_handle_offer (leg, sdp, &setup, error);
}

/* While the first connection is being made, only its own further offers are answered: a page makes one as soon as it
 * has the first answer, where more was added meanwhile. */
static gboolean
handle_early_offer (VgwLegs *self, const char *sdp, GError **error)
{
  GError *refusal = NULL;

  if (!reanswer (self, self->current, VGW_LEG_CONNECTING, sdp, &refusal))
    refusal = g_error_new_literal (VGW_ERROR, VGW_ERROR_BAD_STATE,
                                   "offer: not allowed while the first one is being connected");
  if (refusal != NULL)
    g_propagate_error (error, refusal);
  return refusal == NULL;
}

gboolean
vgw_legs_handle_offer (VgwLegs *self, const char *sdp, GError **error)
{
  VgwLegState state = vgw_leg_get_state (self->current);
  GError *refusal = NULL;

  if (state == VGW_LEG_NEW)
    return offer_to (self, self->current, sdp, error);
  if (!take_offer (self, "offers", error))
    return FALSE;
  if (state == VGW_LEG_NEGOTIATING || state == VGW_LEG_CONNECTING)
    return handle_early_offer (self, sdp, error);
  /* that of the next leg comes again from a client that has lost its answer with the WebSocket */
  if (!reanswer (self, self->next, VGW_LEG_CONNECTING, sdp, &refusal)
      && !reanswer (self, self->current, VGW_LEG_CONNECTED, sdp, &refusal))
    {
      g_clear_pointer (&self->next, vgw_leg_free);
      self->next = vgw_leg_new (self->context, self->session_id, on_leg_report, self);
      if (!offer_to (self, self->next, sdp, &refusal))
        g_clear_pointer (&self->next, vgw_leg_free);
    }
  if (refusal != NULL)
    g_propagate_error (error, refusal);
  return refusal == NULL;
}

void
vgw_legs_handle_candidate (VgwLegs *self, const char *candidate, const char *mid, int mline_index)
{
  vgw_leg_handle_candidate (self->next != NULL ? self->next : self->current, candidate, mid, mline_index);
}

VgwSdpFragment *
vgw_legs_restart_ice (VgwLegs *self, const VgwSdpFragment *remote, GError **error)
{
  VgwPeer *peer = self->next == NULL ? vgw_leg_get_peer (self->current) : NULL; /* the next is not connected yet */
  g_autoptr (VgwIceParameters) own = NULL;
  VgwSdpFragment *local;

  if (peer == NULL)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "there is no connection to restart");
      return NULL;
    }
  if (!take_offer (self, "ICE restarts", error))
    return NULL;
  own = vgw_peer_restart_ice (peer, remote->ufrag, remote->pwd, error);
  if (own == NULL)
    return NULL;
  local = vgw_sdp_fragment_new ();
  local->ufrag = g_strdup (own->ufrag);
  local->pwd = g_strdup (own->pwd);
  for (guint i = 0; i < own->candidates->len; i++)
    vgw_sdp_fragment_add_candidate (local, g_ptr_array_index (own->candidates, i), NULL);
  local->is_complete = TRUE;
  return local;
}

VgwLeg *
vgw_legs_get_current (VgwLegs *self)
{
  return self->current;
}

gboolean
vgw_legs_has_next (VgwLegs *self)
{
  return self->next != NULL;
}

void
vgw_legs_drop_next (VgwLegs *self)
{
  g_clear_pointer (&self->next, vgw_leg_free);
}

gint64
vgw_legs_get_media_us (VgwLegs *self)
{
  VgwPeer *peer = vgw_leg_get_peer (self->current);
  VgwCallConnection connection = { 0 };

  if (peer != NULL)
    vgw_peer_get_connection (peer, &connection);
  return MAX (connection.last_activity_us, vgw_leg_get_connected_us (self->current));
}

void
vgw_legs_get_call_stats (VgwLegs *self, VgwCallStats *stats)
{
  vgw_call_stats_add (stats, &self->past);
  if (self->retiring != NULL)
    vgw_leg_get_call_stats (self->retiring, stats);
  vgw_leg_get_call_stats (self->current, stats);
}

void
vgw_legs_count (VgwLegs *self, guint64 *n_takeovers, guint64 *n_failed)
{
  *n_takeovers = self->n_takeovers;
  *n_failed = self->n_failed;
}
