#include "session/vgw-session-history.h"

#include "base/vgw-log.h"

#define MAX_LANDMARKS 40 /* of a session; more is a client that goes away and returns in a loop */
#define N_LAST (VGW_SESSION_HISTORY_MAX - VGW_SESSION_HISTORY_FIRST)

/* The slot of the @n-th change, from 0: those after the first ones are a ring. */
static guint
slot_of (guint n)
{
  return n < VGW_SESSION_HISTORY_FIRST ? n : VGW_SESSION_HISTORY_FIRST + (n - VGW_SESSION_HISTORY_FIRST) % N_LAST;
}

void
vgw_session_history_begin (VgwSessionHistory *self)
{
  self->started_at_us = g_get_real_time ();
  self->started_mono_us = g_get_monotonic_time ();
  vgw_session_history_add (self, "state", vgw_session_phase_to_string (self->phase));
}

gint64
vgw_session_history_get_duration_ms (const VgwSessionHistory *self)
{
  return self->started_at_us != 0 ? (g_get_monotonic_time () - self->started_mono_us) / G_TIME_SPAN_MILLISECOND : 0;
}

gboolean
vgw_session_history_enter (VgwSessionHistory *self, const char *session_id, VgwSessionPhase phase)
{
  if (phase == self->phase)
    return FALSE;
  if (self->n_changes < MAX_LANDMARKS || phase == VGW_PHASE_ENDED)
    vgw_landmark (session_id, "%s → %s", vgw_session_phase_to_string (self->phase),
                  vgw_session_phase_to_string (phase));
  else
    vgw_info (session_id, "%s → %s", vgw_session_phase_to_string (self->phase), vgw_session_phase_to_string (phase));
  self->phase = phase;
  vgw_session_history_add (self, "state", vgw_session_phase_to_string (phase));
  return TRUE;
}

void
vgw_session_history_add (VgwSessionHistory *self, const char *type, const char *value)
{
  self->changes[slot_of (self->n_changes++)] = (VgwSessionChange){
    .at_us = g_get_real_time (),
    .after_us = self->started_at_us != 0 ? g_get_monotonic_time () - self->started_mono_us : 0,
    .type = type,
    .value = value,
  };
}

const VgwSessionChange *
vgw_session_history_get (const VgwSessionHistory *self, guint i)
{
  if (i >= MIN (self->n_changes, VGW_SESSION_HISTORY_MAX))
    return NULL;
  return &self->changes[slot_of (i < VGW_SESSION_HISTORY_FIRST ? i : i + vgw_session_history_count_left_out (self))];
}

guint
vgw_session_history_count_left_out (const VgwSessionHistory *self)
{
  return self->n_changes - MIN (self->n_changes, VGW_SESSION_HISTORY_MAX);
}
