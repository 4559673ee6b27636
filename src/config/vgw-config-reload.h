/* Applies the changes of a new configuration. */
#pragma once

#include "config/vgw-config.h"

/* Copies the reloadable keys from @loaded to @config, and appends the "group.key" of each changed value (element-type
 * utf8), also of a secret: to @in_force those that were copied, to @fixed all others. */
void vgw_config_reload (VgwConfig *config, const VgwConfig *loaded, GPtrArray *in_force, GPtrArray *fixed);
