#include "session/vgw-session-stats.h"

/* Loopback takes tens of milliseconds, a phone on the move seconds; limits.connect-timeout-ms is 20 s. */
static const double setup_bounds_s[] = { 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20 };

/* Of the end of the caller's speech: what a caller feels as prompt, as slow, and as a fault. */
static const double turn_bounds_s[] = { 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10 };
/* The gateway's own part. */
static const double to_engine_bounds_s[] = { 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5 };

void
vgw_session_stats_init (VgwSessionStats *self)
{
  *self = (VgwSessionStats){ 0 };
  for (guint i = 0; i < VGW_SETUP_N_PARTS; i++)
    vgw_histogram_init (&self->setup_parts_s[i], setup_bounds_s, G_N_ELEMENTS (setup_bounds_s));
  vgw_call_stats_init (&self->calls);
  vgw_engine_stats_init (&self->engine);
  vgw_histogram_init (&self->setup_s, setup_bounds_s, G_N_ELEMENTS (setup_bounds_s));
  vgw_histogram_init (&self->turn_to_engine_s, to_engine_bounds_s, G_N_ELEMENTS (to_engine_bounds_s));
  vgw_histogram_init (&self->turn_first_byte_s, turn_bounds_s, G_N_ELEMENTS (turn_bounds_s));
  vgw_histogram_init (&self->turn_first_sent_s, turn_bounds_s, G_N_ELEMENTS (turn_bounds_s));
  vgw_histogram_init (&self->turn_heard_s, turn_bounds_s, G_N_ELEMENTS (turn_bounds_s));
}

static void
observe_ms (VgwHistogram *histogram, gint64 time_ms)
{
  if (time_ms != VGW_TURN_UNKNOWN)
    vgw_histogram_observe (histogram, (double) time_ms / 1000);
}

void
vgw_session_stats_add_turn (VgwSessionStats *self, const VgwTurn *turn)
{
  self->turns[turn->end]++;
  observe_ms (&self->turn_to_engine_s, turn->to_engine_ms);
  observe_ms (&self->turn_first_byte_s, turn->first_byte_ms);
  observe_ms (&self->turn_first_sent_s, turn->first_sent_ms);
  observe_ms (&self->turn_heard_s, turn->heard_ms);
}

const char *
vgw_playout_shortened_to_string (VgwPlayoutShortened where)
{
  switch (where)
    {
    case VGW_PLAYOUT_SHORTENED_PAUSES:
      return "pauses";
    case VGW_PLAYOUT_SHORTENED_SPEECH:
      return "speech";
    case VGW_PLAYOUT_N_SHORTENED:
      break;
    }
  return "unknown";
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
