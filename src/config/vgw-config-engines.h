/* The groups [engine NAME], while they are read. A key that an engine does not set has the value of the engine that it
 * wraps, else that of [engine]. */
#pragma once

#include "config/vgw-config-errors.h"
#include "config/vgw-config-keys.h"

#define VGW_CONFIG_MAX_ENGINES 100 /* GET /engines lists those that a client may choose */

/* An engine that is being read. */
typedef struct
{
  VgwEngineConfig *config;
  VgwConfigOrigin *origins; /* one for each key of the table */
  char *where;              /* (nullable) where it is first named, as errors say it; NULL for a built-in one */
  gboolean is_bad;          /* one of its keys has an error, so that what follows from the others may be wrong too */
} VgwEngineDraft;

/* The engines that are there without being configured, one for each type that needs no more: an array of
 * VgwEngineDraft. Returns: (transfer full) */
GPtrArray *vgw_config_engines_new (void);

/* The engine @name, added where it is not there yet; @where (as errors say it) names it. Errors: a name that is not
 * one, too many engines; with @where in front. (transfer none) (nullable) */
VgwEngineDraft *vgw_config_engines_open (GPtrArray *drafts, const char *name, const char *where, GError **error);

/* (transfer none) (nullable) */
VgwEngineDraft *vgw_config_engines_find (GPtrArray *drafts, const char *name);

/* "\"parrot\": no such engine; there are echo, record" (transfer full) */
char *vgw_config_engines_describe_missing (GPtrArray *drafts, const char *name);

/* Completes and checks all engines, and puts them into @config, whose engine.defaults are those of [engine]. What is
 * wrong is added to @errors, with the place and what would be right; an engine with an error in a key of its own is
 * checked no further. */
void vgw_config_engines_finish (GPtrArray *drafts, VgwConfig *config, VgwConfigErrors *errors);
