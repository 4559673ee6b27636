/* Takes delay out of a playout queue, frame by frame, as it is played: pauses are shortened, and speech is played
 * at most 25 % faster, with its pitch (vgw-time-scale.h). A value inside VgwPlayout, guarded by its lock. */
#pragma once

#include "media/vgw-sample-ring.h"

/* Fields are for reading, but for the first. */
typedef struct
{
  gboolean may_speed_up; /* TRUE at first; else only pauses are shortened */
  guint rate_hz;
  guint n_silent_frames;      /* consecutive ones, while there is something to take out */
  gsize n_credit;             /* that may be taken out of speech */
  guint64 n_pauses, n_speech; /* samples that were taken out */
} VgwPlayoutShrink;

void vgw_playout_shrink_init (VgwPlayoutShrink *self, guint rate_hz);

/* Takes a frame of @n_samples, which there are, from @ring, and at most @n_excess samples more. Returns: how many
 * more */
gsize vgw_playout_shrink_pop (VgwPlayoutShrink *self, VgwSampleRing *ring, gint16 *samples, gsize n_samples,
                              gsize n_excess);
