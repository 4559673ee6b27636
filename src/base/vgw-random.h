/* Random numbers for secrets, from the kernel; GLib's Mersenne Twister is predictable. Any thread. */
#pragma once

#include <glib.h>

void vgw_random_bytes (guint8 *bytes, gsize length);

/* @n_bytes random bytes in base64 (RFC 4648 section 4) without padding, the alphabet of ICE credentials (RFC 8445).
 * Returns: (transfer full) */
char *vgw_random_base64 (gsize n_bytes);

/* The same in the alphabet for URLs and file names (RFC 4648 section 5). Returns: (transfer full) */
char *vgw_random_base64url (gsize n_bytes);
