/* The known name that is nearest to an unknown one: what an error appends to "no such …", such as
 * "; did you mean port?", or "" where nothing is near. All are (transfer full). Any thread. */
#pragma once

#include <glib.h>

char *vgw_config_suggest_key (const char *group, const char *name);
char *vgw_config_suggest_group (const char *group);
char *vgw_config_suggest_setting (const char *group, const char *name); /* "--set GROUP.NAME" with an unknown group */
char *vgw_config_suggest_variable (const char *variable);
