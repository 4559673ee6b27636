/* The groups [engine NAME] while they are read. A key that is not set has the value of the wrapped engine, else that of
 * [engine]. */
#pragma once

#include "config/vgw-config-errors.h"
#include "config/vgw-config-keys.h"

#define VGW_CONFIG_MAX_ENGINES 100 /* GET /engines lists those that a client may choose */

/* An engine that is being read. */
typedef struct
{
  VgwEngineConfig *config;
  VgwConfigOrigin *origins; /* one for each key of the table */
  char *where;              /* (nullable) position of its first mention, for errors; NULL for a built-in one */
  gboolean is_bad;          /* one of its keys has an error: checks that depend on several keys are skipped */
} VgwEngineDraft;

/* The engines that exist without a group, one for each built-in type: an array of VgwEngineDraft.
 * Returns: (transfer full) */
GPtrArray *vgw_config_engines_new (void);

/* The engine @name, added where it does not exist; @where is its position, for errors. Errors: an invalid name, too
 * many engines. (transfer none) (nullable) */
VgwEngineDraft *vgw_config_engines_open (GPtrArray *drafts, const char *name, const char *where, GError **error);

/* (transfer none) (nullable) */
VgwEngineDraft *vgw_config_engines_find (GPtrArray *drafts, const char *name);

/* "\"parrot\": no such engine; there are echo, record" (transfer full) */
char *vgw_config_engines_describe_missing (GPtrArray *drafts, const char *name);

/* Completes and checks all engines, and stores them in @config, whose engine.defaults are those of [engine]. Errors are
 * added to @errors; an engine with an error in one of its keys is not checked further. */
void vgw_config_engines_finish (GPtrArray *drafts, VgwConfig *config, VgwConfigErrors *errors);
