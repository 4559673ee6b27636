#include "session/vgw-caller-speech.h"

#include "media/vgw-speech-detector.h"

struct _VgwCallerSpeech
{
  VgwBridge *bridge;
  VgwCallerSpeechFunc func;
  gpointer user_data;
  VgwSpeechDetector *detector; /* (nullable) where nothing depends on it */
  VgwVoice voice;              /* its last change */
  gboolean wants_voice;
  VgwBargeIn barge_in;
  guint echo_margin_db;
  gboolean has_barged_in; /* by the last change of speech */
};

/* Acts on what the caller hears, without waiting for the engine. */
static void
barge_in (VgwCallerSpeech *self, gboolean is_speaking)
{
  VgwPlayout *playout = vgw_bridge_get_playout (self->bridge);
  VgwPlayoutStats stats;

  vgw_playout_get_stats (playout, &stats);
  self->has_barged_in = self->barge_in != VGW_BARGE_IN_NONE && is_speaking && stats.queued_ms > 0;
  switch (self->barge_in)
    {
    case VGW_BARGE_IN_NONE:
      break;
    case VGW_BARGE_IN_DUCK:
      vgw_playout_duck (playout, is_speaking);
      break;
    case VGW_BARGE_IN_PAUSE:
      vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, is_speaking);
      break;
    case VGW_BARGE_IN_FLUSH:
      if (self->has_barged_in) /* with nothing to drop an engine gets no CLEARED */
        vgw_playout_clear (playout);
      break;
    }
}

static gint64
get_last_audio_us (gpointer user_data)
{
  VgwCallerSpeech *self = user_data;
  VgwBridgeInputStats heard;

  vgw_bridge_get_input_stats (self->bridge, &heard);
  return heard.last_us;
}

static void
on_speech_changed (gboolean is_speaking, gpointer user_data)
{
  VgwCallerSpeech *self = user_data;
  VgwVoice speech = self->voice;

  if (speech.has_voice != !!is_speaking) /* no audio comes any more, and the last of it had voice, or the reverse */
    speech.audio_us = speech.engine_us = get_last_audio_us (self);
  speech.has_voice = !!is_speaking;
  barge_in (self, is_speaking);
  self->func (&speech, self->user_data);
}

static gboolean
may_be_echo (gpointer user_data)
{
  VgwCallerSpeech *self = user_data;

  return vgw_bridge_may_be_echo (self->bridge, self->echo_margin_db);
}

VgwCallerSpeech *
vgw_caller_speech_new (VgwBridge *bridge, VgwCallerSpeechFunc func, gpointer user_data)
{
  VgwCallerSpeech *self = g_new0 (VgwCallerSpeech, 1);

  self->bridge = g_object_ref (bridge);
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
vgw_caller_speech_free (VgwCallerSpeech *self)
{
  vgw_caller_speech_stop (self);
  g_object_unref (self->bridge);
  g_free (self);
}

void
vgw_caller_speech_configure (VgwCallerSpeech *self, const VgwEngineConfig *config, gboolean is_wanted)
{
  const char *fallback;

  vgw_caller_speech_stop (self);
  barge_in (self, FALSE); /* of the engine before */
  self->barge_in = config->barge_in;
  self->echo_margin_db = config->echo_margin_db;
  if ((is_wanted || config->barge_in != VGW_BARGE_IN_NONE) && config->speech_start_ms > 0)
    {
      self->detector = vgw_speech_detector_new (config->speech_start_ms, config->speech_stop_ms, on_speech_changed,
                                                get_last_audio_us, self);
      vgw_speech_detector_set_doubt_func (self->detector, may_be_echo);
    }
  self->wants_voice =
      self->detector != NULL || vgw_engine_config_get_on_failure (config, &fallback) == VGW_ON_FAILURE_FALLBACK;
  if (self->detector != NULL)
    vgw_speech_detector_update (self->detector, self->voice.has_voice);
}

void
vgw_caller_speech_set_voice (VgwCallerSpeech *self, const VgwVoice *voice)
{
  self->voice = *voice;
  if (self->detector != NULL)
    vgw_speech_detector_update (self->detector, voice->has_voice);
}

void
vgw_caller_speech_end_voice (VgwCallerSpeech *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->voice.has_voice)
    vgw_caller_speech_set_voice (self, &(VgwVoice){ FALSE, now_us, now_us });
}

gboolean
vgw_caller_speech_is_detected (VgwCallerSpeech *self)
{
  return self->detector != NULL;
}

gboolean
vgw_caller_speech_has_voice (VgwCallerSpeech *self)
{
  return self->voice.has_voice;
}

gboolean
vgw_caller_speech_wants_voice (VgwCallerSpeech *self)
{
  return self->wants_voice;
}

gboolean
vgw_caller_speech_stop (VgwCallerSpeech *self)
{
  gboolean was_speaking = self->detector != NULL && vgw_speech_detector_is_speaking (self->detector);

  g_clear_pointer (&self->detector, vgw_speech_detector_free);
  return was_speaking;
}

gboolean
vgw_caller_speech_has_barged_in (VgwCallerSpeech *self)
{
  return self->has_barged_in;
}
