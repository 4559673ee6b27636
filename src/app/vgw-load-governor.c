#include "app/vgw-load-governor.h"

/* A thread that is always busy falls behind. Measured on two processors: 25 % with 40 calls and 60 % with 80, with no
 * late frames. */
#define TOO_MUCH_PERCENT 85u
#define CALM_PERCENT 60u

#define MIN_CALM_S 10u
#define MAX_CALM_S 160u
#define SETTLE_S 2u
#define SOON_S 10u /* a rise that is taken back sooner was too early */

static const guint CEILINGS[] = { VGW_LOAD_NO_CEILING, 3, 1, 0 };

void
vgw_load_governor_init (VgwLoadGovernor *self)
{
  *self = (VgwLoadGovernor){ .ceiling = VGW_LOAD_NO_CEILING, .n_wanted_s = MIN_CALM_S, .n_raised_s = SOON_S };
}

static guint
find_index (const VgwLoadGovernor *self)
{
  guint index = 0;

  while (CEILINGS[index] != self->ceiling)
    index++;
  return index;
}

static gboolean
lower (VgwLoadGovernor *self)
{
  guint index = find_index (self);

  if (self->n_raised_s < SOON_S)
    self->n_wanted_s = MIN (2 * self->n_wanted_s, MAX_CALM_S);
  self->n_raised_s = SOON_S; /* a rise counts as too early once */
  if (index + 1 == G_N_ELEMENTS (CEILINGS))
    return FALSE;
  self->ceiling = CEILINGS[index + 1];
  self->n_settle_s = SETTLE_S;
  return TRUE;
}

static gboolean
raise_again (VgwLoadGovernor *self)
{
  guint index = find_index (self);

  if (index == 0)
    {
      self->n_wanted_s = MIN_CALM_S;
      return FALSE;
    }
  self->ceiling = CEILINGS[index - 1];
  self->n_raised_s = 0;
  return TRUE;
}

gboolean
vgw_load_governor_step (VgwLoadGovernor *self, guint busy_percent, gboolean is_flooded)
{
  if (self->n_raised_s < SOON_S)
    self->n_raised_s++;
  if (self->n_settle_s > 0)
    {
      self->n_settle_s--;
      return FALSE;
    }
  if (busy_percent >= TOO_MUCH_PERCENT)
    {
      self->n_calm_s = 0;
      return !is_flooded && lower (self);
    }
  self->n_calm_s = busy_percent <= CALM_PERCENT ? self->n_calm_s + 1 : 0;
  if (self->n_calm_s < self->n_wanted_s)
    return FALSE;
  self->n_calm_s = 0;
  return raise_again (self);
}
