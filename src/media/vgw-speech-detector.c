#include "media/vgw-speech-detector.h"

#define WATCH_INTERVAL_MS 20u
/* While no audio arrives, for as long as a caller on hold or muted in mid-word sends none. */
#define SILENT_WATCH_INTERVAL_MS 100u
#define DOUBT_INTERVAL_MS 20u
/* A longer time between two packets, which last 120 ms at most (RFC 6716), is a pause. */
#define MAX_PACKET_GAP_MS 150u
/* The oldest audio that speech can begin with. */
#define MAX_START_AGE_MS 80

struct _VgwSpeechDetector
{
  guint start_ms, stop_ms;
  VgwSpeechFunc func;
  VgwSpeechClockFunc last_audio;
  VgwSpeechDoubtFunc doubt;
  gpointer user_data;

  gboolean is_detected; /* as last reported by the detector */
  gboolean has_voice;   /* is_detected, and audio arrives */
  gboolean is_speaking; /* as reported */
  guint change_id;      /* while has_voice and is_speaking differ */
  guint n_clear;        /* consecutive times without doubt */
  guint watch_id;       /* while is_detected */
  guint watch_interval_ms;
};

/* The time since the last audio. */
static gint64
get_silent_ms (VgwSpeechDetector *self)
{
  if (self->last_audio == NULL)
    return 0;
  return (g_get_monotonic_time () - self->last_audio (self->user_data)) / G_TIME_SPAN_MILLISECOND;
}

static gboolean
on_change_due (gpointer user_data)
{
  VgwSpeechDetector *self = user_data;

  if (self->has_voice && get_silent_ms (self) > MAX_START_AGE_MS)
    {
      self->change_id = g_timeout_add (DOUBT_INTERVAL_MS, on_change_due, self);
      return G_SOURCE_REMOVE;
    }
  self->change_id = 0;
  self->is_speaking = self->has_voice;
  self->func (self->is_speaking, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Checked during all of start_ms, since a click may exceed the echo for a moment. */
static gboolean
on_doubt (gpointer user_data)
{
  VgwSpeechDetector *self = user_data;

  self->n_clear = self->doubt (self->user_data) ? 0 : self->n_clear + 1;
  if (self->n_clear * DOUBT_INTERVAL_MS < self->start_ms)
    return G_SOURCE_CONTINUE;
  return on_change_due (self);
}

static guint
wait_for_start (VgwSpeechDetector *self)
{
  self->n_clear = 0;
  if (self->doubt != NULL)
    return g_timeout_add (DOUBT_INTERVAL_MS, on_doubt, self);
  return g_timeout_add (self->start_ms, on_change_due, self);
}

/* @silent_ms: for which there has been no voice already */
static void
set_voice (VgwSpeechDetector *self, gboolean has_voice, gint64 silent_ms)
{
  if (self->has_voice == has_voice)
    return;
  self->has_voice = has_voice;
  g_clear_handle_id (&self->change_id, g_source_remove);
  if (has_voice != self->is_speaking)
    self->change_id = has_voice ? wait_for_start (self)
                                : g_timeout_add ((guint) MAX (self->stop_ms - silent_ms, 0), on_change_due, self);
}

/* A caller who mutes in mid-word sends no more packets, and the detector does not report the end of the voice. The time
 * without packets counts as silence from its beginning. */
static gboolean
on_watch (gpointer user_data)
{
  VgwSpeechDetector *self = user_data;
  gint64 silent_ms = get_silent_ms (self);
  guint interval_ms;

  set_voice (self, silent_ms < MIN (self->stop_ms, MAX_PACKET_GAP_MS), silent_ms);
  interval_ms = self->has_voice || self->is_speaking ? WATCH_INTERVAL_MS : SILENT_WATCH_INTERVAL_MS;
  if (interval_ms == self->watch_interval_ms)
    return G_SOURCE_CONTINUE;
  self->watch_interval_ms = interval_ms;
  self->watch_id = g_timeout_add (interval_ms, on_watch, self);
  return G_SOURCE_REMOVE;
}

VgwSpeechDetector *
vgw_speech_detector_new (guint start_ms, guint stop_ms, VgwSpeechFunc func, VgwSpeechClockFunc last_audio,
                         gpointer user_data)
{
  VgwSpeechDetector *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_new0 (VgwSpeechDetector, 1);
  self->start_ms = start_ms;
  self->stop_ms = stop_ms;
  self->func = func;
  self->last_audio = last_audio;
  self->user_data = user_data;
  return self;
}

void
vgw_speech_detector_set_doubt_func (VgwSpeechDetector *self, VgwSpeechDoubtFunc doubt)
{
  self->doubt = doubt;
}

void
vgw_speech_detector_free (VgwSpeechDetector *self)
{
  g_clear_handle_id (&self->change_id, g_source_remove);
  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_free (self);
}

void
vgw_speech_detector_update (VgwSpeechDetector *self, gboolean has_voice)
{
  self->is_detected = !!has_voice;
  set_voice (self, self->is_detected, 0);
  if (!self->is_detected)
    g_clear_handle_id (&self->watch_id, g_source_remove);
  else if (self->watch_id == 0 && self->last_audio != NULL)
    {
      self->watch_interval_ms = WATCH_INTERVAL_MS;
      self->watch_id = g_timeout_add (WATCH_INTERVAL_MS, on_watch, self);
    }
}

gboolean
vgw_speech_detector_is_speaking (VgwSpeechDetector *self)
{
  return self->is_speaking;
}
