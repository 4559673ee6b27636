/* Which marks wait in a playout queue, and what is to be told of it. A value inside VgwPlayout, guarded by its lock; it
 * knows positions in the stream of samples, not samples. */
#pragma once

#include "base/vgw-playout-event.h"

/* Fields are private. */
typedef struct
{
  GQueue marks;     /* of those that wait, by position */
  GQueue events;    /* VgwPlayoutEvent, not yet taken */
  guint n_names;    /* of marks, in both */
  guint n_lost;     /* events that nobody took in time */
  gboolean has_gap; /* audio behind the last mark was dropped: it belongs to the next one */
} VgwPlayoutLedger;

void vgw_playout_ledger_init (VgwPlayoutLedger *self);
void vgw_playout_ledger_clear (VgwPlayoutLedger *self);

/* A mark that is due once @position samples have left the queue. FALSE where it is refused: there are too many, or the
 * name is too long. */
gboolean vgw_playout_ledger_mark (VgwPlayoutLedger *self, const char *name, guint64 position);

/* Audio behind all marks was dropped because the queue was full. */
void vgw_playout_ledger_lose_newest (VgwPlayoutLedger *self);

/* The audio from @from to before @to was dropped because the queue was full. The marks that it belongs to, up to the
 * first one behind it, become LOST. */
void vgw_playout_ledger_lose (VgwPlayoutLedger *self, guint64 from, guint64 to);

/* Adds MARK or LOST for every mark up to @position. @now: played_ms and utterance_ms for the events. */
void vgw_playout_ledger_reach (VgwPlayoutLedger *self, guint64 position, const VgwPlayoutEvent *now);

/* Adds CLEARED with all marks that wait. */
void vgw_playout_ledger_drop (VgwPlayoutLedger *self, const VgwPlayoutEvent *now);

/* Adds an event of @type, which has no marks. */
void vgw_playout_ledger_note (VgwPlayoutLedger *self, VgwPlayoutEventType type, const VgwPlayoutEvent *now);

/* Returns: (transfer full) (nullable) the oldest event. */
VgwPlayoutEvent *vgw_playout_ledger_take (VgwPlayoutLedger *self);
