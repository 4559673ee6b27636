/* A connectivity check of our own that is to be sent. */
#pragma once

#include "ice/vgw-ice-address.h"
#include "ice/vgw-ice-consent.h"
#include "ice/vgw-ice-credentials.h"

typedef struct
{
  VgwIcePath path;
  guint8 id[VGW_ICE_TRANSACTION_BYTES];
  char *username;
  char *password; /* a GRefString */
} VgwIceCheck;

/* Fills @self for vgw_ice_check_clear (): a check over @path, with the local ufrag of @ours, and the remote ufrag and
 * password of @theirs. They differ where the peer has restarted ICE and does not know our new credentials yet. */
void vgw_ice_check_fill (VgwIceCheck *self, const VgwIcePath *path, const guint8 *id, const VgwIceCredentials *ours,
                         const VgwIceCredentials *theirs);
void vgw_ice_check_clear (VgwIceCheck *self);
