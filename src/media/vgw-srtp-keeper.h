/* Keeps the cryptographic library below libsrtp loaded: Debian's libsrtp uses NSS, which is initialised by the first
 * SRTP session of the process, and shut down and unloaded with the last one. */
#pragma once

#include <gst/gst.h>

/* An srtpenc with a session of its own. Main thread. Returns: (transfer full) */
GstElement *vgw_srtp_keeper_new (void);

/* Ends the session. Main thread. */
void vgw_srtp_keeper_free (GstElement *keeper);
