/* Computes the limit of the Opus complexity from the load of the threads that serve all calls. With a few calls too
 * many, a lower complexity is hardly noticeable, while late frames are choppy speech; complexity 1 takes less than half
 * the time of 5. Pure: no clock, no thread. */
#pragma once

#include <glib.h>

#define VGW_LOAD_NO_CEILING 10u /* Opus' highest complexity */

typedef struct
{
  guint ceiling;    /* the complexity that no encoder may exceed now */
  guint n_calm_s;   /* consecutive seconds of low load */
  guint n_wanted_s; /* of those, needed before the ceiling is raised */
  guint n_raised_s; /* since it was raised */
  guint n_settle_s; /* to ignore: the backlog from before the last change is still being processed */
} VgwLoadGovernor;

void vgw_load_governor_init (VgwLoadGovernor *self);

/* To be called each second with vgw_audio_thread_sample_load (). Returns whether the ceiling has changed. It is lowered
 * at once, and again after three seconds; it is raised after ten seconds of low load, after a rise that was too early
 * twice as many. @is_flooded: a caller sent far too much in that second. Then it is not lowered: the excess is dropped
 * and that call ended, without a loss of quality for the others. */
gboolean vgw_load_governor_step (VgwLoadGovernor *self, guint busy_percent, gboolean is_flooded);
