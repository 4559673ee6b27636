/* The table of session managers; a new one is a row here. */
#pragma once

#include "manager/vgw-manager.h"

/* The group [manager] of the configuration. */
typedef struct
{
  const char *type; /* "log" */
} VgwManagerSettings;

/* Creates a manager of @type ("log"). Errors: VGW_ERROR_CONFIG. Returns: (transfer full) */
VgwManager *vgw_manager_create (const char *type, GError **error);
