/* One conversation: the WebSocket of a gateway, on which it speaks the native protocol (docs/ENGINE.md), and the call
 * that recognises and speaks. Main thread only.
 *
 * It sends {"type":"transcript","role":"user","text":…,"final":true} as an event for what it understood, and
 * {"type":"transcript","role":"bot","text":…} for what it speaks. */
#pragma once

#include <libsoup/soup.h>

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantConnection VgwAssistantConnection;

/* @self's WebSocket is closed: the time to free it. */
typedef void (*VgwAssistantClosedFunc) (VgwAssistantConnection *self, gpointer user_data);

/* @socket: open (referenced). @models: referenced. @is_interruptible: a caller who speaks while the assistant does
 * stops it. Returns: (transfer full) */
VgwAssistantConnection *vgw_assistant_connection_new (SoupWebsocketConnection *socket, VgwAssistantModels *models,
                                                      gboolean is_interruptible, VgwAssistantClosedFunc closed,
                                                      gpointer user_data);

/* Ends the conversation and begins to close the WebSocket, with @code and @reason (static). No effect where that has
 * begun before. */
void vgw_assistant_connection_close (VgwAssistantConnection *self, gushort code, const char *reason);

/* (transfer full) A WebSocket that is still open is reset. */
void vgw_assistant_connection_free (VgwAssistantConnection *self);

/* Recognition is off during speech and for this long afterwards: what was sent is played later, and its echo returns
 * later still. The hangup behind a goodbye waits as long. */
#define VGW_ASSISTANT_ECHO_TAIL_MS 300
