/* The end of a call whose engine hangs up: what it has said before is heard. Main thread. */
#include "session/vgw-session-private.h"

#include "base/vgw-log.h"

#define POLL_MS 20u
/* After the last frame was sent: the network, and what the caller's jitter buffer holds. */
#define TAIL_US (200 * G_TIME_SPAN_MILLISECOND)
/* Beyond what waits at the hang-up: a caller who speaks may hold it (barge-in = pause). */
#define SLACK_US (5 * G_TIME_SPAN_SECOND)

static gboolean
on_poll (gpointer user_data)
{
  VgwSession *self = user_data;
  gint64 now_us = g_get_monotonic_time ();
  VgwPlayoutStats stats;

  vgw_session_get_playout_stats (self, &stats);
  if (stats.queued_ms > 0)
    self->drained_at_us = 0;
  else if (self->drained_at_us == 0)
    self->drained_at_us = now_us;
  if (now_us < self->hangup_deadline_us && (self->drained_at_us == 0 || now_us - self->drained_at_us < TAIL_US))
    return G_SOURCE_CONTINUE;
  if (stats.queued_ms > 0)
    vgw_warning (self->id, "engine %s has hung up; %u ms of its speech were not heard in time",
                 self->engine_config->name, stats.queued_ms);
  self->hangup_timer_id = 0;
  vgw_session_end (self, VGW_END_ENGINE);
  return G_SOURCE_REMOVE;
}

void
vgw_session_take_engine_hangup (VgwSession *self)
{
  VgwPlayoutStats stats;

  if (self->hangup_timer_id != 0)
    return;
  vgw_session_get_playout_stats (self, &stats);
  if (self->engine_config->hangup == VGW_HANGUP_NOW || (stats.queued_ms == 0 && stats.played_ms == 0))
    {
      vgw_session_end (self, VGW_END_ENGINE);
      return;
    }
  vgw_info (self->id, "engine %s has hung up; %u ms of its speech are heard first", self->engine_config->name,
            stats.queued_ms);
  self->hangup_deadline_us = g_get_monotonic_time () + stats.queued_ms * G_TIME_SPAN_MILLISECOND + SLACK_US;
  self->drained_at_us = 0;
  self->hangup_timer_id = g_timeout_add (POLL_MS, on_poll, self);
}
