#include "session/vgw-leg.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "media/vgw-peer-description.h"

/* A candidate of either side that waits. */
typedef struct
{
  char *text;
  char *mid; /* (nullable) */
  int mline_index;
} Candidate;

struct _VgwLeg
{
  const VgwSessionContext *context;
  const char *session_id;
  VgwLegFunc func;
  gpointer user_data;
  VgwLegState state;

  VgwPeer *peer;                    /* (nullable) one for each offer */
  GCancellable *answer_cancellable; /* while `peer` makes its answer */
  char *codec;                      /* (nullable) of the last answer */
  gint64 offered_us, answered_us, connected_us;
  VgwCallStats stats;     /* as last read from the peer */
  guint connect_timer_id; /* from the offer to the connection */
  guint n_failed_offers;

  GPtrArray *early_candidates;     /* Candidate, of the client, before the offer */
  GPtrArray *held_candidates;      /* Candidate, ours, before the answer */
  guint n_candidates;              /* of the client */
  gboolean has_refused_candidates; /* above the bound, and the client was notified */
};

static Candidate *
candidate_new (const char *text, const char *mid, int mline_index)
{
  Candidate *candidate = g_new (Candidate, 1);

  candidate->text = g_strdup (text);
  candidate->mid = g_strdup (mid);
  candidate->mline_index = mline_index;
  return candidate;
}

static void
candidate_free (Candidate *candidate)
{
  g_free (candidate->text);
  g_free (candidate->mid);
  g_free (candidate);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Candidate, candidate_free)

/* Frees a leg whose references are gone: one is held where something follows a report, which may have freed the leg. */
static void
finalize (gpointer data)
{
  VgwLeg *self = data;

  g_ptr_array_unref (self->early_candidates);
  g_ptr_array_unref (self->held_candidates);
  g_free (self->codec);
}

static void
report (VgwLeg *self, const VgwLegReport *report)
{
  self->func (self, report, self->user_data);
}

static void
report_error (VgwLeg *self, VgwLegReportType type, const GError *error)
{
  report (self, &(VgwLegReport){ .type = type, .error = error });
}

/* While a peer is set up it has not all its threads yet. */
static gboolean
is_setting_up (VgwLegState state)
{
  return state == VGW_LEG_NEGOTIATING || state == VGW_LEG_CONNECTING;
}

/* The only writer of `state`. */
static gboolean
set_state (VgwLeg *self, VgwLegInput input, GError **error)
{
  VgwLegState next;

  if (!vgw_leg_state_next (self->state, input, &next))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "%s: not allowed while the leg is %s",
                   vgw_leg_input_to_string (input), vgw_leg_state_to_string (self->state));
      return FALSE;
    }
  if (is_setting_up (self->state) && !is_setting_up (next))
    {
      g_clear_handle_id (&self->connect_timer_id, g_source_remove);
      if (self->context->capacity != NULL)
        vgw_capacity_end_peer (self->context->capacity);
    }
  vgw_debug (self->session_id, "leg: %s → %s", vgw_leg_state_to_string (self->state), vgw_leg_state_to_string (next));
  self->state = next;
  return TRUE;
}

/* --- the peer's signals --- */

static void
report_candidate (VgwLeg *self, const char *text, const char *mid, guint mline_index)
{
  report (self, &(VgwLegReport){ .type = VGW_LEG_REPORT_CANDIDATE, .candidate = { text, mid, mline_index } });
}

/* Between the making of the answer and its callback the main loop may bring candidates: the answer goes first. */
static void
on_peer_candidate (VgwPeer *peer, const char *text, const char *mid, guint mline_index, gpointer user_data)
{
  VgwLeg *self = user_data;

  if (self->state == VGW_LEG_NEGOTIATING)
    g_ptr_array_add (self->held_candidates, candidate_new (text, mid, (int) mline_index));
  else
    report_candidate (self, text, mid, mline_index);
}

static void
on_peer_track (VgwPeer *peer, const VgwTrack *track, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_TRACK, .track = track });
}

static void
on_peer_connected (VgwPeer *peer, gpointer user_data)
{
  VgwLeg *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!set_state (self, VGW_LEG_INPUT_CONNECTED, &error))
    {
      vgw_warning (self->session_id, "%s", error->message);
      return;
    }
  self->connected_us = g_get_monotonic_time ();
  report (self, &(VgwLegReport){ .type = VGW_LEG_REPORT_CONNECTED });
}

static void
on_peer_channel_open (VgwPeer *peer, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_CHANNEL_OPEN });
}

static void
on_peer_event (VgwPeer *peer, const char *text, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_EVENT, .text = text });
}

