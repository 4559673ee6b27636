/* The caller's WebSocket: messages of docs/PROTOCOL.md in and out. Main thread only.
 *
 * Signals:
 *   "opened"  (void)
 *   "message" (const VgwMessage *message)
 *   "closed"  (const char *reason)   once, for people: could not be opened, closed by the other side, garbage on it
 */
#pragma once

#include <libsoup/soup.h>

#include "signaling/vgw-message.h"

G_BEGIN_DECLS

#define VGW_TYPE_CALL_LINK (vgw_call_link_get_type ())
G_DECLARE_FINAL_TYPE (VgwCallLink, vgw_call_link, VGW, CALL_LINK, GObject)

VgwCallLink *vgw_call_link_new (void); /* (transfer full) */

/* @url: ws: or wss:. @origin (nullable): the Origin header. Once per link. */
void vgw_call_link_open (VgwCallLink *self, SoupSession *http, const char *url, const char *origin,
                         gboolean accepts_any_certificate);

/* Takes @message (transfer full); dropped where the link is not open. */
void vgw_call_link_send (VgwCallLink *self, VgwMessage *message);

/* Starts the closing handshake, or gives up opening. Nothing is emitted afterwards. Idempotent. */
void vgw_call_link_close (VgwCallLink *self);

G_END_DECLS
