#include "session/vgw-legs.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-token-bucket.h"

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
  VgwLegsFunc func;
  gpointer user_data;

  VgwLeg *current;
  VgwLeg *next;     /* (nullable) */
  VgwLeg *retiring; /* (nullable) was the current one until RETIRE_MS ago */
  guint retire_timer_id;
  VgwTokenBucket offers;
  guint64 n_takeovers, n_failed;
};

static void
drop_retiring (VgwLegs *self)
{
  g_clear_handle_id (&self->retire_timer_id, g_source_remove);
  g_clear_pointer (&self->retiring, vgw_leg_free);
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
  g_clear_pointer (&self->current, vgw_leg_free);
  self->current = g_steal_pointer (&self->next);
  vgw_info (self->session_id, "a new connection has taken over");
}

static void
fail_next (VgwLegs *self, const GError *error)
{
  g_clear_pointer (&self->next, vgw_leg_free);
  self->n_failed++;
  self->func (&(VgwLegReport){ .type = VGW_LEG_REPORT_REJECTED, .error = error }, self->user_data);
}

static void
handle_next_report (VgwLegs *self, const VgwLegReport *report)
{
  g_autoptr (GError) closed = NULL;

  switch (report->type)
    {
    case VGW_LEG_REPORT_ANSWER:
    case VGW_LEG_REPORT_REFUSED:
    case VGW_LEG_REPORT_CANDIDATE:
    case VGW_LEG_REPORT_TRACK:
      self->func (report, self->user_data);
      break;
    case VGW_LEG_REPORT_CONNECTED:
      take_over (self);
      self->func (report, self->user_data);
      break;
    case VGW_LEG_REPORT_REJECTED:
    case VGW_LEG_REPORT_FAILED:
    case VGW_LEG_REPORT_LATE:
      fail_next (self, report->error);
      break;
    case VGW_LEG_REPORT_CLOSED:
      closed = g_error_new_literal (VGW_ERROR, VGW_ERROR_BAD_STATE, "the client has closed the connection");
      fail_next (self, closed);
      break;
    case VGW_LEG_REPORT_EVENT:
    case VGW_LEG_REPORT_KEY:
    case VGW_LEG_REPORT_VOICE:
      break; /* not before it is connected */
    }
}

static void
on_leg_report (VgwLeg *leg, const VgwLegReport *report, gpointer user_data)
{
  VgwLegs *self = user_data;

  if (leg == self->next)
    handle_next_report (self, report);
  else if (leg == self->current)
    self->func (report, self->user_data);
}

VgwLegs *
vgw_legs_new (const VgwSessionContext *context, const char *session_id, VgwLegsFunc func, gpointer user_data)
{
  VgwLegs *self = g_new0 (VgwLegs, 1);

  self->context = context;
  self->session_id = session_id;
  self->func = func;
  self->user_data = user_data;
  self->current = vgw_leg_new (context, session_id, on_leg_report, self);
  return self;
}

void
vgw_legs_close (VgwLegs *self)
{
  drop_retiring (self);
  g_clear_pointer (&self->next, vgw_leg_free);
  vgw_leg_close (self->current);
}

void
vgw_legs_free (VgwLegs *self)
{
  vgw_legs_close (self);
  vgw_leg_free (self->current);
  g_free (self);
}

/* Errors: VGW_ERROR_BAD_STATE, VGW_ERROR_BUSY. */
static gboolean
may_handle_further (VgwLegs *self, GError **error)
{
  VgwLegState state = vgw_leg_get_state (self->current);

  if (state == VGW_LEG_NEGOTIATING || state == VGW_LEG_CONNECTING)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_STATE,
                           "offer: not allowed while the first one is being connected");
      return FALSE;
    }
  if (!vgw_token_bucket_take (&self->offers, 1, OFFERS_PER_SECOND, MAX_OFFERS_AT_ONCE, g_get_monotonic_time ()))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BUSY, "too many offers in a short time");
      return FALSE;
    }
  return TRUE;
}

/* TRUE where @sdp was of the current connection: it is answered, or @error is set. */
static gboolean
reanswer (VgwLegs *self, const char *sdp, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  g_autofree char *answer = NULL;

  if (vgw_leg_get_state (self->current) != VGW_LEG_CONNECTED)
    return FALSE;
  answer = vgw_peer_reanswer (vgw_leg_get_peer (self->current), sdp, &refusal);
  if (answer != NULL)
    self->func (&(VgwLegReport){ .type = VGW_LEG_REPORT_ANSWER, .sdp = answer }, self->user_data);
  else if (g_error_matches (refusal, VGW_ERROR, VGW_ERROR_BAD_STATE))
    return FALSE;
  else
    g_propagate_error (error, g_steal_pointer (&refusal));
  return TRUE;
}

gboolean
vgw_legs_handle_offer (VgwLegs *self, const char *sdp, const VgwAudioFormat *format, gboolean wants_voice,
                       GError **error)
{
  GError *refusal = NULL;

  if (vgw_leg_get_state (self->current) == VGW_LEG_NEW)
    return vgw_leg_handle_offer (self->current, sdp, format, wants_voice, error);
  if (!may_handle_further (self, error))
    return FALSE;
  if (!reanswer (self, sdp, &refusal))
    {
      g_clear_pointer (&self->next, vgw_leg_free);
      self->next = vgw_leg_new (self->context, self->session_id, on_leg_report, self);
      if (!vgw_leg_handle_offer (self->next, sdp, format, wants_voice, &refusal))
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
  VgwPeer *peer = vgw_leg_get_peer (self->current);
  g_autoptr (VgwIceParameters) own = NULL;
  VgwSdpFragment *local;

  if (peer == NULL)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "there is no connection to restart");
      return NULL;
    }
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
vgw_legs_count (VgwLegs *self, guint64 *n_takeovers, guint64 *n_failed)
{
  *n_takeovers = self->n_takeovers;
  *n_failed = self->n_failed;
}
