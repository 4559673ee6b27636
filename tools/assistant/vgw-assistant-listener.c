#include "assistant/vgw-assistant-listener.h"

#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/cmd_ln.h>
#include <sphinxbase/fe.h>

#include "assistant/vgw-assistant-sphinx.h"

#define FRAME_MS 10                 /* of the front end: its default -frate of 100 */
#define START_MS 100                /* of voice begin an utterance */
#define LEAD_IN_MS (START_MS + 400) /* kept from before the voice was detected */
#define MAX_FEATURES 64             /* vectors at once: those of the prespeech buffer and of one block */
#define MS_TO_SAMPLES(ms) ((ms) * (VGW_ASSISTANT_RATE_HZ / 1000))

struct _VgwAssistantListener
{
  fe_t *front_end;
  mfcc_t **features; /* written by the front end; not read */
  GArray *audio;     /* the utterance that has begun, else the last LEAD_IN_MS */
  gboolean is_in_speech;
};

static cmd_ln_t *
make_config (void)
{
  g_autofree char *silence_frames = g_strdup_printf ("%d", VGW_ASSISTANT_SILENCE_MS / FRAME_MS);
  g_autofree char *start_frames = g_strdup_printf ("%d", START_MS / FRAME_MS);

  return cmd_ln_init (NULL, fe_get_args (), TRUE, "-vad_postspeech", silence_frames, "-vad_startspeech", start_frames,
                      NULL);
}

VgwAssistantListener *
vgw_assistant_listener_new (void)
{
  VgwAssistantListener *self = g_new0 (VgwAssistantListener, 1);
  cmd_ln_t *config;

  vgw_assistant_sphinx_init_log ();
  config = make_config ();
  self->front_end = fe_init_auto_r (config);
  g_assert (self->front_end != NULL); /* it is made of constants */
  cmd_ln_free_r (config);
  self->features = (mfcc_t **) ckd_calloc_2d (MAX_FEATURES, fe_get_output_size (self->front_end), sizeof (mfcc_t));
  self->audio = g_array_new (FALSE, FALSE, sizeof (gint16));
  fe_start_stream (self->front_end);
  fe_start_utt (self->front_end);
  return self;
}

void
vgw_assistant_listener_free (VgwAssistantListener *self)
{
  fe_free (self->front_end);
  ckd_free_2d (self->features);
  g_array_unref (self->audio);
  g_free (self);
}

static void
detect_voice (VgwAssistantListener *self, const gint16 *samples, gsize n_samples)
{
  size_t n_left = n_samples;

  while (n_left > 0)
    {
      int32 n_features = MAX_FEATURES;
      size_t n_before = n_left;

      fe_process_frames (self->front_end, &samples, &n_left, self->features, &n_features, NULL);
      if (n_left == n_before && n_features == 0)
        return;
    }
}

GArray *
vgw_assistant_listener_push (VgwAssistantListener *self, const gint16 *samples, gsize n_samples)
{
  gboolean was_in_speech = self->is_in_speech;
  GArray *utterance;

  g_return_val_if_fail (n_samples <= VGW_ASSISTANT_BLOCK_SAMPLES, NULL);

  g_array_append_vals (self->audio, samples, n_samples);
  detect_voice (self, samples, n_samples);
  self->is_in_speech = fe_get_vad_state (self->front_end) != 0;

  if (was_in_speech && (!self->is_in_speech || self->audio->len > MS_TO_SAMPLES (VGW_ASSISTANT_MAX_UTTERANCE_MS)))
    {
      utterance = g_steal_pointer (&self->audio);
      self->audio = g_array_new (FALSE, FALSE, sizeof (gint16));
      vgw_assistant_listener_reset (self);
      return utterance;
    }
  if (!self->is_in_speech && self->audio->len > MS_TO_SAMPLES (LEAD_IN_MS))
    g_array_remove_range (self->audio, 0, self->audio->len - MS_TO_SAMPLES (LEAD_IN_MS));
  return NULL;
}

void
vgw_assistant_listener_reset (VgwAssistantListener *self)
{
  /* restarts the voice detection; the noise estimate of the stream is kept */
  fe_start_utt (self->front_end);
  g_array_set_size (self->audio, 0);
  self->is_in_speech = FALSE;
}
