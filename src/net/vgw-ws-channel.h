/* One WebSocket, of a server or a client, or one TCP stream of a client, bounded in both directions: size of a message
 * with its fragments, bytes that wait to be sent, rates, silence. On the thread in whose default context it was made.
 *
 * Signals, never from inside a call to the channel but vgw_ws_channel_cut ():
 *   "opened"  (void)                                                a client's connection is up
 *   "message" (gboolean is_text, const guint8 *data, gulong length) one message, text is valid UTF-8 with a NUL behind
 *                                                                   it; or any piece of a TCP stream
 *   "bad"     (const GError *error)             something else came. Of a server, binary is dropped, and the channel
 *                                               stays open. Afterwards, and after what the handler sends, these close:
 *                                               too large, 1009; too many in a short time, 1008 (both
 *                                               VGW_ERROR_TOO_LARGE); not UTF-8, 1007; not a WebSocket frame, 1002
 *   "closed"  (VgwWsEnd how, const GError *error)   once; the socket is gone. With END_ORDERLY error is NULL
 */
#pragma once

#include <gio/gio.h>

#include "net/vgw-dialler.h"
#include "net/vgw-read-meter.h"
#include "net/vgw-ws-frame.h"

G_BEGIN_DECLS

#define VGW_TYPE_WS_CHANNEL (vgw_ws_channel_get_type ())
G_DECLARE_FINAL_TYPE (VgwWsChannel, vgw_ws_channel, VGW, WS_CHANNEL, GObject)

typedef enum
{
  VGW_WS_SERVER, /* when it has closed it waits for the peer to close its half; a peer that does not read is cut off */
  VGW_WS_CLIENT, /* frames are masked; a send that finds the queue full is refused */
  VGW_WS_STREAM, /* the same without frames: bytes as they are */
} VgwWsRole;

typedef struct
{
  VgwWsRole role;
  gsize max_text_bytes, max_binary_bytes; /* in, of one message with all its fragments */
  gsize max_queue_bytes;                  /* out, what the peer has not read yet */
  gsize max_bytes_after_close;            /* in, once we close; then it is not read any more */
  guint close_timeout_ms;                 /* from the start of closing to cutting off */
  guint idle_timeout_ms;                  /* 0: no pings, no bound on silence */
  VgwReadLimits limits;
  /* (nullable) called before each piece is read while it is open: while it returns FALSE nothing is, and TCP holds the
   * peer back */
  gboolean (*may_read) (gpointer user_data);
  gpointer user_data;
} VgwWsChannelSettings;

extern const VgwWsChannelSettings vgw_ws_channel_server_defaults;

/* How a channel ended. */
typedef enum
{
  VGW_WS_END_ORDERLY, /* by us, or by the peer in good order: 1000 or without a code, or the end of a stream */
  VGW_WS_END_LOST,    /* by the peer otherwise, once open: another code, no close frame, a reset */
  VGW_WS_END_FAILED,  /* it never opened, the peer broke the protocol, or the network was silent for too long */
} VgwWsEnd;

/* A server's: @stream (transfer none) after a handshake without extensions, both its halves pollable; @socket (transfer
 * none) is what it ends in. @peer is for the log: "192.0.2.1". Both texts and settings are copied. Reading starts with
 * the next run of the main loop. Returns: (transfer full) */
VgwWsChannel *vgw_ws_channel_new (GIOStream *stream, GSocket *socket, const char *peer,
                                  const VgwWsChannelSettings *settings);

/* A client's: begins to connect to @target, which is copied. Within @timeout_ms the channel is open or closed. Errors
 * of "closed" begin with the url without its query, which may hold a secret. Returns: (transfer full) */
VgwWsChannel *vgw_ws_channel_new_client (const VgwDialTarget *target, guint timeout_ms,
                                         const VgwWsChannelSettings *settings);

/* Queues one message: text is valid UTF-8. FALSE, and nothing is queued, where it is not open, or where more than
 * max_queue_bytes wait. A server's channel then cuts off its client. */
gboolean vgw_ws_channel_send (VgwWsChannel *self, gboolean is_text, gconstpointer data, gsize length);

/* Starts the closing handshake after what is queued has been sent; a peer that does not answer is cut off after a
 * bound. Idempotent. Without it the last reference closes the socket at once. */
void vgw_ws_channel_close (VgwWsChannel *self, guint16 code, const char *reason);

/* Closes the socket now, without a handshake, and emits "closed". Idempotent. Not from a handler of the channel. */
void vgw_ws_channel_cut (VgwWsChannel *self);

/* As given, or the url without its query. (transfer none) */
const char *vgw_ws_channel_get_peer (VgwWsChannel *self);

/* Bytes that were sent and that the peer's machine has not taken yet, as far as is known: in the queue, and in the
 * kernel. */
gsize vgw_ws_channel_get_backlog (VgwWsChannel *self);

/* How often reading was put off because of what was read before. For tests, and for the log. */
guint vgw_ws_channel_count_delays (VgwWsChannel *self);

/* Bytes queued and not yet taken by the kernel. For tests of the bound. */
gsize vgw_ws_channel_get_queued_bytes (VgwWsChannel *self);

G_END_DECLS
