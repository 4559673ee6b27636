/* When a frame of a playout queue is due: the phase of the call in the 20 ms. A value inside VgwPlayout, guarded by its
 * lock. Times are of the monotonic clock.
 *
 * The first audio of a silence is due at once. The next frames follow each 20 ms. An engine in real time sends as much,
 * so that the phase decides how long each of its frames waits: a frame that is late is waited for, up to 20 ms, once
 * for each pause of the engine, and the phase is later from then on; where each frame of a second was there before it
 * was due, the phase becomes earlier by the shortest of these times, less a margin. */
#pragma once

#include <glib.h>

#define VGW_PLAYOUT_PHASE_MARGIN_US (2 * G_TIME_SPAN_MILLISECOND) /* from a frame's coming to its going */
#define VGW_PLAYOUT_PHASE_FRAMES 50u                              /* looked at before the phase becomes earlier */

/* All 0 at first. Fields are private. */
typedef struct
{
  gint64 ready_us;       /* since when the next frame can be taken, 0: it cannot */
  gint64 waits_until_us; /* for a late frame; 0: does not wait */
  gboolean has_waited;   /* in vain, since the last full frame */
  guint n_frames;        /* since the phase was changed last */
  gint64 least_us;       /* that one of them waited */
} VgwPlayoutPhase;

/* Whether the next frame can be taken: the queue has reached its level. After each change of the queue. */
void vgw_playout_phase_set_ready (VgwPlayoutPhase *self, gboolean is_ready, gint64 now_us);

/* A frame was due at @due_us and is not there. Returns: until when it is waited for, or 0: not, or no more */
gint64 vgw_playout_phase_wait (VgwPlayoutPhase *self, gint64 due_us);

/* What is waited for is no more: the queue was cleared, or is not in real time. */
void vgw_playout_phase_stop_waiting (VgwPlayoutPhase *self);

gboolean vgw_playout_phase_is_waiting (const VgwPlayoutPhase *self);

/* A frame was taken at @due_us, a full one with @is_full, of an engine in real time with @is_real_time. Before
 * vgw_playout_phase_set_ready () for what is left. Returns: when the next one is due */
gint64 vgw_playout_phase_take (VgwPlayoutPhase *self, gint64 due_us, gboolean is_full, gboolean is_real_time);
