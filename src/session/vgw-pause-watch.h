/* Pauses a conversation while there is no media, and resumes it when there is media again. Main thread. */
#pragma once

#include "session/vgw-legs.h"
#include "session/vgw-session-state.h"

typedef struct _VgwPauseWatch VgwPauseWatch;

/* @conversation and @legs must outlive the watch. Returns: (transfer full) */
VgwPauseWatch *vgw_pause_watch_new (VgwConversation *conversation, VgwLegs *legs);
void vgw_pause_watch_free (VgwPauseWatch *self);

/* The phase of the session: paused in RECOVERING, and in DETACHED while nothing has come for 3 s. Whatever the phase, a
 * conversation is resumed no earlier than media comes. */
void vgw_pause_watch_enter (VgwPauseWatch *self, VgwSessionPhase phase);
