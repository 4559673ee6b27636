/* Locks: `notify_lock` is held while the notify function or the ready function runs, `lock` is a leaf: nothing is
 * called or locked while it is held. */
#include "media/vgw-playout.h"

#include <string.h>

#include "base/vgw-log.h"
#include "media/vgw-playout-ledger.h"
#include "media/vgw-playout-phase.h"
#include "media/vgw-playout-shrink.h"

#define MAX_FADE_SAMPLES (48 * VGW_PLAYOUT_FADE_MS)

struct _VgwPlayout
{
  gint ref_count; /* atomic */

  /* constant */
  guint rate_hz;

  GMutex notify_lock;
  /* guarded by notify_lock */
  VgwPlayoutNotifyFunc notify;
  gpointer notify_data;
  GDestroyNotify notify_destroy;
  VgwPlayoutReadyFunc ready;
  gpointer ready_data;

  GMutex lock;
  /* guarded by lock */
  char *session_id; /* (nullable) */
  VgwPlayoutStore store;
  guint64 n_played;
  guint64 n_utterance; /* played of the present or last utterance */
  gint64 queued_us;    /* when its first audio was queued; monotonic */
  VgwPlayoutLevel level;
  VgwPlayoutShrink shrink;
  VgwPlayoutPhase phase;
  gboolean has_started; /* a frame was requested */
  gboolean is_uttering; /* audio was queued, and the utterance is not over */
  gboolean is_first;    /* of it, no frame was requested yet */
  gboolean is_sounding; /* the last frame was full */
  gboolean is_xoff;
  gboolean has_overflowed, has_refused; /* and that was logged */
  guint holds;                          /* VgwPlayoutHold */
  gboolean is_ducked;
  float gain;                    /* of the last sample */
  gint16 tail[MAX_FADE_SAMPLES]; /* of what was cleared, fading out */
  gsize n_tail;
  gboolean is_noted; /* there is a notify function: events are recorded */
  gboolean is_awake; /* it was called, and events are still pending */
  gboolean is_start_noted, is_place_noted;
  VgwPlayoutLedger ledger;
};

static guint64
samples_to_ms (const VgwPlayout *self, guint64 n_samples)
{
  return n_samples * 1000 / self->rate_hz;
}

/* --- events; lock held -------------------------------------------------------------------------------------------- */

static VgwPlayoutEvent
now (const VgwPlayout *self)
{
  return (VgwPlayoutEvent){ .played_ms = samples_to_ms (self, self->n_played),
                            .utterance_ms = samples_to_ms (self, self->n_utterance),
                            .queued_us = self->queued_us };
}

static void
note (VgwPlayout *self, VgwPlayoutEventType type)
{
  VgwPlayoutEvent event = now (self);

  if (self->is_noted)
    vgw_playout_ledger_note (&self->ledger, type, &event);
}

/* Records the events that follow from the queue's length: marks, XOFF, XON. */
static void
settle (VgwPlayout *self)
{
  VgwPlayoutEvent event = now (self);

  vgw_playout_ledger_reach (&self->ledger, vgw_playout_store_get_position (&self->store), &event);
  if (!self->is_xoff && self->store.ring.n_samples * 100 >= self->store.max_samples * VGW_PLAYOUT_XOFF_PERCENT)
    {
      self->is_xoff = TRUE;
      note (self, VGW_PLAYOUT_XOFF);
    }
  else if (self->is_xoff && self->store.ring.n_samples * 100 <= self->store.max_samples * VGW_PLAYOUT_XON_PERCENT)
    {
      self->is_xoff = FALSE;
      note (self, VGW_PLAYOUT_XON);
    }
}

/* Releases the lock, and notifies where there are new events. */
static void
unlock_and_notify (VgwPlayout *self)
{
  gboolean is_due = self->ledger.events.length > 0 && !self->is_awake;

  self->is_awake |= is_due;
  g_mutex_unlock (&self->lock);
  if (!is_due)
    return;
  g_mutex_lock (&self->notify_lock);
  if (self->notify != NULL)
    self->notify (self->notify_data);
  g_mutex_unlock (&self->notify_lock);
}

/* --- sound; lock held --------------------------------------------------------------------------------------------- */

