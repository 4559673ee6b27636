#include "app/vgw-readiness-rule.h"

#include "session/vgw-session-table.h"

#define MAX_LAG_US (200 * G_TIME_SPAN_MILLISECOND) /* ten audio frames: signaling that slow is noticed */
#define MIN_FRAMES 50                              /* a second of one call: among fewer, one late frame is too many */
#define MAX_LATE_PERCENT 5                         /* choppy speech */
#define LATE_S 3
#define CALM_S 10
#define REFUSING_S 10
#define FREE_PART 20 /* of the sessions: else the load balancer would be told otherwise with each call */

const char *
vgw_readiness_state_to_string (VgwReadinessState state)
{
  switch (state)
    {
    case VGW_READINESS_READY:
      return "ready";
    case VGW_READINESS_FULL:
      return "full";
    case VGW_READINESS_LATE:
      return "late";
    case VGW_READINESS_DRAINING:
      return vgw_session_table_state_to_string (VGW_SESSION_TABLE_DRAINING);
    case VGW_READINESS_SHUT_DOWN:
      return vgw_session_table_state_to_string (VGW_SESSION_TABLE_SHUT_DOWN);
    }
  return "unknown";
}

void
vgw_readiness_rule_step (VgwReadinessRule *self, const VgwReadinessSecond *second)
{
  gboolean has_lag = second->loop_lag_us > MAX_LAG_US
                     || (second->n_frames >= MIN_FRAMES && second->n_late * 100 > second->n_frames * MAX_LATE_PERCENT);

  if (second->n_refused > 0)
    self->n_refusing_s = REFUSING_S;
  else if (self->n_refusing_s > 0)
    self->n_refusing_s--;
  self->n_late_s = has_lag ? self->n_late_s + 1 : 0;
  self->n_calm_s = has_lag ? 0 : self->n_calm_s + 1;
  if (self->n_late_s >= LATE_S)
    self->is_late = TRUE;
  else if (self->n_calm_s >= CALM_S)
    self->is_late = FALSE;
}

void
vgw_readiness_rule_count (VgwReadinessRule *self, guint n_sessions, guint max_sessions)
{
  guint n_spare = MAX (max_sessions / FREE_PART, 1);

  if (max_sessions == 0 || n_sessions + n_spare <= max_sessions)
    self->is_full = FALSE;
  else if (n_sessions >= max_sessions)
    self->is_full = TRUE;
}
