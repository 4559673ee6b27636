/* The engine `assistant`: an offline bot inside the gateway. pocketsphinx hears, flite speaks. It tells the time,
 * repeats, spells, counts, says goodbye and hangs up: docs/ASSISTANT.md.
 *
 * Emits "event" with {"type":"transcript","role":"user","text":…,"final":true} for what it understood, and
 * {"type":"transcript","role":"bot","text":…} for what it says. */
#pragma once

#include "engine/vgw-assistant-models.h"
#include "engine/vgw-engine.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE_ASSISTANT (vgw_engine_assistant_get_type ())
G_DECLARE_FINAL_TYPE (VgwEngineAssistant, vgw_engine_assistant, VGW, ENGINE_ASSISTANT, VgwEngine)

/* @models (nullable): shared with others; NULL for models of its own, which cost about 100 MB and a second.
 * Models that cannot be loaded are known only later: "failed". Returns: (transfer full) */
VgwEngine *vgw_engine_assistant_new (VgwAssistantModels *models);

/* It does not listen while it speaks, nor for this long afterwards: what was handed to the wire is heard later, and its
 * echo comes back later still. The hangup behind a goodbye waits as long. */
#define VGW_ASSISTANT_ECHO_TAIL_MS 300

G_END_DECLS