static void
apply_gain (gint16 *samples, gsize n_samples, float from, float to)
{
  float step = n_samples > 0 ? (to - from) / (float) n_samples : 0;

  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (gint16) ((float) samples[i] * (from + step * (float) (i + 1)));
}

static float
get_target_gain (const VgwPlayout *self)
{
  if (self->holds != 0)
    return 0;
  return self->is_ducked ? VGW_PLAYOUT_DUCKED_GAIN : 1;
}

/* Pops the fade-out after a clear. Returns the number of samples. */
static gsize
pop_tail (VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  n_samples = MIN (n_samples, self->n_tail);
  memcpy (samples, self->tail, n_samples * sizeof (gint16));
  self->n_tail -= n_samples;
  memmove (self->tail, self->tail + n_samples, self->n_tail * sizeof (gint16));
  return n_samples;
}

/* Takes @n_popped samples, which there are, from the queue, and what is excess with a full frame. What is taken out
 * counts as played: an engine counts its own samples. */
static void
take (VgwPlayout *self, gint16 *samples, gsize n_popped, gboolean is_full)
{
  gsize n_excess = is_full ? vgw_playout_level_get_excess (&self->level, n_popped, self->store.ring.n_samples) : 0;
  gsize n_shrunk = vgw_playout_shrink_pop (&self->shrink, &self->store.ring, samples, n_popped, n_excess);

  vgw_playout_level_shrink (&self->level, n_shrunk);
  if (self->is_start_noted && self->n_utterance == 0)
    note (self, VGW_PLAYOUT_STARTED);
  self->n_played += n_popped + n_shrunk;
  self->n_utterance += n_popped + n_shrunk;
}

static gsize
pop_queued (VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  float target = get_target_gain (self);
  gboolean is_silent = target <= 0 && self->gain <= 0;
  gsize n_popped = 0;

  if (!self->has_started && self->is_uttering)
    vgw_playout_level_start (&self->level,
                             (gsize) ((g_get_monotonic_time () - self->queued_us) * self->rate_hz / G_USEC_PER_SEC));
  self->has_started = TRUE;
  if (!is_silent
      && (self->store.ring.n_samples == 0
          || vgw_playout_level_may_play (&self->level, n_samples, self->store.ring.n_samples)))
    n_popped = MIN (n_samples, self->store.ring.n_samples);
  if (n_popped > 0)
    {
      take (self, samples, n_popped, n_popped == n_samples);
      if (self->gain < 1 || target < 1)
        apply_gain (samples, n_popped, self->gain, target);
    }
  self->gain = target;
  self->is_sounding = n_popped > 0 && n_popped == n_samples;
  if (!is_silent || self->store.ring.n_samples == 0)
    vgw_playout_level_pop (&self->level, n_samples, n_popped, self->store.ring.n_samples, self->is_uttering);
  else
    vgw_playout_level_wait (&self->level, n_samples);
  return n_popped;
}

/* The queue can be played: nobody holds it, and what was cleared has faded out. */
static gboolean
is_open (const VgwPlayout *self)
{
  return self->holds == 0 && self->n_tail == 0;
}

/* Whether a frame that is due and not there may be waited for. */
static gboolean
may_wait (const VgwPlayout *self)
{
  return self->is_uttering && !self->is_first && is_open (self)
         && vgw_playout_level_is_short (&self->level, self->store.ring.n_samples)
         && !vgw_playout_level_is_gathering (&self->level) && vgw_playout_level_is_real_time (&self->level);
}

/* After audio was queued: whether a frame can go before it would be due. */
static gboolean
find_ready (VgwPlayout *self)
{
  gsize n_queued = self->store.ring.n_samples;
  gboolean is_reached = vgw_playout_level_is_reached (&self->level, n_queued);
  gboolean has_come =
      vgw_playout_phase_is_waiting (&self->phase) && !vgw_playout_level_is_short (&self->level, n_queued);
  gboolean is_ready = is_open (self) && (self->is_first ? is_reached : has_come);

  vgw_playout_phase_set_ready (&self->phase, is_reached, g_get_monotonic_time ());
  if (is_ready)
    {
      self->is_first = FALSE;
      vgw_playout_phase_stop_waiting (&self->phase);
    }
  return is_ready;
}

