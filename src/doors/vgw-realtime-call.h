/* A call of OpenAI's Realtime door: its session, and the clients of its events, which are the data channel and the
 * sidebands. Main thread. */
#pragma once

#include "doors/vgw-realtime-events.h"
#include "doors/vgw-sideband.h"

typedef struct _VgwRealtimeCall VgwRealtimeCall;

/* @session (transfer none) outlives it. @wanted (nullable, transfer none): what the client or its server wants of the
 * session. Sends session.created. Returns: (transfer full) */
VgwRealtimeCall *vgw_realtime_call_new (VgwSession *session, JsonObject *wanted);

/* The session has begun, with @engine. Once. */
void vgw_realtime_call_begin (VgwRealtimeCall *self, const char *engine);

/* Closes the sidebands. */
void vgw_realtime_call_free (gpointer call);

/* May end the session. */
void vgw_realtime_call_handle_moment (VgwRealtimeCall *self, const VgwMoment *moment);

/* @call: a VgwRealtimeCall. @channel (transfer none) is open. */
void vgw_realtime_call_add_sideband (gpointer call, VgwWsChannel *channel);

void vgw_realtime_call_report_error (VgwRealtimeCall *self, const char *code, const char *message);
