/* The optional `vad` of a pipeline: its place in the chain. */
#pragma once

#include "media/vgw-pipeline.h"

/* Takes @vad out, and links its neighbours. FALSE where they do not fit together, or @vad is not one in, one out. */
gboolean vgw_pipeline_vad_remove (GstElement *vad);
