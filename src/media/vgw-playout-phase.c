#include "media/vgw-playout-phase.h"

#include "base/vgw-audio-format.h"

void
vgw_playout_phase_set_ready (VgwPlayoutPhase *self, gboolean is_ready, gint64 now_us)
{
  if (!is_ready)
    self->ready_us = 0;
  else if (self->ready_us == 0)
    self->ready_us = now_us;
}

gint64
vgw_playout_phase_wait (VgwPlayoutPhase *self, gint64 due_us)
{
  if (self->has_waited)
    return 0;
  if (self->waits_until_us == 0)
    self->waits_until_us = due_us + VGW_FRAME_US;
  if (due_us < self->waits_until_us)
    return self->waits_until_us;
  self->waits_until_us = 0;
  self->has_waited = TRUE;
  return 0;
}

void
vgw_playout_phase_stop_waiting (VgwPlayoutPhase *self)
{
  self->waits_until_us = 0;
}

gboolean
vgw_playout_phase_is_waiting (const VgwPlayoutPhase *self)
{
  return self->waits_until_us != 0;
}

/* By how much the next frame is due earlier. */
static gint64
find_advance_us (VgwPlayoutPhase *self, gint64 slack_us)
{
  gint64 advance_us;

  self->least_us = self->n_frames == 0 ? slack_us : MIN (self->least_us, slack_us);
  if (++self->n_frames < VGW_PLAYOUT_PHASE_FRAMES)
    return 0;
  advance_us = MIN (self->least_us, VGW_FRAME_US) - VGW_PLAYOUT_PHASE_MARGIN_US;
  self->n_frames = 0;
  /* less is within the resolution of the pacer */
  return advance_us >= VGW_PLAYOUT_PHASE_MARGIN_US / 2 ? advance_us : 0;
}

gint64
vgw_playout_phase_take (VgwPlayoutPhase *self, gint64 due_us, gboolean is_full, gboolean is_real_time)
{
  gint64 next_us = due_us + VGW_FRAME_US;

  self->waits_until_us = 0;
  if (is_full)
    self->has_waited = FALSE;
  if (is_full && is_real_time && self->ready_us != 0)
    next_us -= find_advance_us (self, MAX (due_us - self->ready_us, 0));
  else
    self->n_frames = 0;
  self->ready_us = 0;
  return next_us;
}
