/* One post to the main thread for however many events. */
#include "session/vgw-playout-watch.h"

#include <string.h>

#include "base/vgw-mailbox.h"
#include "base/vgw-token-bucket.h"
#include "session/vgw-turns.h"

#define MAX_EVENTS_PER_TURN 256 /* of the main loop: an engine that floods its queue with marks delays no other call */
#define CLEARED_BURST_SECONDS 2 /* of the rate of events may come at once */
#define MAX_FOLLOWED_BYTES (1024 * 1024)
#define FOLLOWED_COST_BYTES 64
#define MARK_REFUSED "{\"type\":\"error\",\"code\":\"too-large\",\"message\":\"a mark was dropped\"}"

/* An event of the engine whose audio is not played yet. */
typedef struct
{
  guint64 place;
  char *json;
} Followed;

struct _VgwPlayoutWatch
{
  GObject parent_instance;

  VgwPlayoutWatchSetup setup;
  VgwPlayout *playout;
  VgwMailbox *mailbox; /* from the playout queue to the main thread */
  VgwTurns *turns;
  gboolean has_turns, has_notify;
  gboolean is_stopped;
  VgwEngine *engine;         /* (nullable) */
  gboolean has_refused_mark; /* and an engine was notified */
  guint n_stale;             /* pending events that are of the engine before */
  VgwTokenBucket cleared_events;
  gboolean is_bot_speaking;
  guint64 last_place;            /* that was handled */
  guint64 lost_from, lost_until; /* the last places that were lost */
  GQueue followed;               /* Followed*, by place */
  gsize n_followed_bytes;
};

G_DEFINE_FINAL_TYPE (VgwPlayoutWatch, vgw_playout_watch, G_TYPE_OBJECT)

static void
report_moment (VgwPlayoutWatch *self, const VgwMoment *moment)
{
  if (!self->is_stopped)
    self->setup.func (&(VgwConversationReport){ VGW_CONVERSATION_MOMENT, .moment = moment }, self->setup.user_data);
}

static void
followed_free (Followed *followed)
{
  g_free (followed->json);
  g_free (followed);
}

static void
report_heard (VgwPlayoutWatch *self, const char *json, gboolean is_lost)
{
  report_moment (self, &(VgwMoment){ VGW_MOMENT_ENGINE_HEARD, .json = json, .is_lost = is_lost });
}

static void
handle_place (VgwPlayoutWatch *self, const VgwPlayoutEvent *event)
{
  Followed *first;

  self->last_place = event->place;
  if (event->is_lost)
    {
      if (event->place != self->lost_until + 1)
        self->lost_from = event->place;
      self->lost_until = event->place;
    }
  while ((first = g_queue_peek_head (&self->followed)) != NULL && first->place <= event->place)
    {
      g_queue_pop_head (&self->followed);
      self->n_followed_bytes -= strlen (first->json) + FOLLOWED_COST_BYTES;
      report_heard (self, first->json, event->is_lost);
      followed_free (first);
    }
}

/* An engine causes one with two small messages: bounded on their own, so that they take no room from its events. */
static void
report_cleared (VgwPlayoutWatch *self, const VgwPlayoutEvent *event)
{
  guint per_second = self->setup.max_events_per_second;
  g_autofree char *json = NULL;

  if (event->cleared_ms == 0 || self->is_stopped
      || (per_second > 0
          && !vgw_token_bucket_take (&self->cleared_events, 1, per_second, CLEARED_BURST_SECONDS * per_second,
                                     g_get_monotonic_time ())))
    return;
  json = g_strdup_printf ("{\"type\":\"playout-cleared\",\"utterance_ms\":%" G_GUINT64_FORMAT
                          ",\"cleared_ms\":%" G_GUINT64_FORMAT "}",
                          event->utterance_ms, event->cleared_ms);
  self->setup.func (&(VgwConversationReport){ VGW_CONVERSATION_NOTICE, .json = json }, self->setup.user_data);
}

