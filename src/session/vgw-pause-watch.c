#include "session/vgw-pause-watch.h"

#define SILENT_US (3 * G_TIME_SPAN_SECOND)
#define POLL_MS 500
#define PAUSED_POLL_MS 100 /* what the caller says until the next poll is lost */

struct _VgwPauseWatch
{
  VgwConversation *conversation;
  VgwLegs *legs;
  VgwSessionPhase phase;
  guint timer_id;
  gint64 paused_us;         /* monotonic; 0: not paused */
  VgwEngine *paused_engine; /* the one that was notified of it, to compare */
};

static gboolean on_poll (gpointer user_data);

/* What the engine says waits in the playout queue, within its bound. */
static void
hold (VgwPauseWatch *self, gboolean is_held)
{
  vgw_playout_hold (vgw_bridge_get_playout (vgw_conversation_get_bridge (self->conversation)), VGW_PLAYOUT_HOLD_PAUSE,
                    is_held);
  vgw_conversation_set_hearing (self->conversation, !is_held);
}

static void
pause_conversation (VgwPauseWatch *self)
{
  VgwEngine *engine = vgw_conversation_get_engine (self->conversation);

  if (self->paused_us != 0)
    return;
  self->paused_us = g_get_monotonic_time ();
  self->paused_engine = engine;
  hold (self, TRUE);
  if (engine != NULL)
    vgw_engine_send (engine, &(VgwEngineInput){ .type = VGW_ENGINE_INPUT_PAUSED });
}

static void
resume_conversation (VgwPauseWatch *self)
{
  VgwEngine *engine = vgw_conversation_get_engine (self->conversation);
  gint64 paused_us = self->paused_us;

  if (paused_us == 0)
    return;
  self->paused_us = 0;
  hold (self, FALSE);
  if (engine != NULL && engine == self->paused_engine)
    vgw_engine_send (engine, &(VgwEngineInput){
                                 .type = VGW_ENGINE_INPUT_RESUMED,
                                 .paused_ms = (guint) ((g_get_monotonic_time () - paused_us) / G_TIME_SPAN_MILLISECOND),
                             });
}

static void
poll_again (VgwPauseWatch *self)
{
  gboolean is_paused = self->paused_us != 0;

  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->phase == VGW_PHASE_DETACHED || (self->phase == VGW_PHASE_ACTIVE && is_paused))
    self->timer_id = g_timeout_add (is_paused ? PAUSED_POLL_MS : POLL_MS, on_poll, self);
}

static void
look (VgwPauseWatch *self)
{
  gboolean is_silent = g_get_monotonic_time () - vgw_legs_get_media_us (self->legs) >= SILENT_US;

  if (self->phase == VGW_PHASE_RECOVERING || (self->phase == VGW_PHASE_DETACHED && is_silent))
    pause_conversation (self);
  else if (!is_silent)
    resume_conversation (self);
  poll_again (self);
}

static gboolean
on_poll (gpointer user_data)
{
  VgwPauseWatch *self = user_data;

  self->timer_id = 0;
  look (self);
  return G_SOURCE_REMOVE;
}

VgwPauseWatch *
vgw_pause_watch_new (VgwConversation *conversation, VgwLegs *legs)
{
  VgwPauseWatch *self = g_new0 (VgwPauseWatch, 1);

  self->conversation = conversation;
  self->legs = legs;
  return self;
}

void
vgw_pause_watch_free (VgwPauseWatch *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_free (self);
}

void
vgw_pause_watch_enter (VgwPauseWatch *self, VgwSessionPhase phase)
{
  self->phase = phase;
  look (self);
}
