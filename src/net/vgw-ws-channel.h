/* One WebSocket of a client, bounded in both directions: message size with fragments, send queue, silence (ping and
 * pong), rate. Main thread only.
 *
 * Signals:
 *   "message" (const char *text, gsize length)   one text message, at most the bound, valid UTF-8
 *   "bad"     (const GError *error)              something else came. Binary is dropped and the channel stays open.
 *                                                Afterwards, and after what the handler sends, these close:
 *                                                too large, 1009; too many in a short time, 1008 (both
 *                                                VGW_ERROR_TOO_LARGE); not UTF-8, 1007; not a WebSocket frame, 1002
 *   "closed"  (void)                             once; the socket is gone. Never from inside a call to the channel.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VGW_TYPE_WS_CHANNEL (vgw_ws_channel_get_type ())
G_DECLARE_FINAL_TYPE (VgwWsChannel, vgw_ws_channel, VGW, WS_CHANNEL, GObject)

/* Queues @text. A client that does not read is closed when its queue passes the bound. */
void vgw_ws_channel_send (VgwWsChannel *self, const char *text);

/* Starts the closing handshake after what is queued has been sent; a peer that does not answer is cut off after a
 * bound. Idempotent. @code: RFC 6455 section 7.4.1. */
void vgw_ws_channel_close (VgwWsChannel *self, guint16 code, const char *reason);

/* Bytes that were sent and that the client's machine has not taken yet, as far as is known: in the queue, and in the
 * kernel. */
gsize vgw_ws_channel_get_backlog (VgwWsChannel *self);

/* "192.0.2.1" or "2001:db8::1", without the port. */
const char *vgw_ws_channel_get_remote_address (VgwWsChannel *self);

/* What followed the "?" of the address that the client opened, undecoded; NULL where there was none. */
const char *vgw_ws_channel_get_query (VgwWsChannel *self);

/* The Origin and the User-Agent of the request, as they came; NULL where there was none. */
const char *vgw_ws_channel_get_origin (VgwWsChannel *self);
const char *vgw_ws_channel_get_user_agent (VgwWsChannel *self);

G_END_DECLS
