/* The credentials of one ICE session (RFC 8445 section 4), ours and the peer's. A value without locks. */
#pragma once

#include <glib.h>

typedef struct
{
  guint generation; /* one more after each ICE restart; the first is 0 */
  char *ufrag;      /* (nullable) for none, as all that follow */
  char *password;   /* a GRefString, as the other one: used outside of the lock that is over the rest */
  char *remote_ufrag;
  char *remote_password;
} VgwIceCredentials;

/* Both copy; NULL for none. */
void vgw_ice_credentials_set_local (VgwIceCredentials *self, const char *ufrag, const char *password);
void vgw_ice_credentials_set_remote (VgwIceCredentials *self, const char *ufrag, const char *password);
void vgw_ice_credentials_clear (VgwIceCredentials *self);
