#include "session/vgw-playout-drain.h"

#define POLL_MS 20u
/* After the last frame was sent: the network, and what the caller's jitter buffer holds. */
#define TAIL_US (200 * G_TIME_SPAN_MILLISECOND)

struct _VgwPlayoutDrain
{
  VgwPlayout *playout;
  VgwPlayoutDrainFunc func;
  gpointer user_data;
  guint timer_id;
  gint64 deadline_us;
  gint64 empty_since_us; /* 0 while something waits */
};

static gboolean
on_poll (gpointer user_data)
{
  VgwPlayoutDrain *self = user_data;
  gint64 now_us = g_get_monotonic_time ();
  VgwPlayoutStats stats;

  vgw_playout_get_stats (self->playout, &stats);
  if (stats.queued_ms > 0)
    self->empty_since_us = 0;
  else if (self->empty_since_us == 0)
    self->empty_since_us = now_us;
  if (now_us < self->deadline_us && (self->empty_since_us == 0 || now_us - self->empty_since_us < TAIL_US))
    return G_SOURCE_CONTINUE;
  self->timer_id = 0;
  self->func (stats.queued_ms, self->user_data);
  return G_SOURCE_REMOVE;
}

VgwPlayoutDrain *
vgw_playout_drain_new (VgwPlayout *playout, guint slack_ms, VgwPlayoutDrainFunc func, gpointer user_data)
{
  VgwPlayoutDrain *self = g_new0 (VgwPlayoutDrain, 1);
  VgwPlayoutStats stats;

  if (vgw_playout_is_held (playout, VGW_PLAYOUT_HOLD_ENGINE))
    {
      vgw_playout_clear (playout);
      vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE);
    }
  vgw_playout_get_stats (playout, &stats);
  self->playout = vgw_playout_ref (playout);
  self->func = func;
  self->user_data = user_data;
  self->deadline_us = g_get_monotonic_time () + ((gint64) stats.queued_ms + slack_ms) * G_TIME_SPAN_MILLISECOND;
  self->timer_id = g_timeout_add (POLL_MS, on_poll, self);
  return self;
}

void
vgw_playout_drain_free (VgwPlayoutDrain *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  vgw_playout_unref (self->playout);
  g_free (self);
}
