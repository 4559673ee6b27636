/* Samples in their order, in a ring that grows. A value, zeroed at first; fields are for reading. */
#pragma once

#include <glib.h>

typedef struct
{
  gint16 *samples;
  gsize capacity;
  gsize head; /* index of the oldest sample */
  gsize n_samples;
} VgwSampleRing;

void vgw_sample_ring_clear (VgwSampleRing *self);

/* Adds @n_samples at the end. The ring starts small and doubles, up to @usual_samples or what is needed. */
void vgw_sample_ring_append (VgwSampleRing *self, const gint16 *samples, gsize n_samples, gsize usual_samples);

/* Copies the oldest @n_samples, which there are. */
void vgw_sample_ring_peek (const VgwSampleRing *self, gint16 *samples, gsize n_samples);

/* Drops the oldest @n_samples, which there are. */
void vgw_sample_ring_skip (VgwSampleRing *self, gsize n_samples);

/* Frees the memory of a long burst, if the ring is empty. */
void vgw_sample_ring_shrink (VgwSampleRing *self);
