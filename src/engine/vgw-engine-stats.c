#include "engine/vgw-engine-stats.h"

/* A bot on the same machine takes milliseconds, speech synthesis in a cloud seconds. */
static const double bounds_s[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10 };

void
vgw_engine_stats_init (VgwEngineStats *self)
{
  *self = (VgwEngineStats){ 0 };
  for (guint i = 0; i < VGW_ENGINE_N_TIMES; i++)
    vgw_histogram_init (&self->times_s[i], bounds_s, G_N_ELEMENTS (bounds_s));
}
