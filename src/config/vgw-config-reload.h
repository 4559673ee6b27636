/* Taking over what a new configuration changes. */
#pragma once

#include "config/vgw-config.h"

/* Copies from @loaded to @config the keys that can change without touching calls, and appends the "group.key" of
 * each value that was not the same (element-type utf8): to @in_force those that were taken over, to @fixed all others.
 * Secrets are compared only by whether they are set. */
void vgw_config_reload (VgwConfig *config, const VgwConfig *loaded, GPtrArray *in_force, GPtrArray *fixed);
