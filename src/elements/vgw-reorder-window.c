#include "elements/vgw-reorder-window.h"

#define LEARNING_TIME (2 * GST_SECOND)
#define PERIOD (30 * GST_SECOND)

/* Starts a new period if the present one is over. Arrival times may go back a little. */
static void
update_period (VgwReorderWindow *self, GstClockTime now)
{
  if (now < self->period_begin + PERIOD)
    return;
  self->longest_before = now < self->period_begin + 2 * PERIOD ? self->longest : 0;
  self->longest = 0;
  self->period_begin = now;
}

void
vgw_reorder_window_restart (VgwReorderWindow *self, GstClockTime now)
{
  self->n_gaps = 0;
  if (self->is_started)
    return; /* the path is the same */
  self->is_started = TRUE;
  self->begin = self->period_begin = now;
}

GstClockTime
vgw_reorder_window_get (VgwReorderWindow *self, GstClockTime now, GstClockTime longest)
{
  GstClockTime learned;

  update_period (self, now);
  if (now < self->begin + LEARNING_TIME)
    return longest;
  learned = MAX (self->longest, self->longest_before);
  return MIN (learned + learned / 2, longest);
}

void
vgw_reorder_window_give_up (VgwReorderWindow *self, guint64 first, guint64 end, GstClockTime arrival)
{
  guint at = self->n_gaps++ % VGW_REORDER_WINDOW_N_GAPS;

  self->gaps[at].first = first;
  self->gaps[at].end = end;
  self->gaps[at].arrival = arrival;
}

void
vgw_reorder_window_learn (VgwReorderWindow *self, GstClockTime before, GstClockTime now, GstClockTime longest)
{
  GstClockTime delay = now > before ? now - before : 0;

  update_period (self, now);
  if (delay <= longest)
    self->longest = MAX (self->longest, MAX (delay, 1)); /* the same moment is reordering, too */
}

void
vgw_reorder_window_learn_late (VgwReorderWindow *self, guint64 seqnum, GstClockTime now, GstClockTime longest)
{
  for (guint i = 0; i < MIN (self->n_gaps, VGW_REORDER_WINDOW_N_GAPS); i++)
    {
      if (seqnum >= self->gaps[i].first && seqnum < self->gaps[i].end)
        vgw_reorder_window_learn (self, self->gaps[i].arrival, now, longest);
    }
}
