/* Suggestions for unknown names, to be appended to an error: "; did you mean port?", or "" where no known name is
 * similar. All are (transfer full). Any thread. */
#pragma once

#include <glib.h>

char *vgw_config_suggest_key (const char *group, const char *name);
char *vgw_config_suggest_group (const char *group);
char *vgw_config_suggest_setting (const char *group, const char *name); /* "--set GROUP.NAME" with an unknown group */
char *vgw_config_suggest_variable (const char *variable);
