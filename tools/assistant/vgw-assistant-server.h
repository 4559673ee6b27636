/* The WebSocket server of the assistant: a bounded number of conversations, each on its own connection. It has no
 * authentication, and refuses browsers, since any web page could reach a server on the loopback interface. Main thread
 * only. */
#pragma once

#include <gio/gio.h>

#include "assistant/vgw-assistant-models.h"

typedef struct _VgwAssistantServer VgwAssistantServer;

/* Listens on @address, port 0 for a free one. @models: referenced. @max_calls: conversations at a time; further
 * handshakes are answered with 503. @is_interruptible: as in vgw_assistant_connection_new (). Errors: of GIO, for an
 * unavailable address. Returns: (transfer full) */
VgwAssistantServer *vgw_assistant_server_new (GSocketAddress *address, VgwAssistantModels *models, guint max_calls,
                                              gboolean is_interruptible, GError **error);

/* (transfer none) "ws://127.0.0.1:8082/", with the real port */
const char *vgw_assistant_server_get_url (VgwAssistantServer *self);

guint vgw_assistant_server_count_calls (VgwAssistantServer *self);

/* Stops listening, and closes all connections with 1001. The connections end in the main loop. */
void vgw_assistant_server_stop (VgwAssistantServer *self);

/* @self: (transfer full). Open connections are reset. */
void vgw_assistant_server_free (VgwAssistantServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAssistantServer, vgw_assistant_server_free)
