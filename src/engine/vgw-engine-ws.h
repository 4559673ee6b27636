/* The client's half of a WebSocket (RFC 6455) towards a bot, without a socket: the handshake, frames in, frames out.
 * Bounded: it holds what has arrived of one message. Pure but for the random masks. One thread. */
#pragma once

#include "base/vgw-ws-guard.h"

G_BEGIN_DECLS

typedef struct _VgwEngineWs VgwEngineWs;

typedef enum
{
  VGW_ENGINE_WS_MORE,    /* everything was taken, nothing is complete */
  VGW_ENGINE_WS_OPENED,  /* the handshake is over; call again with the rest */
  VGW_ENGINE_WS_MESSAGE, /* a message or a control frame; call again with the rest */
  VGW_ENGINE_WS_FAILED,  /* the error is set; it takes nothing more */
} VgwEngineWsResult;

/* @url: ws:// or wss://, as the configuration checks it. @subprotocol, @authorization (nullable): headers. Returns:
 * (transfer full) */
VgwEngineWs *vgw_engine_ws_new (const char *url, const char *subprotocol, const char *authorization,
                                gsize max_text_bytes, gsize max_binary_bytes);
void vgw_engine_ws_free (VgwEngineWs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineWs, vgw_engine_ws_free)

/* The first bytes to send (transfer full). */
char *vgw_engine_ws_make_request (VgwEngineWs *self);

/* Takes bytes of @data; @n_taken (out) tells how many. @message is set for VGW_ENGINE_WS_MESSAGE and valid until the
 * next call. Errors: VGW_ERROR_ENGINE for an answer that is no, or is none; those of vgw_ws_guard_read (). */
VgwEngineWsResult vgw_engine_ws_read (VgwEngineWs *self, const guint8 *data, gsize length, gsize *n_taken,
                                      VgwWsMessage *message, GError **error);

/* One frame to send (transfer full). */
GBytes *vgw_engine_ws_make_frame (VgwEngineWs *self, VgwWsOpcode opcode, gconstpointer data, gsize length);

/* What to close with after VGW_ENGINE_WS_FAILED; 0 where the handshake failed. */
guint16 vgw_engine_ws_get_close_code (VgwEngineWs *self);

G_END_DECLS
