/* The voice of the assistant: flite with the voice slt. */
#pragma once

#include <glib.h>

/* Synthesizes @text, English, UTF-8, without non-ASCII characters, and truncated to VGW_ASSISTANT_MAX_SPEECH_CHARS.
 * Takes about a twentieth of the duration of the speech, and waits for other calls: not for the main thread. Returns:
 * (transfer full) (element-type gint16), mono at @rate_hz */
GArray *vgw_assistant_speak (const char *text, guint rate_hz);

#define VGW_ASSISTANT_MAX_SPEECH_CHARS 600 /* about 40 s */
