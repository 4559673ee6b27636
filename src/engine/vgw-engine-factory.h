/* The table of engine types: the one place to add a new engine. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"
#include "engine/builtin/vgw-wav-writer.h"

G_BEGIN_DECLS

/* What all engines of the process share; each member is referenced by the engines that use it. */
typedef struct
{
  VgwWavWriter *wav_writer; /* `record` (nullable): the one writer of all recordings; NULL: each engine has its own */
  VgwEngineIo *io;          /* (nullable) where no engine of `engines` is behind a network */
  GPtrArray *engines;       /* VgwEngineConfig (nullable), for `record` to find what it wraps */
} VgwEngineShared;

/* Creates the engine that @config describes (copied). Errors: VGW_ERROR_CONFIG for an unknown type, naming the known
 * ones, and for what the type needs and @config has not. Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_create (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);

/* The known types, NULL-terminated (static). For --help and messages. */
const char *const *vgw_engine_types (void);

/* What to add to a message about @name, an engine or a type that there is not: what became of it, or "". (static) */
const char *vgw_engine_type_lack (const char *name);

/* Whether an engine of @type is there without being configured, under the name of its type. */
gboolean vgw_engine_type_is_builtin (const char *type);

/* Whether an engine of @type needs VgwEngineShared.io. */
gboolean vgw_engine_type_is_networked (const char *type);

/* The protocol that @config's engine speaks, or NULL where it speaks none or an unknown one. (transfer none) */
const VgwDialect *vgw_engine_config_find_dialect (const VgwEngineConfig *config);

G_END_DECLS
