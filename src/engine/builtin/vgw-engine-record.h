/* The engine `record`: wraps another engine and writes both directions to WAV files, SESSIONID-caller.wav and
 * SESSIONID-bot.wav, or SESSIONID-caller-2.wav and so on where an engine before it in the call had a record, s16le
 * mono at the session's rate. The bot's file has all audio that the bot sent, played or not, without the pauses in
 * between. A VgwWavWriter writes; a failing or slow disk loses samples of the recording, without any effect on the
 * call. */
#pragma once

#include "engine/vgw-engine.h"
#include "engine/builtin/vgw-wav-writer.h"

#define VGW_TYPE_ENGINE_RECORD (vgw_engine_record_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineRecord, vgw_engine_record, VGW, ENGINE_RECORD, VgwEngine)

/* A missing @directory is created at the start of a call, with access for its owner only. @writer (nullable): shared;
 * NULL: one of its own. @wrapped (transfer full): the engine to record, not started. start () fails with
 * VGW_ERROR_ENGINE where the files cannot be created, or with the error of @wrapped. @max_playout_ms: as of the playout
 * queue, all of which an engine may send at once. Returns: (transfer full) */
VgwEngine *vgw_engine_record_new (const char *directory, VgwWavWriter *writer, VgwEngine *wrapped,
                                  guint max_playout_ms);

/* Whether @directory is writable or could be created, by its permissions. Errors: VGW_ERROR_CONFIG. Any thread. */
gboolean vgw_engine_record_check_directory (const char *directory, GError **error);
