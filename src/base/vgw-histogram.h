/* How often a measured value was within each of a few bounds, as Prometheus counts: for /metrics. Plain data. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VGW_HISTOGRAM_MAX_BOUNDS 16

typedef struct
{
  const double *bounds; /* ascending; static */
  guint n_bounds;
  guint64 counts[VGW_HISTOGRAM_MAX_BOUNDS + 1]; /* of each bucket alone: above the bound before, up to its own; the last
                                                 * one has no bound */
  double sum;
} VgwHistogram;

/* @bounds: static, ascending, at most VGW_HISTOGRAM_MAX_BOUNDS. */
void vgw_histogram_init (VgwHistogram *self, const double *bounds, guint n_bounds);

/* A bound belongs to its own bucket ("le": less or equal). */
void vgw_histogram_observe (VgwHistogram *self, double value);

/* All observations. */
guint64 vgw_histogram_count (const VgwHistogram *self);

G_END_DECLS
