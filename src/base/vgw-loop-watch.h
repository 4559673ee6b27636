/* The lag of the main loop: how much later than requested a timer runs, because other sources of the loop take long.
 * Main thread. */
#pragma once

#include "base/vgw-histogram.h"

#define VGW_LOOP_WATCH_INTERVAL_MS 100u

typedef struct _VgwLoopWatch VgwLoopWatch;

/* Measures the default main context, ten times a second. Returns: (transfer full) */
VgwLoopWatch *vgw_loop_watch_new (void);
void vgw_loop_watch_free (VgwLoopWatch *self);

/* All lags since the start, in s. (transfer none) */
const VgwHistogram *vgw_loop_watch_get_lags (const VgwLoopWatch *self);

/* The longest lag since the last call, in microseconds; for one caller. */
gint64 vgw_loop_watch_take_longest_us (VgwLoopWatch *self);
