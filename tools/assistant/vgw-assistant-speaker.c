#include "assistant/vgw-assistant-speaker.h"

#include <flite/flite.h>

#include "assistant/vgw-assistant-resampler.h"

/* Defined by libflite_cmu_us_slt without a header; flite's manual declares it the same way. It registers the voice at
 * the first call and returns the same one afterwards. */
cst_voice *register_cmu_us_slt (const char *voxdir);

/* flite has global state: flite_init () and the registration of a voice are documented as not thread-safe (flite.h),
 * and the shared values of a voice have reference counts that are not atomic (cst_val.c). So there is one synthesis at
 * a time; the registered voice is never freed. */
G_LOCK_DEFINE_STATIC (flite);

/* flite reads bytes, and would spell those of UTF-8 as symbols. */
static char *
get_speakable (const char *text)
{
  GString *speakable = g_string_sized_new (VGW_ASSISTANT_MAX_SPEECH_CHARS);

  for (const char *at = text; *at != '\0' && speakable->len < VGW_ASSISTANT_MAX_SPEECH_CHARS; at++)
    {
      if (g_ascii_isprint (*at))
        g_string_append_c (speakable, *at);
    }
  return g_string_free (speakable, FALSE);
}

static cst_wave *
synthesise (const char *text)
{
  cst_wave *wave;

  G_LOCK (flite);
  flite_init ();
  wave = flite_text_to_wave (text, register_cmu_us_slt (NULL));
  G_UNLOCK (flite);
  return wave;
}

GArray *
vgw_assistant_speak (const char *text, guint rate_hz)
{
  GArray *speech = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autofree char *speakable = get_speakable (text);
  g_autoptr (VgwAssistantResampler) resampler = NULL;
  cst_wave *wave = NULL;

  if (*g_strstrip (speakable) != '\0')
    wave = synthesise (speakable);
  if (wave == NULL)
    return speech;

  resampler = vgw_assistant_resampler_new (wave->sample_rate, rate_hz);
  vgw_assistant_resampler_push (resampler, wave->samples, wave->num_samples, speech);
  vgw_assistant_resampler_flush (resampler, speech);
  delete_wave (wave);
  return speech;
}
