/* The playout queue of one session: PCM from the engine, in any burst size, until the pacer takes it 20 ms at a
 * time. It alone owns the bound in ms, the marks, holding and ducking, and the account of what was heard. Thread-safe.
 * No GStreamer here.
 *
 * What becomes of the audio is told in events, in their order. They wait in the queue until somebody takes them; who
 * does is woken by the notify function, and without one nothing is noted. */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-playout-event.h"

#define VGW_PLAYOUT_MAX_MARKS 1024u      /* that wait, or whose events were not taken */
#define VGW_PLAYOUT_MAX_MARK_BYTES 1024u /* of a name */
#define VGW_PLAYOUT_XOFF_PERCENT 90u     /* of the bound: XOFF at this, XON at that */
#define VGW_PLAYOUT_XON_PERCENT 80u
#define VGW_PLAYOUT_DUCKED_GAIN 0.1259f /* -18 dB */
#define VGW_PLAYOUT_FADE_MS 5u          /* of what clear () cuts off; not counted as heard */

typedef struct _VgwPlayout VgwPlayout; /* reference counted */

/* What is done where the bound is reached. */
typedef enum
{
  VGW_PLAYOUT_KEEP, /* whoever fills the queue looks at vgw_playout_is_full () and waits; twice the bound and 2 s
                     * are never exceeded: what comes beyond that is dropped */
  VGW_PLAYOUT_DROP_OLDEST,
  VGW_PLAYOUT_DROP_NEWEST,
} VgwPlayoutOverflow;

typedef struct
{
  guint queued_ms;     /* waiting now */
  guint64 played_ms;   /* handed to the wire since the start */
  guint64 dropped_ms;  /* because the bound was reached */
  guint64 skipped_ms;  /* of pauses, to work off delay; also in played_ms */
  guint n_lost_events; /* because nobody took them */
} VgwPlayoutStats;

/* Who holds the queue; it plays when nobody does. */
typedef enum
{
  VGW_PLAYOUT_HOLD_ENGINE = 1 << 0,
  VGW_PLAYOUT_HOLD_BARGE_IN = 1 << 1,
} VgwPlayoutHold;

/* There are events to take. On any thread, never with the queue locked, once until they have all been taken. Must not
 * block, nor call vgw_playout_set_notify (). */
typedef void (*VgwPlayoutNotifyFunc) (gpointer user_data);

/* @max_ms: bound of the queue, which is VGW_PLAYOUT_DROP_OLDEST at first. Returns: (transfer full) */
VgwPlayout *vgw_playout_new (const VgwAudioFormat *format, guint max_ms);
VgwPlayout *vgw_playout_ref (VgwPlayout *self);
void vgw_playout_unref (VgwPlayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPlayout, vgw_playout_unref)

/* Another bound, and what is done beyond it. What waits beyond a smaller bound stays. */
void vgw_playout_set_bound (VgwPlayout *self, guint max_ms, VgwPlayoutOverflow overflow);

/* Whether the engine may speak in real time, over a network. Then @start_ms are gathered before an utterance begins
 * (more where audio comes late, up to 120 ms), it is over when nothing has come for 200 ms, and delay that has built up
 * is worked off by leaving out every second frame of a pause. What is left out counts as played: it was silence. Off at
 * first. */
void vgw_playout_set_real_time (VgwPlayout *self, gboolean is_real_time, guint start_ms);

/* Whether the engine is to wait: the bound of a VGW_PLAYOUT_KEEP queue is reached. FALSE while the engine itself holds
 * the queue, since the word that ends it comes behind the audio. Any thread. */
gboolean vgw_playout_is_full (VgwPlayout *self);

/* For the log, which has one line for the first audio and one for the first mark that are dropped. */
void vgw_playout_set_session_id (VgwPlayout *self, const char *session_id);

/* NULL for nobody: when that call returns the old function is not running and will not run again, its @destroy has been
 * called, and events and marks that waited are gone. */
void vgw_playout_set_notify (VgwPlayout *self, VgwPlayoutNotifyFunc func, gpointer user_data, GDestroyNotify destroy);

/* The next event, or NULL; only then will the notify function be called again. Returns: (transfer full) */
VgwPlayoutEvent *vgw_playout_take_event (VgwPlayout *self);

/* Queues @n_samples (transfer none), s16 mono at the session's rate; what is beyond the bound is dropped. The mark
 * behind dropped audio is LOST; it is told of when what was queued before it has left. */
void vgw_playout_push (VgwPlayout *self, const gint16 *samples, gsize n_samples);

/* Takes up to @n_samples; returns how many. The caller pads a short frame with silence. A frame that could not be
 * filled is where an utterance ends (DRAINED), in real time with 200 ms without audio: an engine does not end it with
 * every frame. */
gsize vgw_playout_pop (VgwPlayout *self, gint16 *samples, gsize n_samples);

/* A mark behind what waits now. FALSE where it is refused: VGW_PLAYOUT_MAX_MARKS wait, or the name is too long. */
gboolean vgw_playout_mark (VgwPlayout *self, const char *name);

/* Empties the queue. What would have come next is faded out in VGW_PLAYOUT_FADE_MS, so that nothing clicks. */
void vgw_playout_clear (VgwPlayout *self);

/* The next frame fades to silence and the rest waits; or it goes on where it was, faded in over a frame. */
void vgw_playout_hold (VgwPlayout *self, VgwPlayoutHold who, gboolean is_held);

/* Turns the voice down, or up again, over the length of a frame. */
void vgw_playout_duck (VgwPlayout *self, gboolean is_ducked);

void vgw_playout_get_stats (VgwPlayout *self, VgwPlayoutStats *stats);
