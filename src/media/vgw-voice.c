#include "media/vgw-voice.h"

#define MIN_WATCH_INTERVAL_MS 50u
#define DOUBT_INTERVAL_MS 20u

struct _VgwVoice
{
  guint start_ms, stop_ms;
  VgwVoiceFunc func;
  VgwVoiceClockFunc last_audio;
  VgwVoiceDoubtFunc doubt;
  gpointer user_data;

  gboolean is_detected; /* as the detector said last */
  gboolean has_voice;   /* the same, and audio comes */
  gboolean is_speaking; /* as reported */
  guint change_id;      /* while has_voice and is_speaking differ */
  guint watch_id;       /* while is_detected */
};

static gboolean
on_change_due (gpointer user_data)
{
  VgwVoice *self = user_data;

  if (self->has_voice && self->doubt != NULL && self->doubt (self->user_data))
    {
      self->change_id = g_timeout_add (DOUBT_INTERVAL_MS, on_change_due, self);
      return G_SOURCE_REMOVE;
    }
  self->change_id = 0;
  self->is_speaking = self->has_voice;
  self->func (self->is_speaking, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
set_voice (VgwVoice *self, gboolean has_voice)
{
  if (self->has_voice == has_voice)
    return;
  self->has_voice = has_voice;
  g_clear_handle_id (&self->change_id, g_source_remove);
  if (has_voice != self->is_speaking)
    self->change_id = g_timeout_add (has_voice ? self->start_ms : self->stop_ms, on_change_due, self);
}

/* A caller who is muted in mid-word sends no more packets; then the detector never says that the voice has ended. */
static gboolean
on_watch (gpointer user_data)
{
  VgwVoice *self = user_data;
  gint64 silent_us = g_get_monotonic_time () - self->last_audio (self->user_data);

  set_voice (self, silent_us < self->stop_ms * G_TIME_SPAN_MILLISECOND);
  return G_SOURCE_CONTINUE;
}

VgwVoice *
vgw_voice_new (guint start_ms, guint stop_ms, VgwVoiceFunc func, VgwVoiceClockFunc last_audio, gpointer user_data)
{
  VgwVoice *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_new0 (VgwVoice, 1);
  self->start_ms = start_ms;
  self->stop_ms = stop_ms;
  self->func = func;
  self->last_audio = last_audio;
  self->user_data = user_data;
  return self;
}

void
vgw_voice_set_doubt_func (VgwVoice *self, VgwVoiceDoubtFunc doubt)
{
  self->doubt = doubt;
}

void
vgw_voice_free (VgwVoice *self)
{
  g_clear_handle_id (&self->change_id, g_source_remove);
  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_free (self);
}

void
vgw_voice_update (VgwVoice *self, gboolean has_voice)
{
  self->is_detected = !!has_voice;
  set_voice (self, self->is_detected);
  if (!self->is_detected)
    g_clear_handle_id (&self->watch_id, g_source_remove);
  else if (self->watch_id == 0 && self->last_audio != NULL)
    self->watch_id = g_timeout_add (MAX (self->stop_ms / 2, MIN_WATCH_INTERVAL_MS), on_watch, self);
}

gboolean
vgw_voice_is_speaking (VgwVoice *self)
{
  return self->is_speaking;
}
