/* The replacement of a description's appsrc. */
#pragma once

#include "media/vgw-pipeline-instance.h"

/* Whether @factory may block the thread that pushes into it: for the clock, or for another branch. Elements of the
 * operator (@extra_elements, nullable) are assumed to. */
gboolean vgw_pipeline_source_may_wait (const char *factory, const char *const *extra_elements);

/* Replaces the appsrc `pcm_in` by a VgwPushSrc, which has no thread; followed by a queue where @instance's elements may
 * block. Before the pipeline is started. */
void vgw_pipeline_source_replace (VgwPipelineInstance *instance);
