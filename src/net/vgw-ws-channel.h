/* A WebSocket, server or client, or a client's TCP stream, with limits in both directions: size of a message with its
 * fragments, bytes queued to be sent, rates, silence. On the thread in whose default context it was created.
 *
 * Signals, never emitted from inside a function of the channel except vgw_ws_channel_cut ():
 *   "opened"  (void)                                                a client's connection is up
 *   "message" (gboolean is_text, const guint8 *data, gulong length) one message, text is valid UTF-8 with a NUL behind
 *                                                                   it; or any piece of a TCP stream
 *   "bad"     (const GError *error)             an invalid message. A binary one to a server is dropped, and the
 *                                               channel stays open. These close it, after what the handler sends: too
 *                                               large, 1009; too many in a short time, 1008 (both
 *                                               VGW_ERROR_TOO_LARGE); not UTF-8, 1007; not a WebSocket frame, 1002
 *   "pong"    (void)                            the peer has answered a ping
 *   "closed"  (VgwWsEnd how, const GError *error)   once; the socket is closed. error is NULL with END_ORDERLY, and may
 *                                                   be so for a server
 */
#pragma once

#include <gio/gio.h>

#include "base/vgw-read-meter.h"
#include "net/vgw-dialler.h"
#include "net/vgw-ws-frame.h"

#define VGW_TYPE_WS_CHANNEL (vgw_ws_channel_get_type ())
G_DECLARE_FINAL_TYPE (VgwWsChannel, vgw_ws_channel, VGW, WS_CHANNEL, GObject)

typedef enum
{
  VGW_WS_SERVER, /* after closing it waits for the peer to close its half; a peer that does not read is cut off */
  VGW_WS_CLIENT, /* frames are masked; sending is refused where the queue is full */
  VGW_WS_STREAM, /* a client without frames: plain bytes */
} VgwWsRole;

typedef struct
{
  VgwWsRole role;
  gsize max_text_bytes, max_binary_bytes; /* in, of one message with all its fragments */
  gsize max_queue_bytes;                  /* out, not yet accepted by the kernel */
  gsize max_bytes_after_close;            /* in, after our close frame; then reading stops */
  guint close_timeout_ms;                 /* from the start of closing to cutting off */
  guint idle_timeout_ms;                  /* 0: no pings, no limit on silence */
  VgwReadLimits limits;
  /* (nullable) called before each read while it is open; FALSE: nothing is read, and TCP holds the peer back */
  gboolean (*may_read) (gpointer user_data);
  gpointer user_data;
} VgwWsChannelSettings;

extern const VgwWsChannelSettings vgw_ws_channel_server_defaults;

/* How a channel ended. */
typedef enum
{
  VGW_WS_END_ORDERLY, /* by us, or by the peer with 1000, without a code, or by the end of a stream */
  VGW_WS_END_LOST,    /* by the peer otherwise, once open: another code, no close frame, a reset */
  VGW_WS_END_FAILED,  /* it never opened, the peer violated the protocol, or was silent for too long */
} VgwWsEnd;

/* For a server: @stream (transfer none) after a handshake without extensions, both halves pollable; @socket (transfer
 * none) is the one below it. @peer is for the log: "192.0.2.1". Texts and settings are copied. Reading starts with the
 * next iteration of the main loop. Returns: (transfer full) */
VgwWsChannel *vgw_ws_channel_new (GIOStream *stream, GSocket *socket, const char *peer,
                                  const VgwWsChannelSettings *settings);

/* For a client: connects to @target, which is copied. After @timeout_ms at most the channel is open or closed. Errors
 * of "closed" begin with the url without its query, which may have a secret. Returns: (transfer full) */
VgwWsChannel *vgw_ws_channel_new_client (const VgwDialTarget *target, guint timeout_ms,
                                         const VgwWsChannelSettings *settings);

/* Queues one message; text must be valid UTF-8. FALSE, and nothing is queued, where the channel is not open, or more
 * than max_queue_bytes would be queued. A server's channel then cuts off its client. */
gboolean vgw_ws_channel_send (VgwWsChannel *self, gboolean is_text, gconstpointer data, gsize length);

/* Queues a ping; a WebSocket's peer answers it after everything that was sent before. Not for a VGW_WS_STREAM. */
void vgw_ws_channel_ping (VgwWsChannel *self);

/* Sends what is queued, then starts the closing handshake; a peer that does not answer is cut off after
 * close_timeout_ms. Idempotent. Otherwise the last reference closes the socket at once. */
void vgw_ws_channel_close (VgwWsChannel *self, guint16 code, const char *reason);

/* Closes the socket now, without a handshake, and emits "closed". Idempotent. Not from a handler of the channel. */
void vgw_ws_channel_cut (VgwWsChannel *self);

/* The peer as given, or the url without its query. (transfer none) */
const char *vgw_ws_channel_get_peer (VgwWsChannel *self);

/* Bytes that the peer's machine has not acknowledged, in the queue and in the kernel. */
gsize vgw_ws_channel_get_backlog (VgwWsChannel *self);

/* How often reading was paused because of the limits. For tests, and for the log. */
guint vgw_ws_channel_count_delays (VgwWsChannel *self);

/* Bytes queued and not yet accepted by the kernel. For tests of the limit. */
gsize vgw_ws_channel_get_queued_bytes (VgwWsChannel *self);
