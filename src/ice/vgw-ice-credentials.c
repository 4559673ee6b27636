#include "ice/vgw-ice-credentials.h"

static void
set (char **ufrag, char **password, const char *new_ufrag, const char *new_password)
{
  g_free (*ufrag);
  *ufrag = g_strdup (new_ufrag);
  g_clear_pointer (password, g_ref_string_release);
  *password = new_password != NULL ? g_ref_string_new (new_password) : NULL;
}

void
vgw_ice_credentials_set_local (VgwIceCredentials *self, const char *ufrag, const char *password)
{
  set (&self->ufrag, &self->password, ufrag, password);
}

void
vgw_ice_credentials_set_remote (VgwIceCredentials *self, const char *ufrag, const char *password)
{
  set (&self->remote_ufrag, &self->remote_password, ufrag, password);
}

void
vgw_ice_credentials_clear (VgwIceCredentials *self)
{
  vgw_ice_credentials_set_local (self, NULL, NULL);
  vgw_ice_credentials_set_remote (self, NULL, NULL);
}
