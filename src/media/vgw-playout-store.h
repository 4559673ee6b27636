/* The audio of a playout queue, with its bound. A value inside VgwPlayout, guarded by its lock. Positions count the
 * samples that were queued since the start. */
#pragma once

#include "media/vgw-playout-ledger.h"
#include "media/vgw-sample-ring.h"

/* The behaviour at the bound. */
typedef enum
{
  VGW_PLAYOUT_KEEP, /* the producer waits while vgw_playout_is_full (); audio beyond twice the bound and 2 s is
                     * dropped */
  VGW_PLAYOUT_DROP_OLDEST,
  VGW_PLAYOUT_DROP_NEWEST,
} VgwPlayoutOverflow;

/* Fields are for reading; the ring is for taking. */
typedef struct
{
  VgwSampleRing ring;
  guint64 n_in;      /* queued since the start */
  guint64 n_dropped; /* because of the bound */
  gsize max_samples; /* the bound */
  gsize most_kept;   /* at VGW_PLAYOUT_KEEP */
  VgwPlayoutOverflow overflow;
} VgwPlayoutStore;

/* What is queued beyond a smaller bound stays. */
void vgw_playout_store_set_bound (VgwPlayoutStore *self, guint rate_hz, guint max_ms, VgwPlayoutOverflow overflow);

/* Queues as much of @samples as the bound allows. The marks of what is dropped are lost in @ledger. */
void vgw_playout_store_append (VgwPlayoutStore *self, VgwPlayoutLedger *ledger, const gint16 *samples, gsize n_samples);

/* Of the next sample that leaves. */
guint64 vgw_playout_store_get_position (const VgwPlayoutStore *self);
