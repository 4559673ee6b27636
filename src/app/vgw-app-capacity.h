/* What the calls of a configuration cost, for the limits of the process. */
#pragma once

#include "base/vgw-capacity.h"
#include "config/vgw-config.h"

/* Descriptors for the connections of ICE over TCP. */
guint vgw_app_count_tcp_files (const VgwConfig *config);

/* @media outlives it. Returns: (transfer full) */
VgwCapacity *vgw_app_make_capacity (const VgwConfig *config, VgwMedia *media);

/* The descriptors and threads that limits.max-sessions of @config may need, with the limits of connections. */
void vgw_app_count_needed (const VgwConfig *config, VgwCapacityLimits *needed);
