/* The address that a STUN server sees: that of a NAT, or this machine's own. */
#pragma once

#include <gio/gio.h>

#include "ice/vgw-ice-address.h"

/* Sends a request to @server ("stun:HOST", "HOST:PORT") from a UDP port of its own. Blocks for at most @timeout_ms for
 * the name, and as long for the answer. @local (out): the address that the request was sent from. @seen (out): as the
 * server sees it. Errors: G_IO_ERROR. */
gboolean vgw_stun_probe (const char *server, guint timeout_ms, VgwIceAddress *local, VgwIceAddress *seen,
                         GError **error);
