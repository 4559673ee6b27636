#include "app/vgw-load-governor.h"

/* A thread that has a third of its time to wait is on average some ms late with each packet; with two thirds, it no
 * longer keeps up. Measured on two processors: 5 to 15 % with 20 calls, 30 % where speech begins to suffer. */
#define TOO_MUCH_PERCENT 35u
#define CALM_PERCENT 15u

#define MIN_CALM_S 10u
#define MAX_CALM_S 160u
#define SOON_S 10u /* a rise that lasts less was too much */

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
  self->n_raised_s = SOON_S; /* one rise is blamed once */
  if (index + 1 == G_N_ELEMENTS (CEILINGS))
    return FALSE;
  self->ceiling = CEILINGS[index + 1];
  return TRUE;
}

static gboolean
raise_again (VgwLoadGovernor *self)
{
  guint index = find_index (self);

  if (index == 0)
    {
      self->n_wanted_s = MIN_CALM_S; /* what was is forgotten */
      return FALSE;
    }
  self->ceiling = CEILINGS[index - 1];
  self->n_raised_s = 0;
  return TRUE;
}

gboolean
vgw_load_governor_step (VgwLoadGovernor *self, guint waited_percent)
{
  if (self->n_raised_s < SOON_S)
    self->n_raised_s++;
  if (waited_percent >= TOO_MUCH_PERCENT)
    {
      self->n_calm_s = 0;
      return lower (self);
    }
  self->n_calm_s = waited_percent <= CALM_PERCENT ? self->n_calm_s + 1 : 0;
  if (self->n_calm_s < self->n_wanted_s)
    return FALSE;
  self->n_calm_s = 0;
  return raise_again (self);
}
