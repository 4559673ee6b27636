/* When more work may be done for somebody, so that it takes no more than a share of the time. Pure; one thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All zero to begin with. */
typedef struct
{
  gint64 paid_until_us; /* the work so far is paid for by the time up to here */
} VgwWorkClock;

/* Accounts for work that took @cost_us and ended at @now_us (monotonic), of which @percent of the time are allowed, and
 * @burst_us at once. Returns when more may be done: @now_us or earlier for at once. */
gint64 vgw_work_clock_charge (VgwWorkClock *self, gint64 now_us, gint64 cost_us, guint percent, gint64 burst_us);

G_END_DECLS
