#include "media/vgw-echo-estimator.h"

#include <math.h>

#include "base/vgw-audio-format.h"

#define N_FRAMES (VGW_ECHO_ESTIMATOR_MEMORY_MS / VGW_FRAME_MS)
/* The window of the mean of the received audio: about the rise of two syllables, and half of the shortest useful
 * speech-start-ms. */
#define HEARD_OVER_MS 60u
/* Audio above the limit counts as this many times the limit at most: otherwise a click, which is loud but short, would
 * dominate the mean for longer than it lasts. 40 ms of it then count as 65 ms. */
#define MOST_OVER_LIMIT 4.0
#define BLOCK_MS 10u
#define LEVEL_MS 100u
#define FULL_SCALE 32768.0
#define N_BLOCKS 32u /* of 10 ms or more: all but 0.5 % of the mean */

typedef struct
{
  double power;
  gsize n_samples;
} Block;

/* Powers are mean squares of samples. */
struct _VgwEchoEstimator
{
  gsize n_heard_over; /* constant: HEARD_OVER_MS in samples */
  gsize n_block;      /* constant: BLOCK_MS in samples */

  GMutex lock;
  /* guarded by lock */
  double played[N_FRAMES]; /* power of each frame, a ring */
  guint next;              /* of the ring, the oldest */
  Block heard[N_BLOCKS];   /* a ring */
  guint last_heard;        /* of the ring, the newest; it grows until it is as long as a block is */
};

static double
get_power (const gint16 *samples, gsize n_samples)
{
  gint64 sum = 0;

  for (gsize i = 0; i < n_samples; i++)
    sum += (gint64) samples[i] * samples[i];
  return n_samples > 0 ? (double) sum / (double) n_samples : 0;
}

VgwEchoEstimator *
vgw_echo_estimator_new (guint rate_hz)
{
  VgwEchoEstimator *self = g_new0 (VgwEchoEstimator, 1);

  self->n_heard_over = (gsize) rate_hz * HEARD_OVER_MS / 1000;
  self->n_block = (gsize) rate_hz * BLOCK_MS / 1000;
  g_mutex_init (&self->lock);
  return self;
}

void
vgw_echo_estimator_free (VgwEchoEstimator *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_echo_estimator_add_sent (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples)
{
  double power = get_power (samples, n_samples);

  g_mutex_lock (&self->lock);
  self->played[self->next] = power;
  self->next = (self->next + 1) % N_FRAMES;
  g_mutex_unlock (&self->lock);
}

void
vgw_echo_estimator_add_received (VgwEchoEstimator *self, const gint16 *samples, gsize n_samples)
{
  double power = get_power (samples, n_samples);
  Block *block;

  if (n_samples == 0)
    return;
  g_mutex_lock (&self->lock);
  if (self->heard[self->last_heard].n_samples >= self->n_block)
    {
      self->last_heard = (self->last_heard + 1) % N_BLOCKS;
      self->heard[self->last_heard] = (Block){ 0 };
    }
  block = &self->heard[self->last_heard];
  block->n_samples += n_samples;
  block->power += (power - block->power) * (double) n_samples / (double) block->n_samples;
  g_mutex_unlock (&self->lock);
}

/* The exponentially weighted mean of the received power, at most @most of each block. Lock held. */
static double
get_heard (const VgwEchoEstimator *self, double most)
{
  double heard = 0;

  for (guint i = 1; i <= N_BLOCKS; i++)
    {
      const Block *block = &self->heard[(self->last_heard + i) % N_BLOCKS];
      double weight = 1 - exp (-(double) block->n_samples / (double) self->n_heard_over);

      heard += (MIN (block->power, most) - heard) * weight;
    }
  return heard;
}

/* The mean power of the newest blocks. Lock held. */
static double
get_recent_heard (const VgwEchoEstimator *self)
{
  double sum = 0;
  gsize n_samples = 0;

  for (guint i = 0; i < N_BLOCKS && n_samples < self->n_block * (LEVEL_MS / BLOCK_MS); i++)
    {
      const Block *block = &self->heard[(self->last_heard + N_BLOCKS - i) % N_BLOCKS];

      sum += block->power * (double) block->n_samples;
      n_samples += block->n_samples;
    }
  return n_samples > 0 ? sum / (double) n_samples : 0;
}

void
vgw_echo_estimator_get_levels (VgwEchoEstimator *self, double *received, double *sent)
{
  const guint n_frames = LEVEL_MS / VGW_FRAME_MS;
  double played = 0;

  g_mutex_lock (&self->lock);
  *received = sqrt (get_recent_heard (self)) / FULL_SCALE;
  for (guint i = 1; i <= n_frames; i++)
    played += self->played[(self->next + N_FRAMES - i) % N_FRAMES];
  g_mutex_unlock (&self->lock);
  *sent = sqrt (played / n_frames) / FULL_SCALE;
}

gboolean
vgw_echo_estimator_may_be_echo (VgwEchoEstimator *self, guint margin_db)
{
  double loudest = 0;
  double limit, heard;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_FRAMES; i++)
    loudest = MAX (loudest, self->played[i]);
  limit = loudest * pow (10, -(double) margin_db / 10);
  heard = get_heard (self, limit * MOST_OVER_LIMIT);
  g_mutex_unlock (&self->lock);
  return heard < limit;
}
