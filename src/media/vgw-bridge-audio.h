/* The caller's audio as a bridge delivers it. */
#pragma once

#include <glib.h>

/* The caller's audio, s16 mono in the bridge's format, limited to real time with bursts of 5 s. On the thread that
 * received the packet, or a streaming thread. Must not block. */
typedef void (*VgwBridgeAudioFunc) (const gint16 *samples, gsize n_samples, gpointer user_data);

typedef struct
{
  guint64 received_ms; /* of the caller's audio since the start */
  guint64 filled_ms;   /* silence for missing audio, not counted in received_ms */
  gint64 last_us;      /* g_get_monotonic_time () of the last call of the audio function; 0: none yet */
} VgwBridgeInputStats;
