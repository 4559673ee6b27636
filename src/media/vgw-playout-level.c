#include "media/vgw-playout-level.h"

#include "base/vgw-audio-format.h"

#define MOST_TARGET_MS 120u
#define HOLD_OVER_MS 200u      /* without audio, after which a real-time utterance is over */
#define IN_TIME_MS 10000u      /* without late audio, after which the target is lowered again */
#define MAX_JITTER_MS 100u     /* later audio is a stall, for which the target is raised by a frame only */
#define MAX_AT_ONCE_FRAMES 13u /* 260 ms: more is a burst */
#define MAX_LATE_FRAMES 13u
#define MAX_LEAD_MS 260u  /* more is ahead */
#define DRIFT_PART 128    /* of time: an engine whose clock is that much faster is still in real time */
#define MAX_STALL_MS 1000 /* that an engine in real time may catch up with */
#define WINDOW_FRAMES 50u /* to find out whether an engine is in real time: 1 s */
#define KNOWN_FRAMES 20u  /* of a window where that is known */
#define EVEN_PERCENT 15u  /* tolerated difference of received and played audio */
#define MIN_EXCESS_FRAMES 1u

static gsize
ms_to_samples (const VgwPlayoutLevel *self, guint ms)
{
  return self->n_frame * ms / VGW_FRAME_MS;
}

static void
begin_window (VgwPlayoutLevel *self)
{
  self->n_taken = 0;
  self->n_came = 0;
  self->n_least = G_MAXSIZE;
  self->is_uneven = FALSE;
}

void
vgw_playout_level_init (VgwPlayoutLevel *self, guint rate_hz)
{
  *self = (VgwPlayoutLevel){ .n_frame = (gsize) rate_hz * VGW_FRAME_MS / 1000 };
  vgw_playout_level_set_pace (self, VGW_PLAYOUT_AHEAD, 0);
}

void
vgw_playout_level_set_pace (VgwPlayoutLevel *self, VgwPlayoutPace pace, guint target_ms)
{
  self->pace = pace;
  self->n_least_target = MAX (ms_to_samples (self, target_ms), self->n_frame);
  self->n_most_target = MAX (self->n_least_target, ms_to_samples (self, MOST_TARGET_MS));
  self->n_target = self->n_least_target;
  self->is_gathering = FALSE;
  self->n_lead = 0;
  self->is_ahead = FALSE;
  self->is_steady = FALSE;
  self->n_excess = 0;
  begin_window (self);
}

void
vgw_playout_level_begin (VgwPlayoutLevel *self)
{
  self->is_gathering = self->pace != VGW_PLAYOUT_AHEAD && self->n_target > self->n_frame;
  self->n_gathered_for = 0;
  self->n_short = 0;
  self->n_came_at_once = 0;
  self->n_excess = 0;
  if (self->is_ahead || self->n_since_push > ms_to_samples (self, MAX_STALL_MS))
    self->is_steady = FALSE;
  self->is_ahead = FALSE;
  /* the time since the last audio counts where the engine may just have stalled */
  if (!self->is_steady)
    self->n_lead = 0;
  begin_window (self);
}

static void
find_ahead (VgwPlayoutLevel *self)
{
  self->is_ahead = self->pace == VGW_PLAYOUT_AUTO && self->n_lead > (gint64) ms_to_samples (self, MAX_LEAD_MS);
  if (self->is_ahead)
    self->n_excess = 0;
}

void
vgw_playout_level_start (VgwPlayoutLevel *self, gsize n_samples)
{
  self->n_lead = MAX (self->n_lead - (gint64) n_samples, 0);
  find_ahead (self);
}

/* Audio was late, but the utterance is not over: the target is raised. */
static void
note_late (VgwPlayoutLevel *self)
{
  gsize n_late = self->n_short <= ms_to_samples (self, MAX_JITTER_MS) ? self->n_short : 0;

  n_late = (n_late + self->n_frame - 1) / self->n_frame * self->n_frame;
  self->n_target = MIN (self->n_target + MAX (n_late, self->n_frame), self->n_most_target);
  self->n_in_time = 0;
}

