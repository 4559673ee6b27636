#include "caller/vgw-call-meters.h"

#include <math.h>
#include <stdlib.h>

#define SEQUENCE_CYCLE 0x10000
#define JITTER_GAIN 16.0 /* RFC 3550 section 6.4.1 */

/* Extends @sequence to 64 bits: the value nearest to the highest one so far, so that late packets are in the right
 * cycle. */
static guint64
extend_sequence (guint64 highest, guint16 sequence)
{
  guint64 extended = (highest & ~(guint64) (SEQUENCE_CYCLE - 1)) + sequence;

  if (extended + SEQUENCE_CYCLE / 2 < highest)
    return extended + SEQUENCE_CYCLE;
  if (extended > highest + SEQUENCE_CYCLE / 2 && extended >= SEQUENCE_CYCLE)
    return extended - SEQUENCE_CYCLE;
  return extended;
}

void
vgw_rtp_counter_add (VgwRtpCounter *self, guint16 sequence, guint32 timestamp, gint64 arrival_us, guint clock_rate_hz)
{
  guint64 extended;
  double transit_change_ms;

  self->n_received++;
  if (self->n_received == 1)
    {
      /* starts in cycle 1, so that a packet before the first one is not negative */
      self->first_sequence = self->highest_sequence = (guint64) SEQUENCE_CYCLE + sequence;
      self->last_timestamp = timestamp;
      self->last_arrival_us = arrival_us;
      return;
    }
  extended = extend_sequence (self->highest_sequence, sequence);
  self->highest_sequence = MAX (self->highest_sequence, extended);
  self->first_sequence = MIN (self->first_sequence, extended);

  transit_change_ms = (double) (arrival_us - self->last_arrival_us) / 1000.0
                      - (double) (gint32) (timestamp - self->last_timestamp) * 1000.0 / clock_rate_hz;
  self->jitter_ms += (fabs (transit_change_ms) - self->jitter_ms) / JITTER_GAIN;
  self->last_timestamp = timestamp;
  self->last_arrival_us = arrival_us;
}

guint64
vgw_rtp_counter_get_lost (const VgwRtpCounter *self)
{
  guint64 n_expected;

  if (self->n_received == 0)
    return 0;
  n_expected = self->highest_sequence - self->first_sequence + 1;
  return n_expected > self->n_received ? n_expected - self->n_received : 0;
}

void
vgw_timeline_add (VgwTimeline *self, gint64 now_us, gint64 position_us)
{
  if (self->n_frames < G_N_ELEMENTS (self->starts_us))
    self->starts_us[self->n_frames++] = now_us - position_us;
}

static int
compare_moments (gconstpointer a, gconstpointer b)
{
  const gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

gint64
vgw_timeline_get_start_us (const VgwTimeline *self)
{
  VgwTimeline sorted = *self;

  if (sorted.n_frames == 0)
    return -1;
  qsort (sorted.starts_us, sorted.n_frames, sizeof sorted.starts_us[0], compare_moments);
  return sorted.starts_us[sorted.n_frames / 2];
}

static gboolean
close_window (VgwLevelMeter *self)
{
  gboolean is_voiced = sqrt (self->window_sum_of_squares / self->window_fill) >= VGW_VOICED_RMS;

  if (is_voiced)
    self->n_voiced_windows++;
  self->window_fill = 0;
  self->window_sum_of_squares = 0;
  return is_voiced;
}

gboolean
vgw_level_meter_add (VgwLevelMeter *self, const gint16 *samples, gsize n_samples)
{
  gboolean has_voice = FALSE;

  for (gsize i = 0; i < n_samples; i++)
    {
      double square = (double) samples[i] * samples[i];

      self->sum_of_squares += square;
      self->window_sum_of_squares += square;
      self->peak = MAX (self->peak, (guint) ABS ((int) samples[i]));
      if (++self->window_fill == self->samples_per_window)
        has_voice |= close_window (self);
    }
  self->n_samples += n_samples;
  return has_voice;
}

double
vgw_level_meter_get_rms (const VgwLevelMeter *self)
{
  return self->n_samples == 0 ? 0.0 : sqrt (self->sum_of_squares / (double) self->n_samples);
}
