/* Helpers for the sphinx libraries. */
#pragma once

#include <glib.h>

#define VGW_ASSISTANT_RATE_HZ 16000 /* of the en-us acoustic model, and of flite's voices */

/* Redirects the warnings and errors of the libraries from stderr to the log, at debug. To be called before they are
 * used. Any thread, any number of times. */
void vgw_assistant_sphinx_init_log (void);

/* Returns and clears the last error of the libraries on this thread. Returns: (transfer full) */
char *vgw_assistant_sphinx_take_error (void);
