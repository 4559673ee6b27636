#include "session/vgw-turns.h"

#include "base/vgw-source.h"

#define PAUSE_US (VGW_TURNS_PAUSE_MS * G_TIME_SPAN_MILLISECOND)
#define MAX_WAITING 100 /* speeches during one reply; what is more is one with the last */

/* Times are monotonic. */
typedef struct
{
  VgwTurn turn;
  gint64 began_us;  /* the caller's speech */
  gint64 zero_us;   /* … ended */
  gboolean is_open; /* it has begun, and is not over */
  gboolean has_reply;
} Turn;

/* An utterance of the engine. */
typedef struct
{
  gint64 queued_us, started_us, ended_us;
  guint64 played_before_ms; /* since the call began */
  guint64 utterance_ms;     /* of it, once it is over */
  gboolean is_sounding;
  gboolean is_cut;
} Utterance;

struct _VgwTurns
{
  VgwTurnsFunc func;
  gpointer user_data;
  guint n_turns;
  gboolean is_speaking; /* the caller */
  gint64 began_us;      /* of that speech, or of the one that it continues */
  gint64 silent_us;     /* the end of the last speech */
  Utterance last;       /* the present or last one; all 0: none */
  Turn current;
  GArray *waiting; /* Turn, while the reply of the current one goes on */
  GSource *pause;  /* ends the current turn */
};

static gint64
to_ms (gint64 time_us)
{
  return MAX (time_us, 0) / G_TIME_SPAN_MILLISECOND;
}

static void
finish_turn (VgwTurns *self, VgwTurnEnd end)
{
  VgwTurn turn = self->current.turn;

  turn.number = ++self->n_turns;
  turn.end = end;
  if (end == VGW_TURN_INTERRUPTED)
    turn.interrupted_at_ms = turn.reply_ms;
  g_source_set_ready_time (self->pause, -1);
  self->current.is_open = FALSE;
  if (self->waiting->len > 0)
    {
      self->current = g_array_index (self->waiting, Turn, 0);
      g_array_remove_index (self->waiting, 0);
    }
  self->func (&turn, self->user_data);
  if (self->waiting->len > 0) /* the caller has spoken again since */
    finish_turn (self, VGW_TURN_NONE);
}

static gboolean
on_pause (gpointer user_data)
{
  VgwTurns *self = user_data;

  g_source_set_ready_time (self->pause, -1);
  if (self->current.is_open && self->current.has_reply)
    finish_turn (self, VGW_TURN_PLAYED);
  return G_SOURCE_CONTINUE;
}

/* --- the engine's audio --- */

static void
begin_reply (VgwTurns *self)
{
  Turn *current = &self->current;

  g_source_set_ready_time (self->pause, -1);
  if (current->has_reply)
    return;
  current->has_reply = TRUE;
  current->turn.first_byte_ms = to_ms (self->last.queued_us - current->zero_us);
  current->turn.first_sent_ms = to_ms (self->last.started_us - current->zero_us);
}

/* The last utterance, of the reply, is over. */
static void
end_reply (VgwTurns *self, gint64 at_us)
{
  self->current.turn.reply_ms += (gint64) self->last.utterance_ms;
  if (self->last.is_cut)
    finish_turn (self, VGW_TURN_INTERRUPTED);
  else if (self->waiting->len > 0 || self->is_speaking)
    finish_turn (self, VGW_TURN_PLAYED);
  else
    g_source_set_ready_time (self->pause, at_us + PAUSE_US);
}

static gboolean
is_replying (VgwTurns *self)
{
  return self->current.is_open && self->current.has_reply;
}

void
vgw_turns_handle_playout (VgwTurns *self, const VgwPlayoutEvent *event)
{
  gboolean was_sounding = self->last.is_sounding;

  switch (event->type)
    {
    case VGW_PLAYOUT_STARTED:
      self->last = (Utterance){ .queued_us = event->queued_us,
                                .started_us = event->at_us,
                                .played_before_ms = event->played_ms,
                                .is_sounding = TRUE };
      if (self->current.is_open)
        begin_reply (self);
      break;
    case VGW_PLAYOUT_DRAINED:
    case VGW_PLAYOUT_CLEARED:
      if (!was_sounding && event->cleared_ms == 0) /* there was nothing to clear */
        return;
      self->last.is_sounding = FALSE;
      self->last.ended_us = event->at_us;
      self->last.utterance_ms = was_sounding ? event->utterance_ms : 0;
      self->last.is_cut = event->type == VGW_PLAYOUT_CLEARED;
      if (is_replying (self))
        end_reply (self, event->at_us);
      break;
    case VGW_PLAYOUT_MARK:
    case VGW_PLAYOUT_LOST:
    case VGW_PLAYOUT_XOFF:
    case VGW_PLAYOUT_XON:
    case VGW_PLAYOUT_PLACE:
      break;
    }
}

