/* Makes a piece of speech shorter without changing its pitch: a period of it, or several, is left out where the signal
 * repeats itself, with a cross-fade (WSOLA, as in Verhelst and Roelands, ICASSP 1993). Pure functions. */
#pragma once

#include <glib.h>

#define VGW_TIME_SCALE_MAX_RATE_HZ 48000u
#define VGW_TIME_SCALE_OVERLAP_MS 10u
#define VGW_TIME_SCALE_MAX_MS 15u /* left out at once: the period of 67 Hz */

/* Fills @out with @n_out samples, at least VGW_TIME_SCALE_OVERLAP_MS of them: the beginning of @in and, after the
 * cross-fade, what follows the part that is left out. @max_samples: to be left out, at most; @in has @n_out and as
 * many more. Returns: the number of samples that were left out, or 0, with @out untouched, where no part is similar
 * enough to the one that follows it. */
gsize vgw_time_scale_shorten (const gint16 *in, guint rate_hz, gsize max_samples, gint16 *out, gsize n_out);
