/* The engine `record`: does what the engine that it wraps does, and writes both directions to WAV files,
 * SESSIONID-caller.wav and SESSIONID-bot.wav, s16le mono at the session's rate. The bot's file has what the bot said,
 * without the pauses between, and whether or not it was heard. Writing is the VgwWavWriter's; a disk that fails or is
 * too slow during the call costs samples of the recording, never the call. */
#pragma once

#include "engine/vgw-engine.h"
#include "engine/builtin/vgw-wav-writer.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE_RECORD (vgw_engine_record_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineRecord, vgw_engine_record, VGW, ENGINE_RECORD, VgwEngine)

/* @directory is created at the start of a call where it is missing, readable for its owner only. @writer (nullable):
 * shared with others; NULL for one of its own. @wrapped (transfer full): the engine that talks, not started. start ()
 * fails with VGW_ERROR_ENGINE where the files cannot be made, or as that of @wrapped does. Returns: (transfer full) */
VgwEngine *vgw_engine_record_new (const char *directory, VgwWavWriter *writer, VgwEngine *wrapped);

/* Whether recordings can be written to @directory, or it can be made, as far as that shows without doing it. Errors:
 * VGW_ERROR_CONFIG. Any thread. */
gboolean vgw_engine_record_check_directory (const char *directory, GError **error);

G_END_DECLS
