/* The threads `vgw-pacer`, which call every registered function each 20 ms, on absolute deadlines of the monotonic
 * clock: there is no drift, and late ticks catch up.
 *
 * A call's audio is encoded, encrypted and sent in its tick, so there is a thread for each processor; a function stays
 * on one thread. Functions are distributed over four phases of the 20 ms, which avoids bursts and long waits of the
 * last one. */
#pragma once

#include <glib-object.h>

typedef struct _VgwPacer VgwPacer;

/* Called on a pacer thread, always the same one, once per tick; @tick counts steps of 20 ms since the start, with none
 * skipped unless the process was stopped for more than a second. Must not block and must not call vgw_pacer_add () or
 * vgw_pacer_remove (). */
typedef void (*VgwPacerFunc) (guint64 tick, gpointer user_data);

/* Starts @n_threads, 0: one for each processor. Returns: (transfer full); free with vgw_pacer_free (), which joins
 * them. */
VgwPacer *vgw_pacer_new (guint n_threads);
void vgw_pacer_free (VgwPacer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPacer, vgw_pacer_free)

/* Adds @func to the thread and phase with the fewest; any thread but the pacer's. Returns an id > 0. */
guint vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data);

typedef struct
{
  guint64 ticks;      /* of all functions together, since the start */
  guint64 late_ticks; /* of these, 20 ms late or more: the machine is overloaded */
} VgwPacerStats;

/* Any thread. */
void vgw_pacer_get_stats (VgwPacer *self, VgwPacerStats *stats);

/* When it returns, the function is not running and will not run again. Any thread but the pacer's. */
void vgw_pacer_remove (VgwPacer *self, guint id);