static void
report_bot (VgwPlayoutWatch *self, VgwMomentType type, const VgwPlayoutEvent *event)
{
  gboolean is_start = type == VGW_MOMENT_BOT_STARTED;

  if (!self->setup.has_moments || is_start == self->is_bot_speaking)
    return;
  self->is_bot_speaking = is_start;
  report_moment (self, &(VgwMoment){ type, .utterance_ms = event->utterance_ms, .cleared_ms = event->cleared_ms });
}

/* May make the engine hang up. */
static void
send_to_engine (VgwPlayoutWatch *self, const VgwPlayoutEvent *event, gboolean is_stale)
{
  if (!is_stale && self->engine != NULL && VGW_ENGINE_GET_CLASS (self->engine)->takes_playout)
    vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = event });
}

static void
handle_event (VgwPlayoutWatch *self, const VgwPlayoutEvent *event)
{
  gboolean is_stale = self->n_stale > 0;

  self->n_stale -= is_stale;
  if (event->type == VGW_PLAYOUT_STARTED || event->type == VGW_PLAYOUT_DRAINED || event->type == VGW_PLAYOUT_CLEARED)
    {
      self->setup.func (&(VgwConversationReport){ VGW_CONVERSATION_PLAYOUT, .playout = event }, self->setup.user_data);
      vgw_turns_handle_playout (self->turns, event);
    }
  switch (event->type)
    {
    case VGW_PLAYOUT_STARTED:
      report_bot (self, VGW_MOMENT_BOT_STARTED, event);
      break;
    case VGW_PLAYOUT_PLACE:
      handle_place (self, event);
      break;
    case VGW_PLAYOUT_CLEARED:
      send_to_engine (self, event, is_stale);
      report_bot (self, VGW_MOMENT_BOT_CLEARED, event);
      if (!self->setup.has_moments)
        report_cleared (self, event);
      break;
    case VGW_PLAYOUT_DRAINED:
      send_to_engine (self, event, is_stale);
      report_bot (self, VGW_MOMENT_BOT_STOPPED, event);
      break;
    case VGW_PLAYOUT_MARK:
    case VGW_PLAYOUT_LOST:
    case VGW_PLAYOUT_XOFF:
    case VGW_PLAYOUT_XON:
      send_to_engine (self, event, is_stale);
      break;
    }
}

static void
handle_events (gpointer object, gpointer payload)
{
  g_autoptr (VgwPlayoutWatch) self = g_object_ref (object);

  for (guint i = 0; i < MAX_EVENTS_PER_TURN && !self->is_stopped; i++)
    {
      g_autoptr (VgwPlayoutEvent) event = vgw_playout_take_event (self->playout);

      if (event == NULL)
        return;
      handle_event (self, event);
    }
  vgw_mailbox_post (self->mailbox, handle_events, NULL, NULL);
}

/* Any thread. */
static void
on_notify (gpointer user_data)
{
  vgw_mailbox_post (user_data, handle_events, NULL, NULL);
}

static void
on_mark_refused (gpointer object, gpointer payload)
{
  VgwPlayoutWatch *self = object;

  if (self->has_refused_mark || self->engine == NULL)
    return;
  self->has_refused_mark = TRUE;
  vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = MARK_REFUSED });
}

static void
on_turn (VgwTurn *turn, gpointer user_data)
{
  VgwPlayoutWatch *self = user_data;

  self->setup.func (&(VgwConversationReport){ VGW_CONVERSATION_TURN, .turn = turn }, self->setup.user_data);
}

