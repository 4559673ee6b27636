/* The client's handshake of a WebSocket (RFC 6455 section 4): a request, and the answer to it. Bounded. Pure but for
 * the nonce: no sockets. One thread. */
#pragma once

#include "net/vgw-ws-frame.h"

G_BEGIN_DECLS

typedef struct _VgwWsHandshake VgwWsHandshake;

/* @url: ws:// or wss://, as the configuration checks it. @subprotocol, @authorization (nullable): headers. Returns:
 * (transfer full) */
VgwWsHandshake *vgw_ws_handshake_new (const char *url, const char *subprotocol, const char *authorization);
void vgw_ws_handshake_free (VgwWsHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWsHandshake, vgw_ws_handshake_free)

/* The first bytes to send. */
const char *vgw_ws_handshake_get_request (VgwWsHandshake *self);

/* Takes bytes of the answer; @n_taken (out) tells how many. VGW_WS_MESSAGE: it is complete, and what follows belongs to
 * the frames; it must not be called again. Errors: VGW_ERROR_ENGINE for an answer that is a refusal, or none. */
VgwWsResult vgw_ws_handshake_read (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken,
                                   GError **error);

G_END_DECLS
