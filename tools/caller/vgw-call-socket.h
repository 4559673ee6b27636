/* The caller's WebSocket: messages of docs/PROTOCOL.md in and out. Main thread only.
 *
 * Signals:
 *   "opened"  (void)
 *   "message" (const VgwMessage *message)
 *   "closed"  (const char *reason)   once, with a message: opening failed, closed by the peer, an invalid message
 */
#pragma once

#include <libsoup/soup.h>

#include "signaling/vgw-message.h"

#define VGW_TYPE_CALL_SOCKET (vgw_call_socket_get_type ())
G_DECLARE_FINAL_TYPE (VgwCallSocket, vgw_call_socket, VGW, CALL_SOCKET, GObject)

VgwCallSocket *vgw_call_socket_new (void); /* (transfer full) */

/* @url: ws: or wss:. @origin (nullable): the Origin header. Once per socket. */
void vgw_call_socket_open (VgwCallSocket *self, SoupSession *http, const char *url, const char *origin,
                           gboolean accepts_any_certificate);

/* Sends @message (transfer full); dropped where the socket is not open. */
void vgw_call_socket_send (VgwCallSocket *self, VgwMessage *message);

/* Starts the closing handshake, or cancels opening. Nothing is emitted afterwards. Idempotent. */
void vgw_call_socket_close (VgwCallSocket *self);
