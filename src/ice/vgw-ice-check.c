#include "ice/vgw-ice-check.h"

#include <string.h>

void
vgw_ice_check_fill (VgwIceCheck *self, const VgwIcePath *path, const guint8 *id, const VgwIceCredentials *ours,
                    const VgwIceCredentials *theirs)
{
  self->path = *path;
  memcpy (self->id, id, sizeof self->id);
  self->username = g_strdup_printf ("%s:%s", theirs->remote_ufrag, ours->ufrag);
  self->password = g_ref_string_acquire (theirs->remote_password);
}

void
vgw_ice_check_clear (VgwIceCheck *self)
{
  g_clear_pointer (&self->username, g_free);
  g_clear_pointer (&self->password, g_ref_string_release);
}
