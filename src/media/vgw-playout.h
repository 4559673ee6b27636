/* The playout queue of one session: PCM from the engine, in any burst size, until the pacer takes it 20 ms at a
 * time. It alone owns the bound in ms, and the account of what was played. Thread-safe. No GStreamer here. */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"

G_BEGIN_DECLS

typedef struct _VgwPlayout VgwPlayout; /* reference counted */

typedef struct
{
  guint queued_ms;     /* waiting now */
  guint64 played_ms;   /* handed to the wire since the start */
  guint64 dropped_ms;  /* oldest audio dropped because the bound was reached */
} VgwPlayoutStats;

/* @max_ms: bound of the queue. Returns: (transfer full) */
VgwPlayout *vgw_playout_new (const VgwAudioFormat *format, guint max_ms);
VgwPlayout *vgw_playout_ref (VgwPlayout *self);
void vgw_playout_unref (VgwPlayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPlayout, vgw_playout_unref)

/* Queues @n_samples (transfer none), s16 mono at the session's rate; beyond the bound the oldest is dropped. */
void vgw_playout_push (VgwPlayout *self, const gint16 *samples, gsize n_samples);

/* Takes up to @n_samples; returns how many. The caller pads a short frame with silence. */
gsize vgw_playout_pop (VgwPlayout *self, gint16 *samples, gsize n_samples);

/* Empties the queue. */
void vgw_playout_clear (VgwPlayout *self);

void vgw_playout_get_stats (VgwPlayout *self, VgwPlayoutStats *stats);

G_END_DECLS
