/* The configuration as text for people. Any thread. */
#pragma once

#include "config/vgw-config.h"

/* The values in force as a key file, secrets hidden: it loads again as the same values but for the secrets, whose lines
 * are comments. Returns: (transfer full) */
char *vgw_config_to_text (const VgwConfig *config);

/* All keys with their defaults, for --help. Returns: (transfer full) */
char *vgw_config_help (void);
