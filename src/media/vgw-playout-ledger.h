/* The pending marks and events of a playout queue. A value inside VgwPlayout, guarded by its lock; it has positions in
 * the stream of samples, not samples. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/vgw-playout-event.h"

#define VGW_PLAYOUT_MAX_DESCRIBED_MARKS 32u

/* Fields are private. */
typedef struct
{
  GQueue marks;   /* pending, by position */
  GQueue events;  /* VgwPlayoutEvent, pending */
  guint n_names;  /* names of marks, in both */
  guint n_places; /* in both */
  guint n_place_events;
  guint64 last_place;
  guint n_lost;     /* dropped events */
  gboolean has_gap; /* audio after the last mark was dropped: the next one becomes LOST */
} VgwPlayoutLedger;

void vgw_playout_ledger_init (VgwPlayoutLedger *self);
void vgw_playout_ledger_clear (VgwPlayoutLedger *self);

/* Adds a mark that is reached once @position samples have left the queue. FALSE where there are too many, or the name
 * is too long. */
gboolean vgw_playout_ledger_mark (VgwPlayoutLedger *self, const char *name, guint64 position);

/* Adds a place as vgw_playout_ledger_mark () does a mark. Returns: its number, or 0 where there are too many */
guint64 vgw_playout_ledger_add_place (VgwPlayoutLedger *self, guint64 position);

/* Drops the pending marks, but not the places, nor the events of either. */
void vgw_playout_ledger_drop_marks (VgwPlayoutLedger *self);

/* Audio after all marks was dropped because the queue was full. */
void vgw_playout_ledger_lose_newest (VgwPlayoutLedger *self);

/* The audio from @from up to @to was dropped because the queue was full. The marks in it, and the first one after it,
 * become LOST. */
void vgw_playout_ledger_lose (VgwPlayoutLedger *self, guint64 from, guint64 to);

/* Adds MARK or LOST for every mark up to @position, and PLACE for every place. @now: played_ms and utterance_ms for the
 * events. */
void vgw_playout_ledger_reach (VgwPlayoutLedger *self, guint64 position, const VgwPlayoutEvent *now);

/* Adds CLEARED with all pending marks, then PLACE for every place. */
void vgw_playout_ledger_drop (VgwPlayoutLedger *self, const VgwPlayoutEvent *now);

/* Adds an event of @type, which has no marks. */
void vgw_playout_ledger_note (VgwPlayoutLedger *self, VgwPlayoutEventType type, const VgwPlayoutEvent *now);

/* Adds "marks" to @object, the first pending ones with the ms until each is reached, and "marks_left_out"; @position:
 * of the sample that is sent next. */
void vgw_playout_ledger_describe (const VgwPlayoutLedger *self, guint64 position, guint rate_hz, JsonObject *object);

/* Returns: (transfer full) (nullable) the oldest event */
VgwPlayoutEvent *vgw_playout_ledger_take (VgwPlayoutLedger *self);
