/* Secrets that nobody can guess: from the kernel's generator, not from GLib's Mersenne Twister. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void vgw_random_bytes (guint8 *bytes, gsize length);

/* @n_bytes random bytes in base64 (RFC 4648 section 4), without padding; the characters of ICE credentials (RFC 8445).
 * Returns: (transfer full) */
char *vgw_random_base64 (gsize n_bytes);

/* The same in the alphabet for URLs and file names (RFC 4648 section 5). Returns: (transfer full) */
char *vgw_random_base64url (gsize n_bytes);

G_END_DECLS
