/* W3C Trace Context: the header traceparent, which connects a call with the trace of its client. Any thread. */
#pragma once

#include <glib.h>

/* The trace of @text (nullable) as a header of version 00, or NULL where it is absent or not valid: another form,
 * capital letters, an id of zeros, version ff (https://www.w3.org/TR/trace-context/, sections 3.2 and 4.3). Of later
 * versions the part that version 00 has is taken. Returns: (transfer full) (nullable) */
char *vgw_traceparent_parse (const char *text);

/* The trace id of a result of vgw_traceparent_parse (): 32 hexadecimal digits. NULL for NULL. Returns: (transfer full)
 * (nullable) */
char *vgw_traceparent_get_trace_id (const char *traceparent);
