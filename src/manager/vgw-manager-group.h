/* Several managers as one: each notification goes to all of them, in their order. */
#pragma once

#include "manager/vgw-manager.h"

#define VGW_TYPE_MANAGER_GROUP (vgw_manager_group_get_type ())
G_DECLARE_FINAL_TYPE (VgwManagerGroup, vgw_manager_group, VGW, MANAGER_GROUP, GObject)

/* @managers: (transfer full) VgwManager*, with g_object_unref () as its free function. Returns: (transfer full) */
VgwManager *vgw_manager_group_new (GPtrArray *managers);
