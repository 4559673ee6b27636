#include "engine/builtin/vgw-engine-echo.h"

#define SILENCE_PEAK 300 /* of 32768: above the noise of a quiet room, below speech */
#define HOLD_MS 200      /* pauses between words are played */

struct _VgwEngineEcho
{
  VgwEngine parent_instance;

  gboolean skips_silence;
  gsize n_hold_samples;  /* set in start () */
  gsize n_quiet_samples; /* since the last sound; the thread of push_audio () only */
};

G_DEFINE_TYPE (VgwEngineEcho, vgw_engine_echo, VGW_TYPE_ENGINE)

static gboolean
vgw_engine_echo_start (VgwEngine *self, const VgwEngineStart *start, GError **error)
{
  VgwEngineEcho *echo = VGW_ENGINE_ECHO (self);

  echo->n_hold_samples = (gsize) start->format.rate_hz * HOLD_MS / 1000;
  echo->n_quiet_samples = echo->n_hold_samples;
  return TRUE;
}

static void
vgw_engine_echo_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples)
{
  VgwEngineEcho *echo = VGW_ENGINE_ECHO (self);

  if (echo->skips_silence)
    {
      if (!vgw_audio_is_quiet (samples, n_samples, SILENCE_PEAK))
        echo->n_quiet_samples = 0;
      else if (echo->n_quiet_samples >= echo->n_hold_samples)
        return;
      else
        echo->n_quiet_samples += n_samples;
    }
  vgw_engine_play (self, samples, n_samples);
}

static void
vgw_engine_echo_handle (VgwEngine *self, const VgwEngineInput *input)
{
  if (input->type == VGW_ENGINE_INPUT_EVENT)
    vgw_engine_emit (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = input->json });
}

static void
vgw_engine_echo_class_init (VgwEngineEchoClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  engine_class->start = vgw_engine_echo_start;
  engine_class->push_audio = vgw_engine_echo_push_audio;
  engine_class->handle = vgw_engine_echo_handle;
}

static void
vgw_engine_echo_init (VgwEngineEcho *self)
{
}

VgwEngine *
vgw_engine_echo_new (gboolean skips_silence)
{
  VgwEngineEcho *self = g_object_new (VGW_TYPE_ENGINE_ECHO, NULL);

  self->skips_silence = skips_silence;
  return VGW_ENGINE (self);
}
