/* The addresses to advertise, as an operator writes them: "ADDRESS", "ADDRESS:PORT", "[IPV6]:PORT", "HOST" or
 * "HOST:PORT". */
#pragma once

#include <gio/gio.h>

#include "ice/vgw-ice-address.h"

/* Looks up the names among @entries, all addresses of each; port 0 where none is written. Blocks for at most
 * @timeout_ms: at the start, or on a thread for it. Errors: G_IO_ERROR with the entry in the message; also for more
 * than VGW_ICE_MAX_CANDIDATES addresses.
 * Returns: (transfer full) (element-type VgwIceAddress), at least one and at most VGW_ICE_MAX_CANDIDATES */
GArray *vgw_ice_advertise_resolve (const char *const *entries, guint timeout_ms, GError **error);
