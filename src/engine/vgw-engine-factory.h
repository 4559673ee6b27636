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

#define VGW_ENGINE_TYPE_MAX_KEYS 5

/* A type of engine, as the configuration names it. */
typedef struct
{
  const char *name;
  gboolean is_networked; /* needs VgwEngineShared.io; the others are there without being configured, under that name */
  const VgwDialect *dialect; /* (nullable) the one that it speaks; NULL: none, or where it is networked the key's */
  const char *keys[VGW_ENGINE_TYPE_MAX_KEYS]; /* of [engine NAME], those that not every type has; NULL-terminated */
  VgwEngine *(*create) (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);
} VgwEngineType;

/* All of them, ended by one without a name. (static) */
const VgwEngineType *vgw_engine_types (void);

/* (nullable) (static) */
const VgwEngineType *vgw_engine_type_find (const char *name);

/* "echo, record, …", for messages (transfer full) */
char *vgw_engine_type_list (void);

/* What to add to a message about @name, an engine or a type that there is not: what became of it, or "". (static) */
const char *vgw_engine_type_lack (const char *name);

/* Whether an engine of the type called @name, known or not, has the key @key of [engine NAME]. */
gboolean vgw_engine_type_has_key (const char *name, const char *key);

gboolean vgw_engine_type_is_networked (const char *name);

/* The protocol that @config's engine speaks, or NULL where it speaks none or an unknown one. (transfer none) */
const VgwDialect *vgw_engine_config_find_dialect (const VgwEngineConfig *config);

/* Creates the engine that @config describes (copied). Errors: VGW_ERROR_CONFIG for an unknown type, naming the known
 * ones, and for what the type needs and @config has not. Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_create (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);

G_END_DECLS