static void
on_peer_dtmf (VgwPeer *peer, char digit, guint duration_ms, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_KEY, .key = { digit, duration_ms } });
}

static void
on_peer_voice (VgwPeer *peer, const VgwVoice *voice, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_VOICE, .voice = voice });
}

static void
on_peer_failed (VgwPeer *peer, const GError *error, gpointer user_data)
{
  report_error (user_data, VGW_LEG_REPORT_FAILED, error);
}

static void
on_peer_closed (VgwPeer *peer, gpointer user_data)
{
  report (user_data, &(VgwLegReport){ .type = VGW_LEG_REPORT_CLOSED });
}

static void
make_peer (VgwLeg *self, const VgwPeerSetup *setup)
{
  self->peer = vgw_peer_new (self->context->media, self->session_id, setup);
  self->answer_cancellable = g_cancellable_new ();
  g_signal_connect (self->peer, "candidate", G_CALLBACK (on_peer_candidate), self);
  g_signal_connect (self->peer, "track", G_CALLBACK (on_peer_track), self);
  g_signal_connect (self->peer, "connected", G_CALLBACK (on_peer_connected), self);
  g_signal_connect (self->peer, "channel-open", G_CALLBACK (on_peer_channel_open), self);
  g_signal_connect (self->peer, "event", G_CALLBACK (on_peer_event), self);
  g_signal_connect (self->peer, "dtmf", G_CALLBACK (on_peer_dtmf), self);
  g_signal_connect (self->peer, "voice", G_CALLBACK (on_peer_voice), self);
  g_signal_connect (self->peer, "failed", G_CALLBACK (on_peer_failed), self);
  g_signal_connect (self->peer, "closed", G_CALLBACK (on_peer_closed), self);
}

static gint64
ms_between (gint64 from_us, gint64 to_us)
{
  return from_us != 0 && to_us != 0 ? MAX (to_us - from_us, 0) / G_TIME_SPAN_MILLISECOND : VGW_CALL_STATS_UNKNOWN;
}

static void
read_stats (VgwLeg *self)
{
  gint64 ice_us;

  vgw_peer_get_call_stats (self->peer, &self->stats, &ice_us);
  self->stats.setup.signaling_ms = ms_between (self->offered_us, self->answered_us);
  self->stats.setup.ice_ms = ms_between (self->answered_us, ice_us);
  self->stats.setup.dtls_ms = ms_between (ice_us, self->connected_us);
}

static void
drop_peer (VgwLeg *self)
{
  if (self->answer_cancellable != NULL)
    g_cancellable_cancel (self->answer_cancellable);
  g_clear_object (&self->answer_cancellable);
  g_ptr_array_set_size (self->held_candidates, 0);
  if (self->peer == NULL)
    return;
  read_stats (self);
  g_signal_handlers_disconnect_by_data (self->peer, self);
  vgw_peer_stop (self->peer);
  g_clear_object (&self->peer);
}

/* --- offer and answer --- */

static void
reject_offer (VgwLeg *self, const GError *error)
{
  gboolean is_clients_fault = g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE)
                              || g_error_matches (error, VGW_ERROR, VGW_ERROR_UNSUPPORTED)
                              || g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE);

  self->n_failed_offers++;
  if (!is_clients_fault || self->n_failed_offers >= VGW_LEG_MAX_FAILED_OFFERS)
    {
      report_error (self, VGW_LEG_REPORT_FAILED, error);
      return;
    }
  drop_peer (self);
  set_state (self, VGW_LEG_INPUT_REJECTED, NULL);
  report_error (self, VGW_LEG_REPORT_REJECTED, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VgwLeg *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *sdp = vgw_peer_answer_finish (VGW_PEER (source), result, &error);

  /* the peer was dropped, and the leg may be gone */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->answer_cancellable);
  if (sdp == NULL)
    {
      reject_offer (self, error);
      return;
    }
  g_free (self->codec);
  self->codec = g_strdup (vgw_peer_get_codec (self->peer));
  self->answered_us = g_get_monotonic_time ();
  set_state (self, VGW_LEG_INPUT_ANSWERED, NULL);
  g_rc_box_acquire (self);
  report (self, &(VgwLegReport){ .type = VGW_LEG_REPORT_ANSWER, .sdp = sdp });
  while (self->held_candidates->len > 0)
    {
      g_autoptr (Candidate) held = g_ptr_array_steal_index (self->held_candidates, 0);

      report_candidate (self, held->text, held->mid, (guint) held->mline_index);
    }
  g_rc_box_release_full (self, finalize);
}

