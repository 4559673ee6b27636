/* Reading the configuration. Order of precedence: default < file < environment VGW_GROUP_KEY < --set. Any thread. */
#pragma once

#include "config/vgw-config.h"

/* Loads @path (nullable: the default file where it exists, else none), then @environment (as g_get_environ ()), then
 * @settings ("group.key=value", nullable). Errors: VGW_ERROR_CONFIG, with file, group, key and how to fix it; all
 * errors, one on a line. Returns: (transfer full) */
VgwConfig *vgw_config_load (const char *path, const char *const *environment, const char *const *settings,
                            GError **error);

/* As vgw_config_load (), but returns in any case what could be read, with defaults for the rest: to check as much as
 * possible. @error has all errors. Returns: (transfer full) */
VgwConfig *vgw_config_load_valid (const char *path, const char *const *environment, const char *const *settings,
                                  GError **error);

void vgw_config_free (VgwConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfig, vgw_config_free)

/* The origin of the value of @group.@name, for messages: "a.conf:3: [http] port", "environment: VGW_HTTP_PORT", or
 * "http.port" for the default (transfer full). */
char *vgw_config_where (const VgwConfig *config, const char *group, const char *name);