void
vgw_playout_level_push (VgwPlayoutLevel *self, gsize n_samples)
{
  if (self->n_short > 0 && self->pace != VGW_PLAYOUT_AHEAD)
    note_late (self);
  self->n_short = 0;
  self->is_uneven |= self->n_since_push > MAX_LATE_FRAMES * self->n_frame;
  self->n_since_push = 0;
  self->n_came += n_samples;
  self->n_came_at_once += n_samples;
  self->is_uneven |= self->n_came_at_once > MAX_AT_ONCE_FRAMES * self->n_frame;
  self->n_lead += (gint64) n_samples;
  if (!self->is_ahead)
    find_ahead (self);
}

gboolean
vgw_playout_level_may_play (VgwPlayoutLevel *self, gsize n_samples, gsize n_queued)
{
  if (!self->is_gathering)
    return TRUE;
  self->n_gathered_for += n_samples;
  self->is_gathering = n_queued < self->n_target && self->n_gathered_for < self->n_target;
  return !self->is_gathering;
}

gboolean
vgw_playout_level_is_gathering (const VgwPlayoutLevel *self)
{
  return self->is_gathering;
}

gboolean
vgw_playout_level_is_short (const VgwPlayoutLevel *self, gsize n_queued)
{
  return n_queued < self->n_frame;
}

gboolean
vgw_playout_level_is_reached (const VgwPlayoutLevel *self, gsize n_queued)
{
  return n_queued >= self->n_target;
}

gboolean
vgw_playout_level_is_real_time (const VgwPlayoutLevel *self)
{
  return self->pace == VGW_PLAYOUT_REAL_TIME || (self->pace == VGW_PLAYOUT_AUTO && self->is_steady && !self->is_ahead);
}

static gboolean
is_even (const VgwPlayoutLevel *self)
{
  gsize n_tolerated = self->n_taken * EVEN_PERCENT / 100;

  return !self->is_uneven && self->n_came + n_tolerated >= self->n_taken && self->n_came <= self->n_taken + n_tolerated;
}

static void
end_window (VgwPlayoutLevel *self)
{
  gsize n_kept = self->n_target - self->n_frame;

  self->is_steady |= self->n_taken >= WINDOW_FRAMES * self->n_frame && is_even (self);
  self->n_excess = 0;
  if (vgw_playout_level_is_real_time (self) && self->n_least >= n_kept + MIN_EXCESS_FRAMES * self->n_frame)
    self->n_excess = self->n_least - n_kept;
  begin_window (self);
}

void
vgw_playout_level_wait (VgwPlayoutLevel *self, gsize n_samples)
{
  self->n_since_push += n_samples;
  self->n_came_at_once = 0;
  self->n_lead =
      MAX (self->n_lead - (gint64) (n_samples + n_samples / DRIFT_PART), -(gint64) ms_to_samples (self, MAX_STALL_MS));
}

void
vgw_playout_level_pop (VgwPlayoutLevel *self, gsize n_samples, gsize n_popped, gsize n_queued, gboolean is_uttering)
{
  vgw_playout_level_wait (self, n_samples);
  if (!is_uttering || self->is_gathering)
    return;
  self->n_in_time += n_samples;
  if (self->n_in_time >= ms_to_samples (self, IN_TIME_MS))
    {
      self->n_in_time = 0;
      self->n_target = MAX (self->n_least_target, self->n_target - self->n_frame);
    }
  if (n_popped < n_samples)
    {
      self->n_short += n_samples - n_popped;
      self->n_excess = 0;
      begin_window (self);
      return;
    }
  self->n_taken += n_samples;
  self->n_least = MIN (self->n_least, n_queued);
  if (self->n_taken >= (vgw_playout_level_is_real_time (self) ? KNOWN_FRAMES : WINDOW_FRAMES) * self->n_frame)
    end_window (self);
}

gboolean
vgw_playout_level_is_over (const VgwPlayoutLevel *self)
{
  return self->pace == VGW_PLAYOUT_AHEAD || self->n_since_push >= ms_to_samples (self, HOLD_OVER_MS);
}

gsize
vgw_playout_level_get_excess (const VgwPlayoutLevel *self, gsize n_samples, gsize n_queued)
{
  return MIN (self->n_excess, n_queued - MIN (n_queued, n_samples + self->n_target - self->n_frame));
}

void
vgw_playout_level_shrink (VgwPlayoutLevel *self, gsize n_samples)
{
  self->n_excess -= MIN (self->n_excess, n_samples);
}
