/* The credentials of a route: those of its first ICE session, and after a restart also the new ones. Neither side moves
 * at once: until the answer has arrived the peer uses ours of before with its own new ones, and Chromium may go on so.
 * So a path has a generation of ours and one of the peer's, and all that may be in use are kept, a few when restarts
 * follow one another. A value without locks. */
#pragma once

#include "ice/vgw-ice-credentials.h"

/* The two that a path in use has, the newest, and one that the peer may still use before the newest answer arrives. */
#define VGW_ICE_MAX_GENERATIONS 4

typedef struct
{
  VgwIceCredentials known[VGW_ICE_MAX_GENERATIONS]; /* the oldest first */
  guint n_known;
} VgwIceGenerations;

/* The first generation, without credentials. */
void vgw_ice_generations_init (VgwIceGenerations *self);
void vgw_ice_generations_clear (VgwIceGenerations *self);

/* The last one. */
VgwIceCredentials *vgw_ice_generations_get_newest (VgwIceGenerations *self);

/* NULL for one that is not known any more. */
VgwIceCredentials *vgw_ice_generations_find (VgwIceGenerations *self, guint generation);

/* The one with the ufrag of ours, or of the peer's; NULL for none. */
VgwIceCredentials *vgw_ice_generations_find_local (VgwIceGenerations *self, const char *ufrag);
VgwIceCredentials *vgw_ice_generations_find_remote (VgwIceGenerations *self, const char *ufrag);

/* Adds a generation without credentials. There must be room. */
VgwIceCredentials *vgw_ice_generations_add (VgwIceGenerations *self);

/* Where there is no room for another one: the oldest that is neither @ours nor @theirs nor the newest. Else NULL. */
VgwIceCredentials *vgw_ice_generations_find_excess (VgwIceGenerations *self, guint ours, guint theirs);

/* @credentials: one that was found here. */
void vgw_ice_generations_remove (VgwIceGenerations *self, VgwIceCredentials *credentials);
