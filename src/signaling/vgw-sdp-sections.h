/* What a door has to know of whole descriptions, which otherwise only media/ reads. Pure functions over text that need
 * not be valid; any thread. */
#pragma once

#include <glib.h>

/* Whether @answer refuses an m-line that @offer wants: its port is 0 or it is inactive, and the offer's is neither. */
gboolean vgw_sdp_is_refused_in_part (const char *offer, const char *answer);

/* The first a=ice-ufrag of @description; NULL for none. (transfer full) */
char *vgw_sdp_find_ufrag (const char *description);
