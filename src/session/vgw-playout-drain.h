/* Waits until the caller has heard what a playout queue holds, but not for ever: an engine has hung up. A queue that
 * the engine holds is emptied, since nobody else would let it go on. Main thread. */
#pragma once

#include "media/vgw-playout.h"

#define VGW_PLAYOUT_DRAIN_SLACK_MS 5000u /* beyond what waits at the start: a caller who speaks may hold the queue */

typedef struct _VgwPlayoutDrain VgwPlayoutDrain;

/* @n_unheard_ms: what was not heard in time, else 0. May free the VgwPlayoutDrain. */
typedef void (*VgwPlayoutDrainFunc) (guint n_unheard_ms, gpointer user_data);

/* Calls @func once, when the queue has been empty for as long as the last of it takes to the caller, or @slack_ms after
 * the time that it takes to play what waits now. Returns: (transfer full) */
VgwPlayoutDrain *vgw_playout_drain_new (VgwPlayout *playout, guint slack_ms, VgwPlayoutDrainFunc func,
                                        gpointer user_data);

/* @func is not called any more. */
void vgw_playout_drain_free (VgwPlayoutDrain *self);
