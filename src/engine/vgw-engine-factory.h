/* The table of engine types: the one place to add a new engine. */
#pragma once

#include "engine/vgw-engine.h"
#include "engine/vgw-wav-writer.h"

G_BEGIN_DECLS

/* What engines need from the configuration, and what all engines of the process share. Strings are copied, shared
 * objects referenced by the engines that use them. */
typedef struct
{
  const char *record_dir;   /* `record`: where the WAV files go; created where it is missing */
  VgwWavWriter *wav_writer; /* `record` (nullable): the one writer of all recordings; NULL: each engine has its own */
} VgwEngineSettings;

/* Creates an engine of @type ("echo", "record"). Errors: VGW_ERROR_CONFIG for an unknown type, naming the known ones.
 * Main thread. Returns: (transfer full) */
VgwEngine *vgw_engine_create (const char *type, const VgwEngineSettings *settings, GError **error);

/* The known types, NULL-terminated (static). For --help and messages. */
const char *const *vgw_engine_types (void);

G_END_DECLS
