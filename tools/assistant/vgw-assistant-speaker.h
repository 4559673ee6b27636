/* The voice of the assistant: flite with the voice slt. */
#pragma once

#include <glib.h>

/* Speaks @text, English, UTF-8; what is beyond ASCII is left out, and what is beyond VGW_ASSISTANT_MAX_SPEECH_CHARS is
 * not spoken. Takes about a twentieth of the time that the speech lasts, and waits for other calls that speak: not for
 * the main thread. Returns: (transfer full) (element-type gint16), mono at @rate_hz. */
GArray *vgw_assistant_speak (const char *text, guint rate_hz);

#define VGW_ASSISTANT_MAX_SPEECH_CHARS 600 /* about 40 s */
