#include "media/vgw-pipeline-check.h"

#include "media/vgw-pipeline-vad.h"
#include "media/vgw-pipeline.h"

char *
vgw_pipeline_check (const char *path, const char *const *extra_elements, GError **error)
{
  g_autoptr (VgwPipeline) pipeline = vgw_pipeline_load (path, extra_elements, error);
  if (pipeline == NULL)
    return NULL;
  return g_strdup_printf ("%s: OK, codec %s, RTP clock rate %u Hz%s", path, vgw_pipeline_get_codec (pipeline),
                          vgw_pipeline_get_clock_rate_hz (pipeline),
                          vgw_pipeline_can_detect_voice (pipeline) ? "" : "\nwarning: " VGW_PIPELINE_NO_VOICE);
}
