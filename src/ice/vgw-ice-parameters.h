/* The ICE parameters of the gateway for the peer: credentials and candidates. Without GStreamer. */
#pragma once

#include <glib.h>

typedef struct
{
  char *ufrag, *pwd;
  GPtrArray *candidates; /* (element-type utf8) "candidate:…", best first */
} VgwIceParameters;

/* New credentials from the kernel's generator, and no candidates. Any thread. Returns: (transfer full) */
VgwIceParameters *vgw_ice_parameters_new (void);
void vgw_ice_parameters_free (VgwIceParameters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwIceParameters, vgw_ice_parameters_free)
