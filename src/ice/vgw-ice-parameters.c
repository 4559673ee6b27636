#include "ice/vgw-ice-parameters.h"

#include "base/vgw-random.h"

/* In base64, a multiple of three: 8 and 24 characters, 48 and 144 bits (RFC 8445 section 5.3 asks for 24 and 128) */
#define UFRAG_BYTES 6
#define PWD_BYTES 18

VgwIceParameters *
vgw_ice_parameters_new (void)
{
  VgwIceParameters *self = g_new (VgwIceParameters, 1);

  self->ufrag = vgw_random_base64 (UFRAG_BYTES);
  self->pwd = vgw_random_base64 (PWD_BYTES);
  self->candidates = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
vgw_ice_parameters_free (VgwIceParameters *self)
{
  g_free (self->ufrag);
  g_free (self->pwd);
  g_ptr_array_unref (self->candidates);
  g_free (self);
}
