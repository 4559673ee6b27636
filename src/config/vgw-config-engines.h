/* The groups [engine NAME]: one struct of values for each name, filled from the same sources as the other groups. What
 * an engine does not say itself it has from the engine that it wraps, else from [engine]. */
#pragma once

#include "config/vgw-config-errors.h"
#include "config/vgw-config-source.h"
#include "config/vgw-config.h"

G_BEGIN_DECLS

#define VGW_CONFIG_ENGINE_GROUP "engine"
#define VGW_CONFIG_MAX_ENGINES 100 /* a client is told the names of those that it may choose */

typedef struct _VgwConfigEngines VgwConfigEngines;

/* With the engines that are there without being configured, one for each type that needs no more. Returns: (transfer
 * full) */
VgwConfigEngines *vgw_config_engines_new (void);
void vgw_config_engines_free (VgwConfigEngines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfigEngines, vgw_config_engines_free)

/* NAME where @group is "engine NAME", else NULL; into @group. */
const char *vgw_config_engines_get_name (const char *group);

/* The engine @name is there, and @where (as errors say it) is where it is first spoken of. Errors: a name that is not
 * one, too many engines; with @where in front. */
gboolean vgw_config_engines_add (VgwConfigEngines *self, const char *name, const char *where, GError **error);

/* Gives the key @key_name of the engine @name, which was added, the value of @entry, whose is_file is found out here.
 */
gboolean vgw_config_engines_take (VgwConfigEngines *self, const char *name, const char *key_name,
                                  const VgwConfigEntry *entry, GError **error);

/* The name of the engine and of the key that the environment variable @variable means: VGW_ENGINE_MY_BOT__URL is the
 * url of my-bot (transfer full). FALSE for another variable. */
gboolean vgw_config_engines_split_variable (const char *variable, char **name, char **key_name);

/* "echo, record, bot" (transfer full) */
char *vgw_config_engines_join_names (VgwConfigEngines *self);

gboolean vgw_config_engines_has (VgwConfigEngines *self, const char *name);

/* Completes and checks all engines, and puts copies of them (VgwEngineConfig) into @config, whose engine_defaults are
 * those of [engine]. What is wrong is added to @errors, with the place and what would be right; an engine with an error
 * in a key of its own is checked no further. */
void vgw_config_engines_finish (VgwConfigEngines *self, VgwConfig *config, VgwConfigErrors *errors);

G_END_DECLS