static gboolean
on_connect_timeout (gpointer user_data)
{
  VgwLeg *self = user_data;
  g_autoptr (GError) error =
      g_error_new_literal (VGW_ERROR, VGW_ERROR_TIMEOUT, "the connection was not established in time");

  self->connect_timer_id = 0;
  report_error (self, VGW_LEG_REPORT_LATE, error);
  return G_SOURCE_REMOVE;
}

static void
add_candidate (VgwLeg *self, const char *text, const char *mid, int mline_index)
{
  g_autoptr (GError) error = NULL;

  if (!vgw_peer_add_candidate (self->peer, text != NULL ? text : "", mid, mline_index, &error))
    report_error (self, VGW_LEG_REPORT_REFUSED, error);
}

gboolean
vgw_leg_handle_offer (VgwLeg *self, const char *sdp, const VgwPeerSetup *setup, GError **error)
{
  VgwCapacity *capacity = self->context->capacity;

  if (self->state == VGW_LEG_NEW && capacity != NULL && !vgw_capacity_begin_peer (capacity, error))
    return FALSE;
  if (!set_state (self, VGW_LEG_INPUT_OFFER, error))
    return FALSE;
  self->offered_us = g_get_monotonic_time ();
  if (self->context->limits.connect_timeout_ms > 0)
    self->connect_timer_id = g_timeout_add (self->context->limits.connect_timeout_ms, on_connect_timeout, self);
  make_peer (self, setup);
  vgw_peer_answer_async (self->peer, sdp, self->answer_cancellable, on_answer, self);
  g_rc_box_acquire (self);
  while (self->early_candidates->len > 0 && self->peer != NULL)
    {
      g_autoptr (Candidate) early = g_ptr_array_steal_index (self->early_candidates, 0);

      add_candidate (self, early->text, early->mid, early->mline_index);
    }
  g_rc_box_release_full (self, finalize);
  return TRUE;
}

void
vgw_leg_handle_candidate (VgwLeg *self, const char *candidate, const char *mid, int mline_index)
{
  guint max_candidates = self->context->limits.max_candidates;
  g_autoptr (GError) error = NULL;

  if (self->has_refused_candidates)
    return;
  if (self->n_candidates >= max_candidates)
    {
      self->has_refused_candidates = TRUE;
      g_set_error (&error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %u candidates; further ones are ignored",
                   max_candidates);
      report_error (self, VGW_LEG_REPORT_REFUSED, error);
      return;
    }
  self->n_candidates++;
  if (candidate != NULL && strlen (candidate) > VGW_LEG_MAX_CANDIDATE_BYTES)
    {
      g_set_error_literal (&error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the candidate is too long");
      report_error (self, VGW_LEG_REPORT_REFUSED, error);
    }
  else if (self->peer != NULL)
    add_candidate (self, candidate, mid, mline_index);
  else if (self->state == VGW_LEG_NEW)
    g_ptr_array_add (self->early_candidates, candidate_new (candidate, mid, mline_index));
}

/* --- life --- */

VgwLeg *
vgw_leg_new (const VgwSessionContext *context, const char *session_id, VgwLegFunc func, gpointer user_data)
{
  VgwLeg *self = g_rc_box_new0 (VgwLeg);

  self->context = context;
  self->session_id = session_id;
  self->func = func;
  self->user_data = user_data;
  self->early_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) candidate_free);
  self->held_candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) candidate_free);
  vgw_call_stats_init (&self->stats);
  return self;
}

void
vgw_leg_close (VgwLeg *self)
{
  if (!set_state (self, VGW_LEG_INPUT_CLOSE, NULL))
    return;
  g_ptr_array_set_size (self->early_candidates, 0);
  drop_peer (self);
}

void
vgw_leg_free (VgwLeg *self)
{
  vgw_leg_close (self);
  g_rc_box_release_full (self, finalize);
}

VgwLegState
vgw_leg_get_state (VgwLeg *self)
{
  return self->state;
}

VgwPeer *
vgw_leg_get_peer (VgwLeg *self)
{
  return self->peer;
}

const char *
vgw_leg_get_codec (VgwLeg *self)
{
  return self->codec;
}

gint64
vgw_leg_get_offered_us (VgwLeg *self)
{
  return self->offered_us;
}

gint64
vgw_leg_get_connected_us (VgwLeg *self)
{
  return self->connected_us;
}

void
vgw_leg_get_call_stats (VgwLeg *self, VgwCallStats *stats)
{
  if (self->peer != NULL)
    read_stats (self);
  vgw_call_stats_add (stats, &self->stats);
}
