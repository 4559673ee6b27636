#include "media/vgw-time-scale.h"

#include <math.h>
#include <string.h>

#define MIN_LAG_US 2500u     /* less is not worth a cross-fade */
#define SEARCH_RATE_HZ 8000u /* of the first, coarse search */
#define MIN_LIKENESS 0.6f    /* correlation of the two parts that are cross-faded */
#define QUIET_POWER 10000.0f /* -50 dB of full scale: any cross-fade is inaudible */

/* The normalized correlation of the overlap at @in with the one @lag later, from every @step th sample. */
static float
compare (const gint16 *in, gsize lag, gsize n_overlap, gsize step)
{
  float product = 0, power = 0, power_later = 0;
  float n = 0;

  for (gsize i = 0; i < n_overlap; i += step, n++)
    {
      float now = in[i], later = in[i + lag];

      product += now * later;
      power += now * now;
      power_later += later * later;
    }
  if (MAX (power, power_later) <= QUIET_POWER * n)
    return 1;
  return product / sqrtf (MAX (power * power_later, 1.0f));
}

/* The best of the lags from @from up to @to. */
static gsize
find_lag (const gint16 *in, gsize from, gsize to, gsize n_overlap, gsize step, float *likeness)
{
  gsize best = from;

  *likeness = -1;
  for (gsize lag = from; lag <= to; lag += step)
    {
      float found = compare (in, lag, n_overlap, step);

      if (found < *likeness)
        continue;
      *likeness = found;
      best = lag;
    }
  return best;
}

gsize
vgw_time_scale_shorten (const gint16 *in, guint rate_hz, gsize max_samples, gint16 *out, gsize n_out)
{
  gsize n_overlap = (gsize) rate_hz * VGW_TIME_SCALE_OVERLAP_MS / 1000;
  gsize min_lag = (gsize) rate_hz * MIN_LAG_US / G_USEC_PER_SEC;
  gsize max_lag = MIN (max_samples, (gsize) rate_hz * VGW_TIME_SCALE_MAX_MS / 1000);
  gsize step = MAX (1, rate_hz / SEARCH_RATE_HZ);
  float likeness;
  gsize lag;

  g_return_val_if_fail (rate_hz <= VGW_TIME_SCALE_MAX_RATE_HZ && n_out >= n_overlap, 0);

  if (max_lag < min_lag)
    return 0;
  lag = find_lag (in, min_lag, max_lag, n_overlap, step, &likeness);
  if (step > 1)
    lag = find_lag (in, MAX (lag - (step - 1), min_lag), MIN (lag + step - 1, max_lag), n_overlap, 1, &likeness);
  if (likeness < MIN_LIKENESS)
    return 0;
  for (gsize i = 0; i < n_overlap; i++)
    out[i] = (gint16) ((in[i] * (gint) (n_overlap - i) + in[i + lag] * (gint) i) / (gint) n_overlap);
  memcpy (out + n_overlap, in + n_overlap + lag, (n_out - n_overlap) * sizeof (gint16));
  return lag;
}