/* --- the caller's speech --- */

/* Speech that goes on with what waits, which was not finished then. */
static void
continue_waiting (VgwTurns *self)
{
  const Turn *last;

  if (self->waiting->len == 0)
    return;
  last = &g_array_index (self->waiting, Turn, self->waiting->len - 1);
  if (self->began_us - last->zero_us >= PAUSE_US && self->waiting->len < MAX_WAITING)
    return;
  self->began_us = last->began_us;
  g_array_set_size (self->waiting, self->waiting->len - 1);
}

static void
begin_speech (VgwTurns *self, gint64 at_us)
{
  Turn *current = &self->current;

  self->is_speaking = TRUE;
  self->began_us = MAX (at_us, self->silent_us);
  continue_waiting (self);
  if (!current->is_open)
    return;
  if (!current->has_reply && self->began_us - current->zero_us < PAUSE_US)
    {
      self->began_us = current->began_us;
      current->is_open = FALSE;
    }
  else if (!current->has_reply)
    finish_turn (self, VGW_TURN_NONE);
  else if (!self->last.is_sounding)
    finish_turn (self, VGW_TURN_PLAYED);
}

static void
end_speech (VgwTurns *self, const VgwVoice *speech)
{
  gint64 zero_us = MAX (speech->audio_us, self->began_us);
  const Turn turn = {
    .turn = {
      .started_at_us = g_get_real_time () - (g_get_monotonic_time () - zero_us),
      .zero_us = zero_us,
      .speech_ms = to_ms (zero_us - self->began_us),
      .to_engine_ms = to_ms (speech->engine_us - zero_us),
      .first_byte_ms = VGW_TURN_UNKNOWN,
      .first_sent_ms = VGW_TURN_UNKNOWN,
      .heard_ms = VGW_TURN_UNKNOWN,
      .interrupted_at_ms = VGW_TURN_UNKNOWN,
    },
    .began_us = self->began_us,
    .zero_us = zero_us,
    .is_open = TRUE,
  };

  self->is_speaking = FALSE;
  self->silent_us = zero_us;
  if (is_replying (self))
    {
      g_array_append_val (self->waiting, turn);
      return;
    }
  if (self->current.is_open) /* it waited until the end of the reply before, when this speech had begun */
    finish_turn (self, VGW_TURN_NONE);
  self->current = turn;
  if (self->last.started_us == 0 || self->last.started_us < self->began_us
      || (!self->last.is_sounding && self->last.ended_us <= zero_us))
    return;
  begin_reply (self); /* the engine was faster than the detection */
  if (!self->last.is_sounding)
    end_reply (self, g_get_monotonic_time ());
}

void
vgw_turns_handle_speech (VgwTurns *self, const VgwVoice *speech)
{
  if (speech->has_voice && !self->is_speaking)
    begin_speech (self, speech->audio_us);
  else if (!speech->has_voice && self->is_speaking)
    end_speech (self, speech);
}

void
vgw_turns_add_network (VgwTurn *turn, const VgwCallStats *call)
{
  turn->heard_ms = VGW_TURN_UNKNOWN;
  if (turn->first_sent_ms == VGW_TURN_UNKNOWN || !(call->round_trip_ms >= 0))
    return;
  turn->heard_ms = turn->first_sent_ms + (gint64) (call->round_trip_ms / 2 + MAX (call->sent.jitter_ms, 0) + 0.5);
}

/* --- life --- */

void
vgw_turns_end (VgwTurns *self, guint64 played_ms, gboolean is_empty)
{
  gboolean is_over = is_replying (self) && (!self->last.is_sounding || is_empty);

  if (!self->current.is_open)
    return;
  if (is_replying (self) && self->last.is_sounding)
    self->current.turn.reply_ms += (gint64) (played_ms - self->last.played_before_ms);
  self->last.is_sounding = FALSE;
  finish_turn (self, is_over ? VGW_TURN_PLAYED : VGW_TURN_CALL_ENDED);
  if (self->current.is_open)
    finish_turn (self, VGW_TURN_CALL_ENDED);
}

VgwTurns *
vgw_turns_new (VgwTurnsFunc func, gpointer user_data)
{
  VgwTurns *self = g_new0 (VgwTurns, 1);

  self->func = func;
  self->user_data = user_data;
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Turn));
  self->pause = vgw_source_new_wakeup (NULL, on_pause, self);
  return self;
}

void
vgw_turns_free (VgwTurns *self)
{
  vgw_source_clear (&self->pause);
  g_array_unref (self->waiting);
  g_free (self);
}
