#include "base/vgw-loop-watch.h"

#include "base/vgw-source.h"

/* Above 20 ms a door's answer is late by more than a packet of audio. */
static const double bounds_s[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1 };

struct _VgwLoopWatch
{
  GSource *timer;
  gint64 due_us; /* of the monotonic clock */
  gint64 longest_us;
  VgwHistogram lags_s;
};

static void
plan (VgwLoopWatch *self)
{
  self->due_us = g_get_monotonic_time () + VGW_LOOP_WATCH_INTERVAL_MS * G_TIME_SPAN_MILLISECOND;
  g_source_set_ready_time (self->timer, self->due_us);
}

static gint64
get_lag_us (const VgwLoopWatch *self)
{
  return MAX (g_get_monotonic_time () - self->due_us, 0);
}

static gboolean
on_timer (gpointer user_data)
{
  VgwLoopWatch *self = user_data;
  gint64 lag_us = get_lag_us (self);

  vgw_histogram_observe (&self->lags_s, (double) lag_us / G_USEC_PER_SEC);
  self->longest_us = MAX (self->longest_us, lag_us);
  plan (self);
  return G_SOURCE_CONTINUE;
}

VgwLoopWatch *
vgw_loop_watch_new (void)
{
  VgwLoopWatch *self = g_new0 (VgwLoopWatch, 1);

  vgw_histogram_init (&self->lags_s, bounds_s, G_N_ELEMENTS (bounds_s));
  self->timer = vgw_source_new_wakeup (NULL, on_timer, self);
  plan (self);
  return self;
}

void
vgw_loop_watch_free (VgwLoopWatch *self)
{
  if (self == NULL)
    return;
  vgw_source_clear (&self->timer);
  g_free (self);
}

const VgwHistogram *
vgw_loop_watch_get_lags (const VgwLoopWatch *self)
{
  return &self->lags_s;
}

gint64
vgw_loop_watch_take_longest_us (VgwLoopWatch *self)
{
  gint64 longest_us = MAX (self->longest_us, get_lag_us (self));

  self->longest_us = 0;
  return longest_us;
}
