#include "base/vgw-histogram.h"

void
vgw_histogram_init (VgwHistogram *self, const double *bounds, guint n_bounds)
{
  g_return_if_fail (n_bounds <= VGW_HISTOGRAM_MAX_BOUNDS);

  *self = (VgwHistogram){ .bounds = bounds, .n_bounds = n_bounds };
}

void
vgw_histogram_observe (VgwHistogram *self, double value)
{
  guint i = 0;

  while (i < self->n_bounds && value > self->bounds[i])
    i++;
  self->counts[i]++;
  self->sum += value;
}

guint64
vgw_histogram_count (const VgwHistogram *self)
{
  guint64 n = 0;

  for (guint i = 0; i <= self->n_bounds; i++)
    n += self->counts[i];
  return n;
}
