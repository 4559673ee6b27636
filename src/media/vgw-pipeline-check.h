/* --check-pipeline, without GStreamer types. */
#pragma once

#include <glib.h>

/* Loads the description at @path as the gateway would. Errors: VGW_ERROR_CONFIG, "FILE:LINE: reason". Main thread.
 * Returns: (transfer full) one line that says what it serves: "opus.launch: OPUS at 48000 Hz" */
char *vgw_pipeline_check (const char *path, const char *const *extra_elements, GError **error);
