#include "base/vgw-work-clock.h"

gint64
vgw_work_clock_charge (VgwWorkClock *self, gint64 now_us, gint64 cost_us, guint percent, gint64 burst_us)
{
  /* what was not used is kept, as far as a burst */
  gint64 floor_us = now_us - burst_us * 100 / percent;

  self->paid_until_us = MAX (self->paid_until_us, floor_us) + MAX (cost_us, 0) * 100 / percent;
  return self->paid_until_us;
}
