/* What the engines of all calls share, and what they need from the machine. Main thread. */
#pragma once

#include "config/vgw-config-errors.h"
#include "config/vgw-config.h"
#include "engine/vgw-engine-factory.h"

/* Starts what the engines of @config need. @shared: zeroed. */
void vgw_app_engines_open (VgwEngineShared *shared, const VgwConfig *config);
void vgw_app_engines_close (VgwEngineShared *shared);

/* Creates every engine once, and checks the directories of recordings: the configuration is checked already, but not
 * what it needs from the machine. */
void vgw_app_engines_check (const VgwConfig *config, const VgwEngineShared *shared, VgwConfigErrors *errors);
