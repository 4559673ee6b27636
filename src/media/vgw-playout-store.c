#include "media/vgw-playout-store.h"

/* VGW_PLAYOUT_KEEP: beyond the bound one more frame of the engine may arrive, as large as the bound, and the rest of
 * the same read: 16 KiB of μ-law. */
#define KEPT_BOUNDS 2u
#define KEPT_EXTRA_MS 2000u

static void
drop_oldest (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, gsize n_samples)
{
  guint64 position = vgw_playout_store_get_position (self);

  vgw_playout_ledger_lose (ledger, position, position + n_samples);
  vgw_sample_ring_skip (&self->ring, n_samples);
  self->n_dropped += n_samples;
}

static void
append (VgwPlayoutStore *self, const gint16 *samples, gsize n_samples)
{
  vgw_sample_ring_append (&self->ring, samples, n_samples, self->max_samples);
  self->n_in += n_samples;
}

/* @n_samples are not queued. */
static void
refuse (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, gsize n_samples)
{
  self->n_dropped += n_samples;
  vgw_playout_ledger_lose_newest (ledger);
}

static void
append_at_most (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, const gint16 *samples, gsize n_samples,
                gsize max_samples)
{
  gsize n_room = max_samples - MIN (self->ring.n_samples, max_samples);

  if (n_samples > n_room)
    refuse (self, ledger, n_samples - n_room);
  if (n_room > 0)
    append (self, samples, MIN (n_samples, n_room));
}

static void
append_over_oldest (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, const gint16 *samples, gsize n_samples)
{
  gsize n_excess = n_samples - MIN (n_samples, self->max_samples);

  n_samples -= n_excess;
  if (self->ring.n_samples + n_samples > self->max_samples)
    drop_oldest (self, ledger, MIN (self->ring.n_samples + n_samples - self->max_samples, self->ring.n_samples));
  if (n_excess > 0)
    refuse (self, ledger, n_excess);
  append (self, samples + n_excess, n_samples);
}

void
vgw_playout_store_set_bound (VgwPlayoutStore *self, guint rate_hz, guint max_ms, VgwPlayoutOverflow overflow)
{
  self->max_samples = (gsize) ((guint64) max_ms * rate_hz / 1000);
  self->most_kept = KEPT_BOUNDS * self->max_samples + (gsize) rate_hz * KEPT_EXTRA_MS / 1000;
  self->overflow = overflow;
}

void
vgw_playout_store_append (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, const gint16 *samples, gsize n_samples)
{
  switch (self->overflow)
    {
    case VGW_PLAYOUT_KEEP:
      append_at_most (self, ledger, samples, n_samples, self->most_kept);
      break;
    case VGW_PLAYOUT_DROP_NEWEST:
      append_at_most (self, ledger, samples, n_samples, self->max_samples);
      break;
    case VGW_PLAYOUT_DROP_OLDEST:
      append_over_oldest (self, ledger, samples, n_samples);
      break;
    }
}

guint64
vgw_playout_store_get_position (const VgwPlayoutStore *self)
{
  return self->n_in - self->ring.n_samples;
}
