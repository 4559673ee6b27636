/* The two ends of a call that the engine sees: the caller's voice out of an appsink, the engine's voice into a
 * VgwPushSrc, through the playout queue. It belongs to the session and outlives the peer: a new peer attaches its own
 * elements to the same bridge. */
#pragma once

#include "media/vgw-pacer.h"
#include "media/vgw-playout.h"

G_BEGIN_DECLS

#define VGW_TYPE_BRIDGE (vgw_bridge_get_type ())
G_DECLARE_FINAL_TYPE (VgwBridge, vgw_bridge, VGW, BRIDGE, GObject)

/* The caller's voice, s16 mono in the bridge's format; whatever a caller sends, no more than real time with bursts of
 * 5 s. On the thread that received the packet, or a streaming thread. Must not block. */
typedef void (*VgwBridgeAudioFunc) (const gint16 *samples, gsize n_samples, gpointer user_data);

/* @pacer must outlive the bridge. Main thread. Returns: (transfer full) */
VgwBridge *vgw_bridge_new (VgwPacer *pacer, const VgwAudioFormat *format, guint max_playout_ms);

/* Where the caller's voice goes, and on a pacer's thread silence in its place, while the caller sends nothing. NULL for
 * nowhere: when that call returns, the old function is not running and will not run again, and its @destroy has been
 * called. Main thread. */
void vgw_bridge_set_audio_func (VgwBridge *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy);

/* The queue that the engine's voice goes into (transfer none); its functions may be called on any thread. */
VgwPlayout *vgw_bridge_get_playout (VgwBridge *self);

const VgwAudioFormat *vgw_bridge_get_format (VgwBridge *self);

typedef struct
{
  guint64 heard_ms;  /* of the caller's voice since the start */
  guint64 filled_ms; /* silence in place of what did not come, not counted in heard_ms */
  gint64 last_us;    /* g_get_monotonic_time () when the audio function was called last; 0: not yet */
} VgwBridgeHeard;

/* Any thread. */
void vgw_bridge_get_heard (VgwBridge *self, VgwBridgeHeard *heard);

/* Whether what is heard now is more than @margin_db weaker than what was played: see vgw-echo-estimator.h. Any thread.
 */
gboolean vgw_bridge_may_hear_echo (VgwBridge *self, guint margin_db);

G_END_DECLS
