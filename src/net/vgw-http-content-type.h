/* The media types of files that are served. Any thread. */
#pragma once

#include <glib.h>

/* By the suffix of @name. Returns: (transfer none) */
const char *vgw_http_content_type_of (const char *name);
