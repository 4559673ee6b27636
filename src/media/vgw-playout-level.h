/* The fill level of a playout queue: how much is gathered before an utterance begins, when the utterance is over,
 * and how much of the level is delay that can be taken out. A value inside VgwPlayout, guarded by its lock; it
 * counts samples, and its time is the frames that are popped.
 *
 * An engine in real time sends as much as is played, so that what is always queued is delay. The queue has a
 * target: one frame, and more after audio that was late. What is above it, as the minimum over some time, is
 * excess.
 *
 * An engine that speaks ahead sends faster, and what is queued is what it still has to say. It is found by its
 * lead: how much more it has sent than time has passed since the utterance began. An engine in real time that
 * stalls and catches up has none. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_PLAYOUT_AHEAD,     /* all audio is played at once and as it is; an utterance ends with an incomplete frame */
  VGW_PLAYOUT_AUTO,      /* in real time or ahead: found out for each utterance */
  VGW_PLAYOUT_REAL_TIME, /* known to be in real time */
} VgwPlayoutPace;

/* Fields are private. */
typedef struct
{
  VgwPlayoutPace pace;
  gsize n_frame;                       /* samples of VGW_FRAME_MS */
  gsize n_least_target, n_most_target; /* bounds of n_target */
  gsize n_target;                      /* the level when a frame is popped, that one included */
  gboolean is_gathering;
  gsize n_gathered_for; /* time since is_gathering */
  gsize n_since_push;   /* time since audio came last */
  gsize n_short;        /* of it without anything to play */
  gsize n_in_time;      /* time since audio was late */
  gint64 n_lead;        /* audio that came, minus time, since the utterance began */
  gboolean is_ahead;    /* in this utterance */
  gboolean is_steady;   /* was in real time for a while, in this utterance or just before */

  /* of the present window */
  gsize n_taken, n_came, n_came_at_once, n_least;
  gboolean is_uneven; /* too much came at once, or too late */

  gsize n_excess;
} VgwPlayoutLevel;

/* VGW_PLAYOUT_AHEAD at first. */
void vgw_playout_level_init (VgwPlayoutLevel *self, guint rate_hz);

/* From now on, with @target_ms at first and at least; one frame where it is less. */
void vgw_playout_level_set_pace (VgwPlayoutLevel *self, VgwPlayoutPace pace, guint target_ms);

/* The next audio begins an utterance. */
void vgw_playout_level_begin (VgwPlayoutLevel *self);

/* Before the first frame of all is popped, @n_samples of time after the first audio: that time counts, too. */
void vgw_playout_level_start (VgwPlayoutLevel *self, gsize n_samples);

/* @n_samples have come. */
void vgw_playout_level_push (VgwPlayoutLevel *self, gsize n_samples);

/* Before a frame of @n_samples is taken of @n_queued: FALSE where more is to be gathered first. */
gboolean vgw_playout_level_may_play (VgwPlayoutLevel *self, gsize n_samples, gsize n_queued);

/* A frame of @n_samples was requested while the queue is held: time passes, and is no lead of the engine. */
void vgw_playout_level_wait (VgwPlayoutLevel *self, gsize n_samples);

/* A frame of @n_samples was requested, @n_popped were available, @n_queued are left. @is_uttering: between the
 * begin and the end of an utterance. Not while the queue is held. */
void vgw_playout_level_pop (VgwPlayoutLevel *self, gsize n_samples, gsize n_popped, gsize n_queued,
                            gboolean is_uttering);

/* Whether an empty queue is the end of the utterance. */
gboolean vgw_playout_level_is_over (const VgwPlayoutLevel *self);

/* Whether a new utterance is still being gathered. */
gboolean vgw_playout_level_is_gathering (const VgwPlayoutLevel *self);

/* Whether @n_queued is less than a frame. */
gboolean vgw_playout_level_is_short (const VgwPlayoutLevel *self, gsize n_queued);

/* Whether @n_queued is the target, or more. */
gboolean vgw_playout_level_is_reached (const VgwPlayoutLevel *self, gsize n_queued);

/* Whether the engine is known to send in real time. */
gboolean vgw_playout_level_is_real_time (const VgwPlayoutLevel *self);

/* The samples of @n_queued that may be taken out while a frame of @n_samples is popped. */
gsize vgw_playout_level_get_excess (const VgwPlayoutLevel *self, gsize n_samples, gsize n_queued);

/* @n_samples of them were. */
void vgw_playout_level_shrink (VgwPlayoutLevel *self, gsize n_samples);
