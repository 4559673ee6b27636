/* A histogram as in Prometheus, for /metrics. Plain data. */
#pragma once

#include <glib.h>

#define VGW_HISTOGRAM_MAX_BOUNDS 16

typedef struct
{
  const double *bounds; /* ascending; static */
  guint n_bounds;
  guint64 counts[VGW_HISTOGRAM_MAX_BOUNDS + 1]; /* of each bucket alone, not cumulative; the last has no bound */
  double sum;
} VgwHistogram;

/* @bounds: static, ascending, at most VGW_HISTOGRAM_MAX_BOUNDS. */
void vgw_histogram_init (VgwHistogram *self, const double *bounds, guint n_bounds);

/* Counts @value. A value equal to a bound belongs to the bucket of that bound ("le"). */
void vgw_histogram_observe (VgwHistogram *self, double value);

/* The number of all observations. */
guint64 vgw_histogram_count (const VgwHistogram *self);
