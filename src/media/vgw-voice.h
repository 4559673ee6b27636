/* A change of the caller's voice or speech: it begins or ends. A value. */
#pragma once

#include <glib.h>

typedef struct
{
  gboolean has_voice;
  /* g_get_monotonic_time () */
  gint64 audio_us;  /* of the change in the audio, by its RTP timestamps, which have no jitter of the network */
  gint64 engine_us; /* when that part of the audio was passed on to the engine */
} VgwVoice;
