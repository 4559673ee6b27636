/* The playout queue of one session: PCM from the engine, in bursts of any size, which the pacer pops 20 ms at a
 * time. It has the bound in ms, the marks, hold and ducking, and the counts of played audio. Thread-safe. Without
 * GStreamer.
 *
 * The progress of the audio is recorded as events, in order. They are pending until they are taken, after a call of
 * the notify function; without one no events are recorded. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-playout-event.h"
#include "media/vgw-playout-level.h"
#include "media/vgw-playout-store.h"

#define VGW_PLAYOUT_XOFF_PERCENT 90u /* of the bound: XOFF at this, XON at that */
#define VGW_PLAYOUT_XON_PERCENT 80u
#define VGW_PLAYOUT_DUCKED_GAIN 0.1259f /* -18 dB */
#define VGW_PLAYOUT_FADE_MS 5u          /* the fade-out of clear (); not counted as played */

typedef struct _VgwPlayout VgwPlayout; /* reference counted */

typedef struct
{
  guint queued_ms;    /* now */
  guint64 played_ms;  /* since the start */
  guint64 dropped_ms; /* because the bound was reached */
  /* taken out to reduce delay, also in played_ms */
  guint64 shortened_pauses_ms, shortened_speech_ms;
  guint n_lost_events; /* dropped because too many were pending */
} VgwPlayoutStats;

/* The holders of the queue; it plays while there are none. */
typedef enum
{
  VGW_PLAYOUT_HOLD_ENGINE = 1 << 0,
  VGW_PLAYOUT_HOLD_BARGE_IN = 1 << 1,
  VGW_PLAYOUT_HOLD_PAUSE = 1 << 2, /* the client's connection is lost */
} VgwPlayoutHold;

/* There are events to take. On any thread, without the queue's lock, once until all have been taken. Must not block,
 * nor call vgw_playout_set_notify (). */
typedef void (*VgwPlayoutNotifyFunc) (gpointer user_data);

/* A frame can be popped before it would be due. On the thread that pushes, without the queue's lock; must not block,
 * nor call vgw_playout_set_ready_func (). */
typedef void (*VgwPlayoutReadyFunc) (gpointer user_data);

/* @max_ms: bound of the queue, which is VGW_PLAYOUT_DROP_OLDEST at first. Returns: (transfer full) */
VgwPlayout *vgw_playout_new (const VgwAudioFormat *format, guint max_ms);
VgwPlayout *vgw_playout_ref (VgwPlayout *self);
void vgw_playout_unref (VgwPlayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPlayout, vgw_playout_unref)

/* Sets the bound, and the behaviour there. Audio queued beyond a smaller bound stays. */
void vgw_playout_set_bound (VgwPlayout *self, guint max_ms, VgwPlayoutOverflow overflow);

/* How fast the engine sends; VGW_PLAYOUT_AHEAD at first. In real time, the queue is kept at a target: @target_ms at
 * first and at least, more where audio is late, up to 120 ms. It is gathered before an utterance begins; an
 * utterance is over after 200 ms without audio; what the queue has more is taken out of pauses, and out of speech
 * by playing it at most 25 % faster. What is taken out counts as played. */
void vgw_playout_set_pace (VgwPlayout *self, VgwPlayoutPace pace, guint target_ms);

/* Whether speech may be played faster; TRUE at first. */
void vgw_playout_set_may_speed_up (VgwPlayout *self, gboolean may_speed_up);

/* Whether the engine should wait: the bound of a VGW_PLAYOUT_KEEP queue is reached. FALSE while the engine itself
 * holds the queue, since the message that ends the hold follows the audio. Any thread. */
gboolean vgw_playout_is_full (VgwPlayout *self);

/* For the log lines about the first dropped audio and the first dropped mark. */
void vgw_playout_set_session_id (VgwPlayout *self, const char *session_id);

/* NULL for none: afterwards the old function is not running and will not run again, its @destroy has been called, and
 * pending events and marks are dropped. */
void vgw_playout_set_notify (VgwPlayout *self, VgwPlayoutNotifyFunc func, gpointer user_data, GDestroyNotify destroy);

/* Records STARTED, and with @has_places PLACE, too; after vgw_playout_set_notify (). */
void vgw_playout_record_more (VgwPlayout *self, gboolean has_places);

/* Drops the pending marks. Returns: the number of pending events, all of which are from before */
guint vgw_playout_drop_marks (VgwPlayout *self);

/* The next event, or NULL, after which the notify function may be called again. Returns: (transfer full) */
VgwPlayoutEvent *vgw_playout_take_event (VgwPlayout *self);

/* Queues @n_samples (transfer none), s16 mono at the session's rate; drops audio beyond the bound. The mark after
 * dropped audio becomes LOST; its event still follows the audio before it. */
void vgw_playout_push (VgwPlayout *self, const gint16 *samples, gsize n_samples);

/* Pops up to @n_samples; returns their number. The caller pads a short frame with silence. An utterance ends (DRAINED)
 * with an incomplete frame, in real time after 200 ms without audio. */
gsize vgw_playout_pop (VgwPlayout *self, gint16 *samples, gsize n_samples);

/* As vgw_playout_pop (), for the frame that is due at @due_us (monotonic clock): sets @n_popped, and @next_us to when
 * the next one is due. FALSE: nothing was popped, a late frame is waited for until @next_us, and the ready function is
 * called when it has come; see vgw-playout-phase.h. */
gboolean vgw_playout_pop_due (VgwPlayout *self, gint64 due_us, gint16 *samples, gsize n_samples, gsize *n_popped,
                              gint64 *next_us);

/* Calls @func for the first audio of a silence, and for a late frame that was waited for; NULL for none: afterwards the
 * old one is not running and will not run again. */
void vgw_playout_set_ready_func (VgwPlayout *self, VgwPlayoutReadyFunc func, gpointer user_data);

/* Adds a mark after the queued audio. FALSE where VGW_PLAYOUT_MAX_MARKS are pending, or the name is too long. */
gboolean vgw_playout_mark (VgwPlayout *self, const char *name);

/* Adds a place after the queued audio: PLACE with its number follows. 0 where it is not recorded, or
 * VGW_PLAYOUT_MAX_PLACES are pending. */
guint64 vgw_playout_add_place (VgwPlayout *self);

/* Empties the queue. The next samples are faded out in VGW_PLAYOUT_FADE_MS to avoid a click. */
void vgw_playout_clear (VgwPlayout *self);

/* Holds: the next frame fades to silence, and the rest stays queued. Resumes with a fade-in over a frame. */
void vgw_playout_hold (VgwPlayout *self, VgwPlayoutHold who, gboolean is_held);
gboolean vgw_playout_is_held (VgwPlayout *self, VgwPlayoutHold who);

/* Attenuates the audio, or ends that, with a fade over a frame. */
void vgw_playout_duck (VgwPlayout *self, gboolean is_ducked);

void vgw_playout_get_stats (VgwPlayout *self, VgwPlayoutStats *stats);

/* Adds to @object who holds the queue, whether it is attenuated, and the pending marks (see
 * vgw_playout_ledger_describe ()). Any thread. */
void vgw_playout_describe (VgwPlayout *self, JsonObject *object);
