/* A call of OpenAI's Live door: its session, and the clients of its events, which are the page's data channel and the
 * sidebands of the page's server. Only the sidebands have all events, and the audio of both directions. Main thread. */
#pragma once

#include "doors/vgw-live-events.h"
#include "doors/vgw-sideband.h"

typedef struct _VgwLiveCall VgwLiveCall;

/* @session (transfer none) outlives it; @id is "live_…"; @limits (transfer full, its members). Queues session.started.
 * Returns: (transfer full) */
VgwLiveCall *vgw_live_call_new (VgwSession *session, const char *id, VgwLiveLimits *limits);

/* The session has begun, with @engine. Once. */
void vgw_live_call_begin (VgwLiveCall *self, const char *engine);

/* Closes the sidebands. */
void vgw_live_call_free (gpointer call);

/* May end the session. */
void vgw_live_call_handle_moment (VgwLiveCall *self, const VgwMoment *moment);

/* An error of the session that the page is to have. */
void vgw_live_call_report_error (VgwLiveCall *self, const char *code, const char *message);

/* The session has ended; @reason: see VgwEndReason. */
void vgw_live_call_report_end (VgwLiveCall *self, const char *reason);

/* @call: a VgwLiveCall. @channel (transfer none) is open. It gets what comes from now on. */
void vgw_live_call_add_sideband (gpointer call, VgwWsChannel *channel);
