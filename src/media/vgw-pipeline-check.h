/* --check-pipeline, without GStreamer types. */
#pragma once

#include <glib.h>

/* Loads the description at @path. Errors: VGW_ERROR_CONFIG, "FILE:LINE: reason". Main thread. Returns: (transfer full)
 * a line with its codec, to print */
char *vgw_pipeline_check (const char *path, const char *const *extra_elements, GError **error);
