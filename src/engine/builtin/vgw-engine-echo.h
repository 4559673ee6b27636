/* The engine `echo`: plays the caller's audio back. */
#pragma once

#include "engine/vgw-engine.h"

#define VGW_TYPE_ENGINE_ECHO (vgw_engine_echo_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineEcho, vgw_engine_echo, VGW, ENGINE_ECHO, VgwEngine)

/* @skips_silence: silence is played back for 200 ms after the last sound, and then not at all, as a bot sends nothing
 * between two utterances. Returns: (transfer full) */
VgwEngine *vgw_engine_echo_new (gboolean skips_silence);
