/* The client's handshake of a WebSocket (RFC 6455 section 4): the request and the check of the answer, which is
 * bounded. No sockets. One thread. */
#pragma once

#include "net/vgw-ws-frame.h"

typedef struct _VgwWsHandshake VgwWsHandshake;

/* @url: ws:// or wss://, checked by the configuration. @subprotocol, @authorization, @traceparent (nullable): headers.
 * Returns: (transfer full) */
VgwWsHandshake *vgw_ws_handshake_new (const char *url, const char *subprotocol, const char *authorization,
                                      const char *traceparent);
void vgw_ws_handshake_free (VgwWsHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWsHandshake, vgw_ws_handshake_free)

/* The first bytes to send. */
const char *vgw_ws_handshake_get_request (VgwWsHandshake *self);

/* Consumes bytes of the answer; @n_taken (out): their number. VGW_WS_MESSAGE: it is complete, and the rest belongs to
 * the frames; must not be called again. Errors: VGW_ERROR_ENGINE for a refusal or an invalid answer. */
VgwWsResult vgw_ws_handshake_read (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken,
                                   GError **error);
