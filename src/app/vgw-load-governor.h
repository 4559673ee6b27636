/* Decides how hard the encoders may work, from how busy the threads are that serve all calls. A machine
 * that has a few calls too many then codes speech more simply, which few notice, in place of sending it late, which
 * everybody does: complexity 1 takes less than half the time of 5. Pure: no clock, no thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VGW_LOAD_NO_CEILING 10u /* Opus' highest complexity */

typedef struct
{
  guint ceiling;    /* the complexity that no encoder may exceed now */
  guint n_calm_s;   /* seconds with room so far */
  guint n_wanted_s; /* of them, before the ceiling is raised */
  guint n_raised_s; /* since it was raised */
  guint n_settle_s; /* to let pass: what was late before the last change is still worked off */
} VgwLoadGovernor;

void vgw_load_governor_init (VgwLoadGovernor *self);

/* Once a second, with vgw_thread_watch_sample (). Returns whether the ceiling is another one now. It falls at once,
 * and again three seconds later; it rises after ten calm seconds, after a rise that was too much twice as many.
 * @is_flooded: a caller sent far too much in that second. Then it does not fall: that call is dropped for and ended,
 * and the others do not pay for it. */
gboolean vgw_load_governor_step (VgwLoadGovernor *self, guint busy_percent, gboolean is_flooded);

G_END_DECLS