/* Turns notifications on where something depends on them. */
static void
update_notify (VgwPlayoutWatch *self)
{
  gboolean is_all = self->setup.has_moments || self->has_turns;
  gboolean is_on = is_all || (self->engine != NULL && VGW_ENGINE_GET_CLASS (self->engine)->takes_playout);

  if (is_on && !self->has_notify)
    vgw_playout_set_notify (self->playout, on_notify, vgw_mailbox_ref (self->mailbox),
                            (GDestroyNotify) vgw_mailbox_unref);
  else if (!is_on && self->has_notify)
    vgw_playout_set_notify (self->playout, NULL, NULL, NULL);
  self->has_notify = is_on;
  if (is_all)
    vgw_playout_record_more (self->playout, self->setup.has_moments);
}

static void
vgw_playout_watch_finalize (GObject *object)
{
  VgwPlayoutWatch *self = VGW_PLAYOUT_WATCH (object);

  vgw_playout_watch_stop (self);
  g_clear_pointer (&self->turns, vgw_turns_free);
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
  g_clear_pointer (&self->playout, vgw_playout_unref);
  G_OBJECT_CLASS (vgw_playout_watch_parent_class)->finalize (object);
}

static void
vgw_playout_watch_class_init (VgwPlayoutWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_playout_watch_finalize;
}

static void
vgw_playout_watch_init (VgwPlayoutWatch *self)
{
  self->mailbox = vgw_mailbox_new (G_OBJECT (self));
  self->turns = vgw_turns_new (on_turn, self);
}

VgwPlayoutWatch *
vgw_playout_watch_new (VgwPlayout *playout, const VgwPlayoutWatchSetup *setup)
{
  VgwPlayoutWatch *self = g_object_new (VGW_TYPE_PLAYOUT_WATCH, NULL);

  self->playout = vgw_playout_ref (playout);
  self->setup = *setup;
  update_notify (self);
  return self;
}

void
vgw_playout_watch_set_engine (VgwPlayoutWatch *self, VgwEngine *engine, VgwPlayoutSinkFunc func, gpointer user_data)
{
  self->engine = engine;
  update_notify (self);
  if (self->has_notify)
    self->n_stale = vgw_playout_drop_marks (self->playout);
  if (engine != NULL)
    vgw_playout_sink_connect (engine, self->playout, func, user_data, self->mailbox, on_mark_refused);
}

void
vgw_playout_watch_set_turns (VgwPlayoutWatch *self, gboolean has_turns)
{
  self->has_turns = has_turns;
  update_notify (self);
}

void
vgw_playout_watch_handle_speech (VgwPlayoutWatch *self, const VgwVoice *speech)
{
  self->setup.func (&(VgwConversationReport){ VGW_CONVERSATION_SPEECH, .speech = speech }, self->setup.user_data);
  vgw_turns_handle_speech (self->turns, speech);
}

void
vgw_playout_watch_follow (VgwPlayoutWatch *self, const char *json, guint64 place)
{
  gsize cost = strlen (json) + FOLLOWED_COST_BYTES;
  Followed *followed;

  if (place == 0)
    place = vgw_playout_add_place (self->playout);
  if (place != 0 && place <= self->last_place) /* its event was faster */
    {
      report_heard (self, json, place >= self->lost_from && place <= self->lost_until);
      return;
    }
  if (place == 0 || self->n_followed_bytes + cost > MAX_FOLLOWED_BYTES)
    {
      report_heard (self, json, TRUE);
      return;
    }
  followed = g_new (Followed, 1);
  *followed = (Followed){ place, g_strdup (json) };
  self->n_followed_bytes += cost;
  g_queue_push_tail (&self->followed, followed);
}

void
vgw_playout_watch_stop (VgwPlayoutWatch *self)
{
  VgwPlayoutStats stats;

  if (self->is_stopped)
    return;
  self->is_stopped = TRUE;
  vgw_playout_get_stats (self->playout, &stats);
  vgw_turns_end (self->turns, stats.played_ms, stats.queued_ms == 0);
  self->engine = NULL;
  vgw_playout_set_notify (self->playout, NULL, NULL, NULL);
  vgw_mailbox_close (self->mailbox);
  g_queue_clear_full (&self->followed, (GDestroyNotify) followed_free);
}
