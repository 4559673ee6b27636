#include "session/vgw-session-timers.h"

#define WATCHDOG_POLLS_PER_TIMEOUT 10 /* so that a silence is seen at most a tenth too late */
#define WATCHDOG_MAX_INTERVAL_MS 5000
#define END_DELAY_MS 250 /* a page that is loaded again closes its connection and its WebSocket, in either order */

struct _VgwSessionTimers
{
  const VgwSessionContext *context;
  VgwSessionTimeoutFunc func;
  VgwSessionActivityFunc get_activity;
  gpointer user_data;
  VgwSessionPhase phase;
  guint phase_timer_id, grace_timer_id, end_timer_id, duration_timer_id;
};

static void
check_media (VgwSessionTimers *self)
{
  gint64 silent_us = g_get_monotonic_time () - self->get_activity (self->user_data);

  if (self->context->limits.media_timeout_ms == 0) /* since a reload */
    return;
  if (silent_us >= self->context->limits.media_timeout_ms * G_TIME_SPAN_MILLISECOND)
    self->func (VGW_END_MEDIA_TIMEOUT,
                "for too long, no media and no connectivity check was received, or the client did not answer the "
                "gateway's own checks",
                self->user_data);
}

/* The end of the session removes it. */
static gboolean
on_phase_timer (gpointer user_data)
{
  VgwSessionTimers *self = user_data;

  switch (self->phase)
    {
    case VGW_PHASE_NEW:
      self->func (VGW_END_OFFER_TIMEOUT, "no offer was received in time", self->user_data);
      break;
    case VGW_PHASE_ACTIVE:
      check_media (self);
      break;
    case VGW_PHASE_NEGOTIATING:
    case VGW_PHASE_CONNECTING:
    case VGW_PHASE_DETACHED:
    case VGW_PHASE_RECOVERING:
    case VGW_PHASE_ENDING:
    case VGW_PHASE_ENDED:
      break;
    }
  return G_SOURCE_CONTINUE;
}

/* The end of the session removes it. */
static gboolean
on_grace_over (gpointer user_data)
{
  VgwSessionTimers *self = user_data;

  self->func (VGW_END_WEBSOCKET_CLOSED, NULL, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* The end of the session removes it. */
static gboolean
on_client_gone (gpointer user_data)
{
  VgwSessionTimers *self = user_data;

  self->func (VGW_END_CLIENT_BYE, NULL, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* The end of the session removes it. */
static gboolean
on_max_duration (gpointer user_data)
{
  VgwSessionTimers *self = user_data;

  self->func (VGW_END_MAX_DURATION, NULL, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* 0 ms: no bound. */
static void
set_phase_timer (VgwSessionTimers *self, guint interval_ms)
{
  g_clear_handle_id (&self->phase_timer_id, g_source_remove);
  if (interval_ms > 0)
    self->phase_timer_id = g_timeout_add (interval_ms, on_phase_timer, self);
}

static void
stop_grace (VgwSessionTimers *self)
{
  g_clear_handle_id (&self->grace_timer_id, g_source_remove);
}

static void
start_grace (VgwSessionTimers *self)
{
  if (self->grace_timer_id == 0)
    self->grace_timer_id = g_timeout_add (self->context->session.resume_grace_ms, on_grace_over, self);
}

VgwSessionTimers *
vgw_session_timers_new (const VgwSessionContext *context, VgwSessionTimeoutFunc func,
                        VgwSessionActivityFunc get_activity, gpointer user_data)
{
  VgwSessionTimers *self = g_new0 (VgwSessionTimers, 1);

  self->context = context;
  self->func = func;
  self->get_activity = get_activity;
  self->user_data = user_data;
  return self;
}

void
vgw_session_timers_free (VgwSessionTimers *self)
{
  vgw_session_timers_enter (self, VGW_PHASE_ENDED);
  g_free (self);
}

void
vgw_session_timers_set_duration (VgwSessionTimers *self, guint max_duration_s)
{
  if (max_duration_s > 0)
    self->duration_timer_id = g_timeout_add_seconds (max_duration_s, on_max_duration, self);
}

void
vgw_session_timers_enter (VgwSessionTimers *self, VgwSessionPhase phase)
{
  guint media_timeout_ms = self->context->limits.media_timeout_ms;
  guint poll_ms = MIN (media_timeout_ms / WATCHDOG_POLLS_PER_TIMEOUT, WATCHDOG_MAX_INTERVAL_MS);

  self->phase = phase;
  g_clear_handle_id (&self->end_timer_id, g_source_remove);
  switch (phase)
    {
    case VGW_PHASE_NEW:
      set_phase_timer (self, self->context->limits.offer_timeout_ms);
      break;
    case VGW_PHASE_NEGOTIATING: /* the leg has a bound of its own, from the offer to the connection */
    case VGW_PHASE_CONNECTING:
      set_phase_timer (self, 0);
      break;
    case VGW_PHASE_ACTIVE:
      stop_grace (self);
      set_phase_timer (self, media_timeout_ms > 0 ? MAX (poll_ms, 1) : 0);
      break;
    case VGW_PHASE_DETACHED:
    case VGW_PHASE_RECOVERING:
      set_phase_timer (self, 0);
      start_grace (self);
      break;
    case VGW_PHASE_ENDING:
    case VGW_PHASE_ENDED:
      set_phase_timer (self, 0);
      stop_grace (self);
      g_clear_handle_id (&self->duration_timer_id, g_source_remove);
      break;
    }
}

void
vgw_session_timers_renew_grace (VgwSessionTimers *self)
{
  if (self->grace_timer_id == 0)
    return;
  stop_grace (self);
  start_grace (self);
}

void
vgw_session_timers_expect_end (VgwSessionTimers *self)
{
  set_phase_timer (self, 0); /* there is no media to wait for */
  if (self->end_timer_id == 0)
    self->end_timer_id = g_timeout_add (END_DELAY_MS, on_client_gone, self);
}
