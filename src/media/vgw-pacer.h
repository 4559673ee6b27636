/* The threads `vgw-pacer`, which call every registered function at its own times, mostly each 20 ms, on absolute
 * deadlines of the monotonic clock: there is no drift, and late calls catch up.
 *
 * A call's audio is encoded, encrypted and sent there, so there is a thread for each processor; a function stays on one
 * thread. Functions begin in four phases of the 20 ms, which avoids bursts and long waits of the last one; those of one
 * millisecond share a wake-up. */
#pragma once

#include <glib-object.h>

#define VGW_PACER_MAX_US (50 * G_TIME_SPAN_MILLISECOND) /* until the next call */

typedef struct _VgwPacer VgwPacer;

/* Called on a pacer thread, always the same one, at @due_us of the monotonic clock or up to a millisecond later, and
 * later than that where the machine is overloaded. Must not block and must not call vgw_pacer_add () or
 * vgw_pacer_remove ().
 *
 * Returns: when it is due next, mostly @due_us + VGW_FRAME_US. A time that has passed is made up for at once,
 * unless it is more than a second ago; none is more than VGW_PACER_MAX_US ahead of now. */
typedef gint64 (*VgwPacerFunc) (gint64 due_us, gpointer user_data);

/* Starts @n_threads, 0: one for each processor. Returns: (transfer full); free with vgw_pacer_free (), which joins
 * them. */
VgwPacer *vgw_pacer_new (guint n_threads);
void vgw_pacer_free (VgwPacer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPacer, vgw_pacer_free)

/* Adds @func to the thread and phase with the fewest; any thread but the pacer's. Returns an id > 0. */
guint vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data);

/* The function is due now; where it runs, once more after that. No effect for a function that was removed. Any thread,
 * the pacer's included; does not wait for any function. Must have returned before vgw_pacer_free (). */
void vgw_pacer_hurry (VgwPacer *self, guint id);

typedef struct
{
  guint64 ticks;      /* calls of all functions together, since the start */
  guint64 late_ticks; /* of these, 20 ms late or more: the machine is overloaded */
} VgwPacerStats;

/* Any thread. */
void vgw_pacer_get_stats (VgwPacer *self, VgwPacerStats *stats);

/* When it returns, the function is not running and will not run again. Any thread but the pacer's. */
void vgw_pacer_remove (VgwPacer *self, guint id);
