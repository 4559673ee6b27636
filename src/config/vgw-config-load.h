/* Reading the configuration. Order of precedence: default < file < environment VGW_GROUP_KEY < --set. Any thread. */
#pragma once

#include "config/vgw-config.h"

/* Loads @path (nullable: the default file where it exists, else none), then @environment (as g_get_environ ()), then
 * @settings ("group.key=value", nullable). Errors: VGW_ERROR_CONFIG, naming file, group, key, and what would be
 * right: every error that is found, one on a line. Returns: (transfer full) */
VgwConfig *vgw_config_load (const char *path, const char *const *environment, const char *const *settings,
                            GError **error);

void vgw_config_free (VgwConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfig, vgw_config_free)

/* Where the value of @group.@name comes from, for messages: "a.conf:3: [http] port", "environment: VGW_HTTP_PORT", or
 * "http.port" where it is the default (transfer full). */
char *vgw_config_where (const VgwConfig *config, const char *group, const char *name);
