/* What the playout queue tells an engine about its own voice. A value; strings are borrowed unless copied. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_PLAYOUT_MARK,    /* everything queued before the mark has been handed to the wire */
  VGW_PLAYOUT_LOST,    /* as MARK, but some of what belongs to it was dropped because the queue was full */
  VGW_PLAYOUT_CLEARED, /* the queue was emptied, by the engine or by barge-in */
  VGW_PLAYOUT_DRAINED, /* the queue has run empty by playing */
  VGW_PLAYOUT_XOFF,    /* the queue is nearly full: send no more */
  VGW_PLAYOUT_XON,     /* there is room again */
} VgwPlayoutEventType;

typedef struct
{
  VgwPlayoutEventType type;
  const char *name;         /* MARK, LOST */
  const char *const *marks; /* CLEARED: NULL-terminated names of the marks that were dropped, in order */
  guint64 played_ms;        /* heard since the session began */
  guint64 cleared_ms;       /* CLEARED: how much waited */
  guint64 utterance_ms;     /* heard of the present utterance, or of the last one while there is none: since audio was
                             * first queued after DRAINED or CLEARED */
} VgwPlayoutEvent;

/* Deep copy. Returns: (transfer full) */
VgwPlayoutEvent *vgw_playout_event_copy (const VgwPlayoutEvent *event);
void vgw_playout_event_free (VgwPlayoutEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPlayoutEvent, vgw_playout_event_free)

G_END_DECLS
