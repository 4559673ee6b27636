/* The environment variables of the configuration. */
#pragma once

#include "config/vgw-config-keys.h"

/* "VGW_HTTP_PORT" (transfer full). */
char *vgw_config_variable_name (const VgwConfigKey *key, gboolean is_file);

/* The key of the environment variable @variable ("VGW_HTTP_PORT"), or NULL. */
const VgwConfigKey *vgw_config_find_variable (const char *variable, gboolean *is_file);
