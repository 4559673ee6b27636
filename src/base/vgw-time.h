/* Times of day as text. Any thread. */
#pragma once

#include <glib.h>

/* @time_us (g_get_real_time ()) as RFC 3339 in UTC, with milliseconds. Returns: (transfer full) */
char *vgw_time_to_text (gint64 time_us);
