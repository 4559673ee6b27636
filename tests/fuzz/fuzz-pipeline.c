#include "fuzz.h"

#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "elements/vgw-elements.h"
#include "media/vgw-pipeline.h"

static guint n_complaints; /* of GLib and GStreamer */

/* GStreamer's parser says g_critical () to some malformed texts, to caps above all, and refuses them. That is no crash,
 * as long as the text is refused here too; complaints about the project's own code are. */
static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  if (!(level & G_LOG_LEVEL_CRITICAL))
    return;
  if (domain == NULL || !(g_str_has_prefix (domain, "GStreamer") || g_str_has_prefix (domain, "GLib")))
    abort ();
  n_complaints++;
}

static void
init_once (void)
{
  static gsize once = 0;

  if (!g_once_init_enter (&once))
    return;
  gst_init (NULL, NULL);
  g_assert (vgw_elements_register (NULL));
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_default_handler (on_log, NULL);
  g_once_init_leave (&once, 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwPipeline) pipeline = NULL;
  VgwPipelineInstance instance;

  init_once ();
  n_complaints = 0;
  pipeline = vgw_pipeline_parse ("fuzz.launch", text, NULL, &error);
  g_assert ((pipeline == NULL) == (error != NULL));
  if (pipeline == NULL)
    {
      g_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
      g_assert (g_str_has_prefix (error->message, "fuzz.launch:"));
      g_assert (g_ascii_isdigit (error->message[strlen ("fuzz.launch:")]));
      return 0;
    }
  g_assert (vgw_pipeline_get_codec (pipeline) != NULL);
  g_assert (vgw_pipeline_get_clock_rate_hz (pipeline) > 0);
  /* what has loaded can be instantiated, again and again */
  g_assert (vgw_pipeline_instantiate (pipeline, 96, &instance, NULL));
  gst_object_unref (gst_object_ref_sink (instance.pipeline));
  g_assert (n_complaints == 0);
  return 0;
}
