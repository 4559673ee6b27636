/* The table of session managers; a new one is a row here. */
#pragma once

#include "manager/vgw-manager-settings.h"

/* All types, "log, webhook, redis". Returns: (transfer full) */
char *vgw_manager_list_types (void);
gboolean vgw_manager_has_type (const char *type);

/* The managers of @settings, which is copied, as one; none where there is no type. Errors: VGW_ERROR_CONFIG for an
 * unknown type, or one without its other keys. Returns: (transfer full) */
VgwManager *vgw_manager_create (const VgwManagerSettings *settings, GError **error);
