#include "media/vgw-sample-ring.h"

#include <string.h>

#define INITIAL_CAPACITY_SAMPLES 2048u
/* A larger ring is freed when it is empty: 4 s at 16 kHz. */
#define MAX_IDLE_SAMPLES 65536u

void
vgw_sample_ring_clear (VgwSampleRing *self)
{
  g_free (self->samples);
  *self = (VgwSampleRing){ 0 };
}

void
vgw_sample_ring_peek (const VgwSampleRing *self, gint16 *samples, gsize n_samples)
{
  gsize n_first = MIN (n_samples, self->capacity - self->head);

  if (n_samples == 0)
    return;
  memcpy (samples, self->samples + self->head, n_first * sizeof (gint16));
  memcpy (samples + n_first, self->samples, (n_samples - n_first) * sizeof (gint16));
}

static void
grow (VgwSampleRing *self, gsize n_needed, gsize usual_samples)
{
  gsize capacity = MAX (self->capacity, INITIAL_CAPACITY_SAMPLES);
  gint16 *samples;

  if (n_needed <= self->capacity)
    return;
  while (capacity < n_needed)
    capacity *= 2;
  capacity = MIN (capacity, MAX (usual_samples, n_needed));

  samples = g_new (gint16, capacity);
  vgw_sample_ring_peek (self, samples, self->n_samples);
  g_free (self->samples);
  self->samples = samples;
  self->capacity = capacity;
  self->head = 0;
}

void
vgw_sample_ring_append (VgwSampleRing *self, const gint16 *samples, gsize n_samples, gsize usual_samples)
{
  gsize tail, n_first;

  if (n_samples == 0)
    return;
  grow (self, self->n_samples + n_samples, usual_samples);
  tail = (self->head + self->n_samples) % self->capacity;
  n_first = MIN (n_samples, self->capacity - tail);
  memcpy (self->samples + tail, samples, n_first * sizeof (gint16));
  memcpy (self->samples, samples + n_first, (n_samples - n_first) * sizeof (gint16));
  self->n_samples += n_samples;
}

void
vgw_sample_ring_skip (VgwSampleRing *self, gsize n_samples)
{
  self->head = (self->head + n_samples) % MAX (self->capacity, 1);
  self->n_samples -= n_samples;
}

void
vgw_sample_ring_shrink (VgwSampleRing *self)
{
  if (self->n_samples == 0 && self->capacity > MAX_IDLE_SAMPLES)
    vgw_sample_ring_clear (self);
}
