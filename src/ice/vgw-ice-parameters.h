/* What a peer needs to know of us to connect: credentials and candidates. No GStreamer here. */
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
