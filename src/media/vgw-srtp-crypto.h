/* The cipher and the hash of SRTP by OpenSSL, in place of those that libsrtp was built with. Debian builds it with NSS,
 * which creates and destroys an object for each packet, takes locks for it that all threads share, and is initialised,
 * shut down and unloaded with the first and the last session of the process. Only the profile that GStreamer's DTLS
 * negotiates is replaced: AES_128_CM_HMAC_SHA1_80 (RFC 5764 section 4.1.2). */
#pragma once

#include <glib.h>

/* Before the first SRTP session of the process; again is harmless. libsrtp tests the replacement against RFC 3711 and
 * RFC 2202 and against its own. Errors: VGW_ERROR_INTERNAL. Main thread. */
gboolean vgw_srtp_crypto_use (GError **error);