/* Without the lock. */
static void
call_ready (VgwPlayout *self)
{
  g_mutex_lock (&self->notify_lock);
  if (self->ready != NULL)
    self->ready (self->ready_data);
  g_mutex_unlock (&self->notify_lock);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

VgwPlayout *
vgw_playout_new (const VgwAudioFormat *format, guint max_ms)
{
  VgwPlayout *self;

  g_return_val_if_fail (format != NULL && format->rate_hz > 0 && format->rate_hz <= 48000, NULL);
  g_return_val_if_fail (max_ms >= VGW_FRAME_MS, NULL);

  self = g_new0 (VgwPlayout, 1);
  self->ref_count = 1;
  self->rate_hz = format->rate_hz;
  self->gain = 1;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->notify_lock);
  vgw_playout_ledger_init (&self->ledger);
  vgw_playout_level_init (&self->level, format->rate_hz);
  vgw_playout_shrink_init (&self->shrink, format->rate_hz);
  vgw_playout_set_bound (self, max_ms, VGW_PLAYOUT_DROP_OLDEST);
  return self;
}

VgwPlayout *
vgw_playout_ref (VgwPlayout *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
vgw_playout_unref (VgwPlayout *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  if (self->notify_destroy != NULL)
    self->notify_destroy (self->notify_data);
  vgw_playout_ledger_clear (&self->ledger);
  g_mutex_clear (&self->notify_lock);
  g_mutex_clear (&self->lock);
  g_free (self->session_id);
  vgw_sample_ring_clear (&self->store.ring);
  g_free (self);
}

void
vgw_playout_set_bound (VgwPlayout *self, guint max_ms, VgwPlayoutOverflow overflow)
{
  g_return_if_fail (max_ms >= VGW_FRAME_MS);

  g_mutex_lock (&self->lock);
  vgw_playout_store_set_bound (&self->store, self->rate_hz, max_ms, overflow);
  settle (self);
  unlock_and_notify (self);
}

void
vgw_playout_set_pace (VgwPlayout *self, VgwPlayoutPace pace, guint target_ms)
{
  g_mutex_lock (&self->lock);
  vgw_playout_level_set_pace (&self->level, pace, target_ms);
  g_mutex_unlock (&self->lock);
}

void
vgw_playout_set_may_speed_up (VgwPlayout *self, gboolean may_speed_up)
{
  g_mutex_lock (&self->lock);
  self->shrink.may_speed_up = may_speed_up;
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_playout_is_full (VgwPlayout *self)
{
  gboolean is_full;

  g_mutex_lock (&self->lock);
  is_full = self->store.overflow == VGW_PLAYOUT_KEEP && self->store.ring.n_samples >= self->store.max_samples
            && (self->holds & VGW_PLAYOUT_HOLD_ENGINE) == 0;
  g_mutex_unlock (&self->lock);
  return is_full;
}

void
vgw_playout_set_session_id (VgwPlayout *self, const char *session_id)
{
  g_mutex_lock (&self->lock);
  g_free (self->session_id);
  self->session_id = g_strdup (session_id);
  g_mutex_unlock (&self->lock);
}

void
vgw_playout_set_notify (VgwPlayout *self, VgwPlayoutNotifyFunc func, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify old_destroy;
  gpointer old_data;

  g_mutex_lock (&self->notify_lock);
  old_destroy = self->notify_destroy;
  old_data = self->notify_data;
  self->notify = func;
  self->notify_data = user_data;
  self->notify_destroy = destroy;
  g_mutex_lock (&self->lock);
  self->is_noted = func != NULL;
  self->is_awake = FALSE;
  self->is_start_noted = self->is_place_noted = FALSE;
  if (func == NULL)
    vgw_playout_ledger_clear (&self->ledger);
  g_mutex_unlock (&self->lock);
  g_mutex_unlock (&self->notify_lock);
  if (old_destroy != NULL)
    old_destroy (old_data);
}

void
vgw_playout_record_more (VgwPlayout *self, gboolean has_places)
{
  g_mutex_lock (&self->lock);
  self->is_start_noted = self->is_noted;
  self->is_place_noted = self->is_noted && has_places;
  g_mutex_unlock (&self->lock);
}

guint
vgw_playout_drop_marks (VgwPlayout *self)
{
  guint n_events;

  g_mutex_lock (&self->lock);
  vgw_playout_ledger_drop_marks (&self->ledger);
  n_events = self->ledger.events.length;
  g_mutex_unlock (&self->lock);
  return n_events;
}

VgwPlayoutEvent *
vgw_playout_take_event (VgwPlayout *self)
{
  VgwPlayoutEvent *event;

  g_mutex_lock (&self->lock);
  event = vgw_playout_ledger_take (&self->ledger);
  if (event == NULL)
    self->is_awake = FALSE;
  g_mutex_unlock (&self->lock);
  return event;
}

void
vgw_playout_push (VgwPlayout *self, const gint16 *samples, gsize n_samples)
{
  g_autofree char *session_id = NULL;
  guint64 n_dropped;
  gboolean is_first_loss, drops_oldest, is_ready;

  g_return_if_fail (samples != NULL || n_samples == 0);
  if (n_samples == 0)
    return;

  g_mutex_lock (&self->lock);
  n_dropped = self->store.n_dropped;
  if (!self->is_uttering)
    {
      self->n_utterance = 0;
      self->queued_us = g_get_monotonic_time ();
      vgw_playout_level_begin (&self->level);
      self->is_first = TRUE;
    }
  vgw_playout_level_push (&self->level, n_samples);
  self->is_uttering = TRUE;
  vgw_playout_store_append (&self->store, &self->ledger, samples, n_samples);
  is_first_loss = self->store.n_dropped > n_dropped && !self->has_overflowed;
  drops_oldest = self->store.overflow == VGW_PLAYOUT_DROP_OLDEST;
  if (is_first_loss)
    {
      self->has_overflowed = TRUE;
      session_id = g_strdup (self->session_id);
    }
  is_ready = find_ready (self);
  settle (self);
  unlock_and_notify (self);
  if (is_ready)
    call_ready (self);
  if (is_first_loss)
    vgw_warning (session_id, "playout queue full (max-playout-ms): dropping the %s audio",
                 drops_oldest ? "oldest" : "newest");
}

/* Lock held. */
static gsize
pop (VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  gsize n_tail, n_popped;

  self->is_first = FALSE;
  n_tail = pop_tail (self, samples, n_samples);
  n_popped = pop_queued (self, samples + n_tail, n_samples - n_tail);
  settle (self);
  if (self->is_uttering && self->store.ring.n_samples == 0 && !self->is_sounding
      && vgw_playout_level_is_over (&self->level))
    {
      self->is_uttering = FALSE;
      note (self, VGW_PLAYOUT_DRAINED);
      vgw_sample_ring_shrink (&self->store.ring);
    }
  return n_tail + n_popped;
}

gsize
vgw_playout_pop (VgwPlayout *self, gint16 *samples, gsize n_samples)
{
  gsize n_popped;

  if (n_samples == 0)
    return 0;
  g_mutex_lock (&self->lock);
  n_popped = pop (self, samples, n_samples);
  unlock_and_notify (self);
  return n_popped;
}

gboolean
vgw_playout_pop_due (VgwPlayout *self, gint64 due_us, gint16 *samples, gsize n_samples, gsize *n_popped,
                     gint64 *next_us)
{
  g_mutex_lock (&self->lock);
  *next_us = may_wait (self) ? vgw_playout_phase_wait (&self->phase, due_us) : 0;
  if (*next_us != 0)
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  *n_popped = pop (self, samples, n_samples);
  *next_us =
      vgw_playout_phase_take (&self->phase, due_us, self->is_sounding, vgw_playout_level_is_real_time (&self->level));
  vgw_playout_phase_set_ready (&self->phase, vgw_playout_level_is_reached (&self->level, self->store.ring.n_samples),
                               g_get_monotonic_time ());
  unlock_and_notify (self);
  return TRUE;
}

void
vgw_playout_set_ready_func (VgwPlayout *self, VgwPlayoutReadyFunc func, gpointer user_data)
{
  g_mutex_lock (&self->notify_lock);
  self->ready = func;
  self->ready_data = user_data;
  g_mutex_unlock (&self->notify_lock);
}

gboolean
vgw_playout_mark (VgwPlayout *self, const char *name)
{
  g_autofree char *session_id = NULL;
  gboolean is_taken, is_first_refusal;

  g_return_val_if_fail (name != NULL, FALSE);

  g_mutex_lock (&self->lock);
  is_taken = !self->is_noted || vgw_playout_ledger_mark (&self->ledger, name, self->store.n_in);
  is_first_refusal = !is_taken && !self->has_refused;
  if (is_first_refusal)
    {
      self->has_refused = TRUE;
      session_id = g_strdup (self->session_id);
    }
  settle (self);
  unlock_and_notify (self);
  if (is_first_refusal)
    vgw_warning (session_id, "dropped a mark of the engine: %u are pending, or its name is too long",
                 VGW_PLAYOUT_MAX_MARKS);
  return is_taken;
}

guint64
vgw_playout_add_place (VgwPlayout *self)
{
  guint64 place;

  g_mutex_lock (&self->lock);
  place = self->is_place_noted ? vgw_playout_ledger_add_place (&self->ledger, self->store.n_in) : 0;
  settle (self);
  unlock_and_notify (self);
  return place;
}

void
vgw_playout_clear (VgwPlayout *self)
{
  VgwPlayoutEvent event;

  g_mutex_lock (&self->lock);
  if (self->is_sounding && self->gain > 0)
    {
      self->n_tail = MIN (self->store.ring.n_samples, (gsize) self->rate_hz * VGW_PLAYOUT_FADE_MS / 1000);
      vgw_sample_ring_peek (&self->store.ring, self->tail, self->n_tail);
      apply_gain (self->tail, self->n_tail, self->gain, 0);
    }
  event = now (self);
  event.cleared_ms = samples_to_ms (self, self->store.ring.n_samples);
  vgw_sample_ring_skip (&self->store.ring, self->store.ring.n_samples);
  self->is_uttering = FALSE;
  self->is_sounding = FALSE;
  vgw_playout_phase_stop_waiting (&self->phase);
  if (self->is_noted)
    vgw_playout_ledger_drop (&self->ledger, &event);
  settle (self);
  vgw_sample_ring_shrink (&self->store.ring);
  unlock_and_notify (self);
}

void
vgw_playout_hold (VgwPlayout *self, VgwPlayoutHold who, gboolean is_held)
{
  g_mutex_lock (&self->lock);
  self->holds = is_held ? self->holds | who : self->holds & ~(guint) who;
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_playout_is_held (VgwPlayout *self, VgwPlayoutHold who)
{
  g_mutex_lock (&self->lock);
  gboolean is_held = (self->holds & who) != 0;
  g_mutex_unlock (&self->lock);
  return is_held;
}

void
vgw_playout_duck (VgwPlayout *self, gboolean is_ducked)
{
  g_mutex_lock (&self->lock);
  self->is_ducked = is_ducked;
  g_mutex_unlock (&self->lock);
}

void
vgw_playout_get_stats (VgwPlayout *self, VgwPlayoutStats *stats)
{
  g_mutex_lock (&self->lock);
  stats->queued_ms = (guint) samples_to_ms (self, self->store.ring.n_samples);
  stats->played_ms = samples_to_ms (self, self->n_played);
  stats->shortened_pauses_ms = samples_to_ms (self, self->shrink.n_pauses);
  stats->shortened_speech_ms = samples_to_ms (self, self->shrink.n_speech);
  stats->dropped_ms = samples_to_ms (self, self->store.n_dropped);
  stats->n_lost_events = self->ledger.n_lost;
  g_mutex_unlock (&self->lock);
}

void
vgw_playout_describe (VgwPlayout *self, JsonObject *object)
{
  g_mutex_lock (&self->lock);
  json_object_set_boolean_member (object, "is_held_by_engine", (self->holds & VGW_PLAYOUT_HOLD_ENGINE) != 0);
  json_object_set_boolean_member (object, "is_held_by_barge_in", (self->holds & VGW_PLAYOUT_HOLD_BARGE_IN) != 0);
  json_object_set_boolean_member (object, "is_held_by_pause", (self->holds & VGW_PLAYOUT_HOLD_PAUSE) != 0);
  json_object_set_boolean_member (object, "is_ducked", self->is_ducked);
  vgw_playout_ledger_describe (&self->ledger, vgw_playout_store_get_position (&self->store), self->rate_hz, object);
  g_mutex_unlock (&self->lock);
}
