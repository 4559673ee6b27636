/* The fill level of the playout queue of an engine that sends in real time: how much is gathered before an utterance
 * begins, when the utterance is over, and how much of the level is delay that can be removed in pauses. A value inside
 * VgwPlayout, guarded by its lock; it counts samples, and its time is the frames that are popped.
 *
 * An engine that sends ahead sends in bursts. One in real time sends as much as is played, so that what is always
 * queued is delay. The level is the minimum of the queue over a second without late audio. The lowest of these levels
 * is the engine's own, which may be a lead on purpose; more than that is excess. */
#pragma once

#include <glib.h>

/* Fields are private. */
typedef struct
{
  gboolean is_active;
  gsize n_frame;                     /* samples of VGW_FRAME_MS */
  gsize n_least_start, n_most_start; /* bounds of n_start */
  gsize n_start;                     /* gathered before an utterance begins */
  gboolean is_gathering;
  gsize n_gathered_for; /* time since is_gathering */
  gsize n_since_push;   /* time since audio came last */
  gsize n_short;        /* of it without anything to play */
  gsize n_in_time;      /* time since audio was late */

  /* of the present second */
  gsize n_taken, n_came, n_came_at_once, n_least;
  gboolean is_uneven; /* too much came at once, or too late */

  gsize n_level; /* G_MAXSIZE: not known yet */
  gsize n_excess;
} VgwPlayoutLevel;

/* Not active: audio is played at once, and an utterance is over with the first incomplete frame. */
void vgw_playout_level_init (VgwPlayoutLevel *self, guint rate_hz);

/* Active from now on, with @start_ms gathered at first. */
void vgw_playout_level_set_active (VgwPlayoutLevel *self, gboolean is_active, guint start_ms);

/* The next audio begins an utterance. */
void vgw_playout_level_begin (VgwPlayoutLevel *self);

/* @n_samples have come. */
void vgw_playout_level_push (VgwPlayoutLevel *self, gsize n_samples);

/* Before a frame of @n_samples is taken of @n_queued: FALSE where more is to be gathered first. */
gboolean vgw_playout_level_may_play (VgwPlayoutLevel *self, gsize n_samples, gsize n_queued);

/* A frame of @n_samples was requested, @n_popped were available, @n_queued are left. */
void vgw_playout_level_pop (VgwPlayoutLevel *self, gsize n_samples, gsize n_popped, gsize n_queued);

/* Whether an empty queue is the end of the utterance. */
gboolean vgw_playout_level_is_over (const VgwPlayoutLevel *self);

/* Whether a frame of @n_samples may be left out of a pause where @n_queued wait. */
gboolean vgw_playout_level_has_excess (const VgwPlayoutLevel *self, gsize n_samples, gsize n_queued);

/* It was left out. */
void vgw_playout_level_skip (VgwPlayoutLevel *self, gsize n_samples);
