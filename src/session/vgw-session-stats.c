#include "session/vgw-session-stats.h"

/* Loopback takes tens of milliseconds, a phone on the move seconds; limits.connect-timeout-ms is 20 s. */
static const double setup_bounds_s[] = { 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20 };

void
vgw_session_stats_init (VgwSessionStats *self)
{
  *self = (VgwSessionStats){ 0 };
  vgw_histogram_init (&self->setup_s, setup_bounds_s, G_N_ELEMENTS (setup_bounds_s));
}

const char *
vgw_refusal_to_string (VgwRefusal refusal)
{
  switch (refusal)
    {
    case VGW_REFUSAL_SHUTDOWN:
      return "shutdown";
    case VGW_REFUSAL_MAX_SESSIONS:
      return "max-sessions";
    case VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS:
      return "max-sessions-per-address";
    case VGW_REFUSAL_RATE:
      return "rate";
    case VGW_REFUSAL_ORIGIN:
      return "origin";
    case VGW_REFUSAL_NO_TOKEN:
      return "no-token";
    case VGW_REFUSAL_TOKEN:
      return "token";
    case VGW_REFUSAL_ENGINE:
      return "engine";
    case VGW_REFUSAL_RESUME:
      return "resume";
    }
  return "unknown";
}
