/* What becomes of an engine's audio: takes the events of the playout queue, which come on any thread, to the main
 * thread, and there to the engine, into the reports of a conversation, and into its turns. Main thread. */
#pragma once

#include "engine/vgw-engine.h"
#include "media/vgw-playout.h"
#include "media/vgw-voice.h"
#include "session/vgw-conversation-report.h"
#include "session/vgw-playout-sink.h"

#define VGW_TYPE_PLAYOUT_WATCH (vgw_playout_watch_get_type ())
G_DECLARE_FINAL_TYPE (VgwPlayoutWatch, vgw_playout_watch, VGW, PLAYOUT_WATCH, GObject)

typedef struct
{
  VgwConversationFunc func; /* may stop the watch, and drop its last reference */
  gpointer user_data;
  guint max_events_per_second; /* of the notice `playout-cleared`; 0: no bound */
  gboolean has_moments;        /* reports MOMENT, not NOTICE; also while there is no engine */
} VgwPlayoutWatchSetup;

/* @setup is copied. Returns: (transfer full) */
VgwPlayoutWatch *vgw_playout_watch_new (VgwPlayout *playout, const VgwPlayoutWatchSetup *setup);

/* The engine whose audio is queued from now on; NULL for none, and before another one. An engine without interest in
 * the events costs nothing. Its other output goes to @func with @user_data. */
void vgw_playout_watch_set_engine (VgwPlayoutWatch *self, VgwEngine *engine, VgwPlayoutSinkFunc func,
                                   gpointer user_data);

/* Whether the caller's speech is detected: then TURN is reported. After set_engine (). */
void vgw_playout_watch_set_turns (VgwPlayoutWatch *self, gboolean has_turns);

/* The caller has begun or ended to speak. */
void vgw_playout_watch_handle_speech (VgwPlayoutWatch *self, const VgwVoice *speech);

/* The event @json of the engine will be reported as VGW_MOMENT_ENGINE_HEARD; @place: of its VgwEngineOutput. */
void vgw_playout_watch_follow (VgwPlayoutWatch *self, const char *json, guint64 place);

/* Reports the turns that are not over, then nothing any more, and no engine is notified. Idempotent. */
void vgw_playout_watch_stop (VgwPlayoutWatch *self);
