/* The caller's voice as a bridge hands it on. */
#pragma once

#include <glib.h>

/* The caller's voice, s16 mono in the bridge's format; whatever a caller sends, no more than real time with bursts of
 * 5 s. On the thread that received the packet, or a streaming thread. Must not block. */
typedef void (*VgwBridgeAudioFunc) (const gint16 *samples, gsize n_samples, gpointer user_data);

typedef struct
{
  guint64 heard_ms;  /* of the caller's voice since the start */
  guint64 filled_ms; /* silence in place of what did not come, not counted in heard_ms */
  gint64 last_us;    /* g_get_monotonic_time () when the audio function was called last; 0: not yet */
} VgwBridgeHeard;
