/* What differs between two configurations, for a reload. */
#pragma once

#include "config/vgw-config.h"

G_BEGIN_DECLS

/* The "group.key" of every value that is not the same; secrets are not compared. Where a key that can change without
 * touching calls differs, it is in @reloadable, all others are in @fixed: (element-type utf8) both, appended to. */
void vgw_config_diff (const VgwConfig *old_config, const VgwConfig *new_config, GPtrArray *reloadable,
                      GPtrArray *fixed);

G_END_DECLS
