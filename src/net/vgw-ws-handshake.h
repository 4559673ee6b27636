/* The client's half of a WebSocket (RFC 6455) towards a bot, without a socket: the handshake, frames in, frames out.
 * Bounded: it holds what has arrived of one message. Pure but for the random masks. One thread. */
#pragma once

#include "net/vgw-ws-frame.h"

G_BEGIN_DECLS

typedef struct _VgwWsHandshake VgwWsHandshake;

typedef enum
{
  VGW_WS_HANDSHAKE_MORE,    /* everything was taken, nothing is complete */
  VGW_WS_HANDSHAKE_OPENED,  /* the handshake is over; call again with the rest */
  VGW_WS_HANDSHAKE_MESSAGE, /* a message or a control frame; call again with the rest */
  VGW_WS_HANDSHAKE_FAILED,  /* the error is set; it takes nothing more */
} VgwWsHandshakeResult;

/* @url: ws:// or wss://, as the configuration checks it. @subprotocol, @authorization (nullable): headers. Returns:
 * (transfer full) */
VgwWsHandshake *vgw_ws_handshake_new (const char *url, const char *subprotocol, const char *authorization,
                                      gsize max_text_bytes, gsize max_binary_bytes);
void vgw_ws_handshake_free (VgwWsHandshake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWsHandshake, vgw_ws_handshake_free)

/* The first bytes to send (transfer full). */
char *vgw_ws_handshake_make_request (VgwWsHandshake *self);

/* Takes bytes of @data; @n_taken (out) tells how many. @message is set for VGW_WS_HANDSHAKE_MESSAGE and valid until the
 * next call. Errors: VGW_ERROR_ENGINE for an answer that is no, or is none; those of vgw_ws_parser_read (). */
VgwWsHandshakeResult vgw_ws_handshake_read (VgwWsHandshake *self, const guint8 *data, gsize length, gsize *n_taken,
                                            VgwWsMessage *message, GError **error);

/* One frame to send (transfer full). */
GBytes *vgw_ws_handshake_make_frame (VgwWsHandshake *self, VgwWsOpcode opcode, gconstpointer data, gsize length);

/* What to close with after VGW_WS_HANDSHAKE_FAILED; 0 where the handshake failed. */
guint16 vgw_ws_handshake_get_close_code (VgwWsHandshake *self);

G_END_DECLS
