/* The WebSocket server of the assistant: a bounded number of conversations, each on a connection of its own. It has no
 * authentication, and refuses browsers: a page of anywhere could reach a server on the loopback interface. Main thread
 * only. */
#pragma once

#include <gio/gio.h>

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantServer VgwAssistantServer;

/* Listens on @address, port 0 for a free one. @models: referenced. @max_calls: conversations at a time, a further
 * handshake is answered with 503. @is_interruptible: as in vgw_assistant_connection_new (). Errors: of GIO, the address
 * cannot be had. Returns: (transfer full) */
VgwAssistantServer *vgw_assistant_server_new (GSocketAddress *address, VgwAssistantModels *models, guint max_calls,
                                              gboolean is_interruptible, GError **error);

/* (transfer none) "ws://127.0.0.1:8082/", with the real port */
const char *vgw_assistant_server_get_url (VgwAssistantServer *self);

guint vgw_assistant_server_count_calls (VgwAssistantServer *self);

/* Listens no more, and begins to close all connections with 1001: a gateway connects again where there is something to
 * connect to. The connections end in the main loop. */
void vgw_assistant_server_stop (VgwAssistantServer *self);

/* (transfer full) What is still open is reset. */
void vgw_assistant_server_free (VgwAssistantServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantServer, vgw_assistant_server_free)
