/* What Pipecat's door says and hears on the data channel "chat" of one session: RTVI (vgw-rtvi.h) out of the session's
 * moments, and what the client's messages do. Main thread. */
#pragma once

#include "access/vgw-access.h"

#define VGW_PIPECAT_CHANNEL "chat"

typedef struct _VgwPipecatCall VgwPipecatCall;

/* @session and @pc_id (both transfer none) outlive it. Returns: (transfer full) */
VgwPipecatCall *vgw_pipecat_call_new (VgwSession *session, const char *pc_id);
void vgw_pipecat_call_free (VgwPipecatCall *self);

/* May end the session. */
void vgw_pipecat_call_handle_moment (VgwPipecatCall *self, const VgwMoment *moment);

/* The client is there: it sends an offer. */
void vgw_pipecat_call_note_life (VgwPipecatCall *self);

/* A message of the session that is no answer: errors go to the client. */
void vgw_pipecat_call_handle_message (VgwPipecatCall *self, const VgwMessage *message);
