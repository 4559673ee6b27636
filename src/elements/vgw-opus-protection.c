#include "elements/vgw-opus-protection.h"

#define ONE_PERCENT 3u /* in 1/256, rounded up */
#define STEP_PERCENT 5u
#define MAX_PERCENT 25u /* libopus knows no difference above */

gboolean
vgw_opus_protection_report (VgwOpusProtection *self, guint fraction_lost)
{
  gint before = vgw_opus_protection_get_percent (self, -1);

  self->is_known = TRUE;
  self->loss = MAX (MIN (fraction_lost, 255), self->loss * 3 / 4);
  return vgw_opus_protection_get_percent (self, -1) != before;
}

gint
vgw_opus_protection_get_percent (const VgwOpusProtection *self, gint percent)
{
  guint n_steps;

  if (!self->is_known)
    return percent;
  if (self->loss < ONE_PERCENT)
    return 0;
  n_steps = (self->loss * 100 + 256 * STEP_PERCENT - 1) / (256 * STEP_PERCENT);
  return (gint) MIN (n_steps * STEP_PERCENT, MAX_PERCENT);
}

gint
vgw_opus_protection_get_bitrate (const VgwOpusProtection *self, gint bitrate)
{
  return self->is_known && self->loss >= ONE_PERCENT ? bitrate + bitrate / 4 : bitrate;
}
