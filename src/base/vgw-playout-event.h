/* A notification of the playout queue about its audio: to the engine, or for the gateway alone. A value; strings are
 * borrowed unless copied. */
#pragma once

#include <glib.h>

#define VGW_PLAYOUT_MAX_MARKS 1024u      /* of one queue, pending or with events that are */
#define VGW_PLAYOUT_MAX_MARK_BYTES 1024u /* of a name */
#define VGW_PLAYOUT_MAX_PLACES 1024u     /* as the marks */

typedef enum
{
  VGW_PLAYOUT_MARK,    /* all audio before the mark has been sent */
  VGW_PLAYOUT_LOST,    /* as MARK, but some of that audio was dropped because the queue was full */
  VGW_PLAYOUT_CLEARED, /* the queue was emptied, by the engine or by barge-in */
  VGW_PLAYOUT_DRAINED, /* all audio has been played */
  VGW_PLAYOUT_XOFF,    /* the queue is nearly full: stop sending */
  VGW_PLAYOUT_XON,     /* resume sending */
  /* never for an engine */
  VGW_PLAYOUT_STARTED, /* the first audio of an utterance has been sent */
  VGW_PLAYOUT_PLACE,   /* all audio before the place has been sent, or was dropped */
} VgwPlayoutEventType;

typedef struct
{
  VgwPlayoutEventType type;
  const char *name;         /* MARK, LOST */
  const char *const *marks; /* CLEARED: NULL-terminated names of the marks that were dropped, in order */
  guint64 played_ms;        /* since the session began */
  guint64 cleared_ms;       /* CLEARED: the audio that was dropped */
  guint64 utterance_ms;     /* played of the present or last utterance, which begins with the first audio after DRAINED
                             * or CLEARED */
  gint64 at_us;             /* g_get_monotonic_time () of the event */
  gint64 queued_us;         /* STARTED: as at_us, when the first audio of the utterance was queued */
  guint64 place;            /* PLACE: its number, not 0 */
  gboolean is_lost;         /* PLACE: the queue was cleared before */
} VgwPlayoutEvent;

/* Deep copy. Returns: (transfer full) */
VgwPlayoutEvent *vgw_playout_event_copy (const VgwPlayoutEvent *event);
void vgw_playout_event_free (VgwPlayoutEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPlayoutEvent, vgw_playout_event_free)
