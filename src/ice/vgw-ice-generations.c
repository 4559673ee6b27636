#include "ice/vgw-ice-generations.h"

void
vgw_ice_generations_init (VgwIceGenerations *self)
{
  *self = (VgwIceGenerations){ .n_known = 1 };
}

void
vgw_ice_generations_clear (VgwIceGenerations *self)
{
  for (guint i = 0; i < self->n_known; i++)
    vgw_ice_credentials_clear (&self->known[i]);
  self->n_known = 0;
}

VgwIceCredentials *
vgw_ice_generations_get_newest (VgwIceGenerations *self)
{
  return &self->known[self->n_known - 1];
}

VgwIceCredentials *
vgw_ice_generations_find (VgwIceGenerations *self, guint generation)
{
  for (guint i = 0; i < self->n_known; i++)
    if (self->known[i].generation == generation)
      return &self->known[i];
  return NULL;
}

VgwIceCredentials *
vgw_ice_generations_find_local (VgwIceGenerations *self, const char *ufrag)
{
  for (guint i = 0; i < self->n_known; i++)
    if (g_strcmp0 (self->known[i].ufrag, ufrag) == 0)
      return &self->known[i];
  return NULL;
}

VgwIceCredentials *
vgw_ice_generations_find_remote (VgwIceGenerations *self, const char *ufrag)
{
  for (guint i = self->n_known; i > 0; i--)
    if (g_strcmp0 (self->known[i - 1].remote_ufrag, ufrag) == 0)
      return &self->known[i - 1];
  return NULL;
}

VgwIceCredentials *
vgw_ice_generations_add (VgwIceGenerations *self)
{
  VgwIceCredentials *added = &self->known[self->n_known];

  g_return_val_if_fail (self->n_known < VGW_ICE_MAX_GENERATIONS, NULL);

  *added = (VgwIceCredentials){ .generation = vgw_ice_generations_get_newest (self)->generation + 1 };
  self->n_known++;
  return added;
}

VgwIceCredentials *
vgw_ice_generations_find_excess (VgwIceGenerations *self, guint ours, guint theirs)
{
  if (self->n_known < VGW_ICE_MAX_GENERATIONS)
    return NULL;
  for (guint i = 0; i + 1 < self->n_known; i++)
    if (self->known[i].generation != ours && self->known[i].generation != theirs)
      return &self->known[i];
  g_return_val_if_reached (NULL);
}

void
vgw_ice_generations_remove (VgwIceGenerations *self, VgwIceCredentials *credentials)
{
  vgw_ice_credentials_clear (credentials);
  self->n_known--;
  for (guint i = (guint) (credentials - self->known); i < self->n_known; i++)
    self->known[i] = self->known[i + 1];
  self->known[self->n_known] = (VgwIceCredentials){ 0 };
}
