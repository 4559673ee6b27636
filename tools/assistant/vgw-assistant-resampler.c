#include "assistant/vgw-assistant-resampler.h"

#include <speex/speex_resampler.h>

#define BLOCK_SAMPLES 960 /* taken at once: 20 ms at the highest rate */

struct _VgwAssistantResampler
{
  SpeexResamplerState *state; /* NULL: the rates are equal */
  guint from_hz;
  guint to_hz;
};

VgwAssistantResampler *
vgw_assistant_resampler_new (guint from_hz, guint to_hz)
{
  VgwAssistantResampler *self;

  g_return_val_if_fail (from_hz > 0 && to_hz > 0, NULL);

  self = g_new0 (VgwAssistantResampler, 1);
  self->from_hz = from_hz;
  self->to_hz = to_hz;
  if (from_hz != to_hz)
    {
      self->state = speex_resampler_init (1, from_hz, to_hz, SPEEX_RESAMPLER_QUALITY_VOIP, NULL);
      g_assert (self->state != NULL);           /* NULL only without memory */
      speex_resampler_skip_zeros (self->state); /* else the stream would begin with the filter's delay */
    }
  return self;
}

void
vgw_assistant_resampler_free (VgwAssistantResampler *self)
{
  g_clear_pointer (&self->state, speex_resampler_destroy);
  g_free (self);
}

void
vgw_assistant_resampler_push (VgwAssistantResampler *self, const gint16 *samples, gsize n_samples, GArray *output)
{
  if (self->state == NULL)
    {
      g_array_append_vals (output, samples, n_samples);
      return;
    }
  for (gsize done = 0; done < n_samples;)
    {
      spx_uint32_t n_in = MIN (BLOCK_SAMPLES, n_samples - done);
      spx_uint32_t n_out = (guint64) n_in * self->to_hz / self->from_hz + 2; /* rounding, and one from before */
      guint length = output->len;

      g_array_set_size (output, length + n_out);
      speex_resampler_process_int (self->state, 0, samples + done, &n_in, &g_array_index (output, gint16, length),
                                   &n_out);
      g_array_set_size (output, length + n_out);
      done += n_in;
    }
}

void
vgw_assistant_resampler_flush (VgwAssistantResampler *self, GArray *output)
{
  g_autofree gint16 *silence = NULL;
  gsize n_samples;

  if (self->state == NULL)
    return;

  n_samples = speex_resampler_get_input_latency (self->state);
  silence = g_new0 (gint16, n_samples);
  vgw_assistant_resampler_push (self, silence, n_samples, output);
}
