/* What becomes of the appsrc of a description. */
#pragma once

#include "media/vgw-pipeline.h"

/* Whether @factory, or what it is set to, can make the thread that pushes into it wait: for the clock, or for another
 * branch. An operator's own element (@extra_elements, nullable) is taken for one. */
gboolean vgw_pipeline_source_may_wait (const char *factory, const char *const *extra_elements);

/* Puts a VgwPushSrc, which has no thread, in the place of the appsrc `pcm_in`; with a queue behind it where
 * @instance's elements may wait. Before the pipeline is started. */
void vgw_pipeline_source_replace (VgwPipelineInstance *instance);
