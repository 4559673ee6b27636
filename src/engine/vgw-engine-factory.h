/* The table of engine types; a new type is a row here. */
#pragma once

#include "engine/dialects/vgw-dialect.h"
#include "engine/vgw-engine-config.h"
#include "engine/vgw-engine-io.h"
#include "engine/vgw-engine.h"
#include "engine/builtin/vgw-wav-writer.h"

/* Shared by all engines of the process; an engine references the members that it uses. */
typedef struct
{
  VgwWavWriter *wav_writer; /* (nullable) of all `record` engines; NULL: each has its own */
  VgwEngineIo *io;          /* (nullable) NULL where none of `engines` is networked */
  GPtrArray *engines;       /* VgwEngineConfig (nullable), to find the engine that `record` wraps */
} VgwEngineShared;

#define VGW_ENGINE_TYPE_MAX_KEYS 5

/* A type of engine, as the configuration names it. */
typedef struct
{
  const char *name;
  gboolean is_networked;     /* needs VgwEngineShared.io; other types exist as an engine of that name without a group */
  const VgwDialect *dialect; /* (nullable) its dialect; NULL: none, or where it is networked that of the key */
  const char *keys[VGW_ENGINE_TYPE_MAX_KEYS]; /* keys of [engine NAME] that not every type has; NULL-terminated */
  VgwEngine *(*create) (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);
} VgwEngineType;

/* All types; the last row has no name. (static) */
const VgwEngineType *vgw_engine_types (void);

/* (nullable) (static) */
const VgwEngineType *vgw_engine_type_find (const char *name);

/* "echo, record, …", for messages (transfer full) */
char *vgw_engine_type_list (void);

/* A hint for a message about the unknown engine or type @name: its replacement, or "". (static) */
const char *vgw_engine_type_lack (const char *name);

/* Whether an engine of the type called @name, known or not, has the key @key of [engine NAME]. */
gboolean vgw_engine_type_has_key (const char *name, const char *key);

gboolean vgw_engine_type_is_networked (const char *name);

/* The dialect of @config's engine, or NULL where it has none or an unknown one. (transfer none) */
const VgwDialect *vgw_engine_config_find_dialect (const VgwEngineConfig *config);

/* Creates the engine described by @config (copied). Errors: VGW_ERROR_CONFIG for an unknown type, with a list of the
 * known ones, and for a missing value that the type needs. Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_create (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);
