#include "media/vgw-playout-level.h"

#include "base/vgw-audio-format.h"

#define MOST_START_MS 120u
#define HOLD_OVER_MS 200u      /* without audio, after which a real-time utterance is over */
#define IN_TIME_MS 10000u      /* without late audio, after which less is gathered again */
#define WINDOW_FRAMES 50u      /* 1 s */
#define MAX_AT_ONCE_FRAMES 13u /* 260 ms: more is a burst */
#define MAX_LATE_FRAMES 13u
#define EVEN_PERCENT 15u /* tolerated difference of received and played audio */
#define SLACK_FRAMES 3u  /* 60 ms above the level are not counted as delay */

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
  *self = (VgwPlayoutLevel){ .n_frame = (gsize) rate_hz * VGW_FRAME_MS / 1000, .n_level = G_MAXSIZE };
  begin_window (self);
}

void
vgw_playout_level_set_active (VgwPlayoutLevel *self, gboolean is_active, guint start_ms)
{
  self->is_active = is_active;
  self->n_least_start = ms_to_samples (self, start_ms);
  self->n_most_start = MAX (self->n_least_start, ms_to_samples (self, MOST_START_MS));
  self->n_start = self->n_least_start;
  self->is_gathering = FALSE;
  self->n_level = G_MAXSIZE;
  self->n_excess = 0;
  begin_window (self);
}

void
vgw_playout_level_begin (VgwPlayoutLevel *self)
{
  self->is_gathering = self->is_active && self->n_start > 0;
  self->n_gathered_for = 0;
  self->n_short = 0;
  self->n_came_at_once = 0;
  begin_window (self);
}

void
vgw_playout_level_push (VgwPlayoutLevel *self, gsize n_samples)
{
  /* audio was late, but the utterance is not over: more is gathered for the next one */
  if (self->n_short > 0 && self->n_start > 0)
    {
      self->n_start = MIN (self->n_start + self->n_frame, self->n_most_start);
      self->n_in_time = 0;
    }
  self->n_short = 0;
  self->is_uneven |= self->n_since_push > MAX_LATE_FRAMES * self->n_frame;
  self->n_since_push = 0;
  self->n_came += n_samples;
  self->n_came_at_once += n_samples;
  self->is_uneven |= self->n_came_at_once > MAX_AT_ONCE_FRAMES * self->n_frame;
}

gboolean
vgw_playout_level_may_play (VgwPlayoutLevel *self, gsize n_samples, gsize n_queued)
{
  if (!self->is_gathering)
    return TRUE;
  self->n_gathered_for += n_samples;
  self->is_gathering = n_queued < self->n_start && self->n_gathered_for < self->n_start;
  return !self->is_gathering;
}

static void
end_window (VgwPlayoutLevel *self)
{
  gsize n_tolerated = self->n_taken * EVEN_PERCENT / 100;
  gboolean is_real_time =
      !self->is_uneven && self->n_came + n_tolerated >= self->n_taken && self->n_came <= self->n_taken + n_tolerated;

  self->n_excess = 0;
  if (is_real_time)
    {
      gsize n_wanted;

      self->n_level = MIN (self->n_level, self->n_least);
      n_wanted = MAX (self->n_level, self->n_start);
      if (self->n_least > n_wanted + SLACK_FRAMES * self->n_frame)
        self->n_excess = self->n_least - n_wanted;
    }
  begin_window (self);
}

void
vgw_playout_level_pop (VgwPlayoutLevel *self, gsize n_samples, gsize n_popped, gsize n_queued)
{
  self->n_since_push += n_samples;
  self->n_came_at_once = 0;
  self->n_in_time += n_samples;
  if (self->n_in_time >= ms_to_samples (self, IN_TIME_MS))
    {
      self->n_in_time = 0;
      self->n_start = MAX (self->n_least_start, self->n_start - MIN (self->n_start, self->n_frame));
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
  if (self->n_taken >= WINDOW_FRAMES * self->n_frame)
    end_window (self);
}

gboolean
vgw_playout_level_is_over (const VgwPlayoutLevel *self)
{
  return !self->is_active || self->n_since_push >= ms_to_samples (self, HOLD_OVER_MS);
}

gboolean
vgw_playout_level_has_excess (const VgwPlayoutLevel *self, gsize n_samples, gsize n_queued)
{
  return self->is_active && self->n_excess >= n_samples && n_queued >= 2 * n_samples + self->n_start;
}

void
vgw_playout_level_skip (VgwPlayoutLevel *self, gsize n_samples)
{
  self->n_excess -= MIN (self->n_excess, n_samples);
}
