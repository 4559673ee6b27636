/* One conversation: the WebSocket of a gateway with the native protocol (docs/ENGINE.md), and the call that recognises
 * and speaks. Main thread only.
 *
 * It sends the event {"type":"transcript","role":"user","text":…,"final":true} for recognised text, and
 * {"type":"transcript","role":"bot","text":…} for its own. */
#pragma once

#include <libsoup/soup.h>

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantConnection VgwAssistantConnection;

/* @self's WebSocket is closed: it can be freed. */
typedef void (*VgwAssistantClosedFunc) (VgwAssistantConnection *self, gpointer user_data);

/* @socket: open (referenced). @models: referenced. @is_interruptible: the caller can interrupt the assistant's speech.
 * Returns: (transfer full) */
VgwAssistantConnection *vgw_assistant_connection_new (SoupWebsocketConnection *socket, VgwAssistantModels *models,
                                                      gboolean is_interruptible, VgwAssistantClosedFunc closed,
                                                      gpointer user_data);

/* Ends the conversation and closes the WebSocket, with @code and @reason (static). Idempotent. */
void vgw_assistant_connection_close (VgwAssistantConnection *self, gushort code, const char *reason);

/* (transfer full) A WebSocket that is still open is reset. */
void vgw_assistant_connection_free (VgwAssistantConnection *self);

/* Recognition is off during speech and for this long afterwards, because of the delay of playing and of the echo. The
 * hangup after a goodbye is delayed by the same time. */
#define VGW_ASSISTANT_ECHO_TAIL_MS 300
