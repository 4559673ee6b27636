/* The configuration as text. Any thread. */
#pragma once

#include "config/vgw-config.h"

/* The effective values as a key file, which can be loaded again; secrets are replaced by comments.
 * Returns: (transfer full) */
char *vgw_config_to_text (const VgwConfig *config);

/* All keys with their defaults, for --help. Returns: (transfer full) */
char *vgw_config_help (void);
