/* What every user of the sphinx libraries in this room shares. */
#pragma once

#include <glib.h>

#define VGW_ASSISTANT_RATE_HZ 16000 /* of the en-us acoustic model, and of flite's voices */

/* Brings the warnings and errors of the libraries into our log, at debug. They write to stderr otherwise. Call it
 * before anything of them is made. Any thread, any number of times. */
void vgw_assistant_sphinx_init_log (void);

/* The last error that the libraries have reported on this thread, and forgets it. Returns: (transfer full) */
char *vgw_assistant_sphinx_take_error (void);
