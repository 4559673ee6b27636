#include "media/vgw-playout-shrink.h"

#include "base/vgw-audio-format.h"
#include "media/vgw-time-scale.h"

/* A pause: peaks below -42 dB of full scale, for this long before it is shortened. */
#define SILENT_PEAK 256
#define MIN_PAUSE_FRAMES 5u
#define SPEED_UP_PARTS 4u /* of a frame of speech, one part may be taken out */
#define MAX_FRAME_SAMPLES (VGW_TIME_SCALE_MAX_RATE_HZ / 1000 * VGW_FRAME_MS)
#define MAX_TAKEN_SAMPLES (VGW_TIME_SCALE_MAX_RATE_HZ / 1000 * VGW_TIME_SCALE_MAX_MS)

void
vgw_playout_shrink_init (VgwPlayoutShrink *self, guint rate_hz)
{
  *self = (VgwPlayoutShrink){ .may_speed_up = TRUE, .rate_hz = rate_hz };
}

/* @samples, the frame that is played, is silent. Where what follows is silent, too, both are merged with a
 * cross-fade. */
static gsize
shorten_pause (VgwPlayoutShrink *self, const VgwSampleRing *ring, gint16 *samples, gsize n_samples, gsize n_excess)
{
  gsize n_taken = MIN (n_excess, n_samples);
  gint16 both[2 * MAX_FRAME_SAMPLES];

  if (++self->n_silent_frames < MIN_PAUSE_FRAMES || ring->n_samples < n_samples + n_taken)
    return 0;
  vgw_sample_ring_peek (ring, both, n_samples + n_taken);
  if (!vgw_audio_is_quiet (both + n_samples, n_taken, SILENT_PEAK))
    return 0;
  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (gint16) ((both[i] * (gint) (n_samples - i) + both[i + n_taken] * (gint) i) / (gint) n_samples);
  self->n_pauses += n_taken;
  return n_taken;
}

static gsize
shorten_speech (VgwPlayoutShrink *self, const VgwSampleRing *ring, gint16 *samples, gsize n_samples, gsize n_excess)
{
  gint16 in[MAX_FRAME_SAMPLES + MAX_TAKEN_SAMPLES];
  gsize n_most = MIN (MIN (n_excess, self->n_credit), ring->n_samples - n_samples);
  gsize n_taken;

  self->n_silent_frames = 0;
  if (!self->may_speed_up || n_samples < (gsize) self->rate_hz * VGW_TIME_SCALE_OVERLAP_MS / 1000)
    return 0;
  vgw_sample_ring_peek (ring, in, n_samples + n_most);
  n_taken = vgw_time_scale_shorten (in, self->rate_hz, n_most, samples, n_samples);
  self->n_credit -= n_taken;
  self->n_speech += n_taken;
  return n_taken;
}

gsize
vgw_playout_shrink_pop (VgwPlayoutShrink *self, VgwSampleRing *ring, gint16 *samples, gsize n_samples, gsize n_excess)
{
  gsize n_taken = 0;

  vgw_sample_ring_peek (ring, samples, n_samples);
  self->n_credit =
      MIN (self->n_credit + n_samples / SPEED_UP_PARTS, (gsize) self->rate_hz * VGW_TIME_SCALE_MAX_MS / 1000);
  if (n_excess == 0 || n_samples > MAX_FRAME_SAMPLES)
    self->n_silent_frames = 0;
  else if (vgw_audio_is_quiet (samples, n_samples, SILENT_PEAK))
    n_taken = shorten_pause (self, ring, samples, n_samples, n_excess);
  else
    n_taken = shorten_speech (self, ring, samples, n_samples, n_excess);
  vgw_sample_ring_skip (ring, n_samples + n_taken);
  return n_taken;
}
