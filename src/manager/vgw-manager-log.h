/* The manager `log`: one line for each session that begins, changes or ends. */
#pragma once

#include "manager/vgw-manager.h"

#define VGW_TYPE_MANAGER_LOG (vgw_manager_log_get_type ())
G_DECLARE_FINAL_TYPE (VgwManagerLog, vgw_manager_log, VGW, MANAGER_LOG, GObject)

/* Returns: (transfer full) */
VgwManager *vgw_manager_log_new (void);
