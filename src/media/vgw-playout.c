#include "media/vgw-playout.h"

#include <string.h>

/* A ring that starts small and doubles up to the bound: an idle session costs a few hundred bytes, and an engine
 * that answers in one burst pays for the burst only. */
#define INITIAL_CAPACITY_SAMPLES 2048u

struct _VgwPlayout
{
  gint ref_count; /* atomic */

  /* constant */
  guint rate_hz;
  gsize max_samples;

  GMutex lock; /* a leaf: nothing else is locked while it is held */
  /* guarded by lock */
  gint16 *ring;
  gsize capacity;
  gsize head; /* index of the oldest sample */
  gsize n_queued;
  guint64 n_played;
  guint64 n_dropped;
};

static guint64
samples_to_ms (const VgwPlayout *self, guint64 n_samples)
{
  return n_samples * 1000 / self->rate_hz;
}

/* Copies @n_samples at @offset past the head out of the ring. Lock held. */
static void
copy_out (const VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  gsize n_first = MIN (n_samples, self->capacity - self->head);

  memcpy (samples, self->ring + self->head, n_first * sizeof (gint16));
  memcpy (samples + n_first, self->ring, (n_samples - n_first) * sizeof (gint16));
}

/* Makes room for @n_needed samples in all, which is at most max_samples. Lock held. */
static void
grow (VgwPlayout *self, gsize n_needed)
{
  gsize capacity = MAX (self->capacity, INITIAL_CAPACITY_SAMPLES);
  gint16 *ring;

  if (n_needed <= self->capacity)
    return;
  while (capacity < n_needed)
    capacity *= 2;
  capacity = MIN (capacity, MAX (self->max_samples, n_needed));

  ring = g_new (gint16, capacity);
  if (self->n_queued > 0)
    copy_out (self, ring, self->n_queued);
  g_free (self->ring);
  self->ring = ring;
  self->capacity = capacity;
  self->head = 0;
}

static void
drop_oldest (VgwPlayout *self, gsize n_samples)
{
  self->head = (self->head + n_samples) % self->capacity;
  self->n_queued -= n_samples;
  self->n_dropped += n_samples;
}

VgwPlayout *
vgw_playout_new (const VgwAudioFormat *format, guint max_ms)
{
  VgwPlayout *self;

  g_return_val_if_fail (format != NULL && format->rate_hz > 0, NULL);
  g_return_val_if_fail (max_ms >= VGW_FRAME_MS, NULL);

  self = g_new0 (VgwPlayout, 1);
  self->ref_count = 1;
  self->rate_hz = format->rate_hz;
  self->max_samples = (gsize) ((guint64) max_ms * format->rate_hz / 1000);
  g_mutex_init (&self->lock);
  return self;
}

VgwPlayout *
vgw_playout_ref (VgwPlayout *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
vgw_playout_unref (VgwPlayout *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_free (self->ring);
  g_free (self);
}

void
vgw_playout_push (VgwPlayout *self, const gint16 *samples, gsize n_samples)
{
  gsize tail, n_first;

  g_return_if_fail (samples != NULL || n_samples == 0);
  if (n_samples == 0)
    return;

  g_mutex_lock (&self->lock);
  if (n_samples > self->max_samples)
    {
      gsize n_excess = n_samples - self->max_samples;

      self->n_dropped += n_excess;
      samples += n_excess;
      n_samples = self->max_samples;
    }
  if (self->n_queued + n_samples > self->max_samples)
    drop_oldest (self, self->n_queued + n_samples - self->max_samples);
  grow (self, self->n_queued + n_samples);

  tail = (self->head + self->n_queued) % self->capacity;
  n_first = MIN (n_samples, self->capacity - tail);
  memcpy (self->ring + tail, samples, n_first * sizeof (gint16));
  memcpy (self->ring, samples + n_first, (n_samples - n_first) * sizeof (gint16));
  self->n_queued += n_samples;
  g_mutex_unlock (&self->lock);
}

gsize
vgw_playout_pop (VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  g_mutex_lock (&self->lock);
  n_samples = MIN (n_samples, self->n_queued);
  if (n_samples > 0)
    {
      copy_out (self, samples, n_samples);
      self->head = (self->head + n_samples) % self->capacity;
      self->n_queued -= n_samples;
      self->n_played += n_samples;
    }
  g_mutex_unlock (&self->lock);
  return n_samples;
}

void
vgw_playout_clear (VgwPlayout *self)
{
  g_mutex_lock (&self->lock);
  self->head = 0;
  self->n_queued = 0;
  g_mutex_unlock (&self->lock);
}

void
vgw_playout_get_stats (VgwPlayout *self, VgwPlayoutStats *stats)
{
  g_mutex_lock (&self->lock);
  stats->queued_ms = (guint) samples_to_ms (self, self->n_queued);
  stats->played_ms = samples_to_ms (self, self->n_played);
  stats->dropped_ms = samples_to_ms (self, self->n_dropped);
  g_mutex_unlock (&self->lock);
}
