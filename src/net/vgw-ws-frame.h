/* The frame codec of WebSockets (RFC 6455 sections 5 to 7), server or client. The parser assembles messages from
 * frames. It allocates memory only for received bytes, not for the length in a header, and never more than the limit
 * for all fragments. Pure: no sockets, no clock. One thread. */
#pragma once

#include <glib.h>

typedef struct _VgwWsParser VgwWsParser;

/* The opcodes of RFC 6455 section 5.2 that can be delivered. */
typedef enum
{
  VGW_WS_TEXT = 0x1,
  VGW_WS_BINARY = 0x2,
  VGW_WS_CLOSE = 0x8,
  VGW_WS_PING = 0x9,
  VGW_WS_PONG = 0xa,
} VgwWsOpcode;

/* RFC 6455 section 7.4.1, and the registry of close codes for 1013. */
typedef enum
{
  VGW_WS_CLOSE_NORMAL = 1000,
  VGW_WS_CLOSE_GOING_AWAY = 1001,
  VGW_WS_CLOSE_PROTOCOL_ERROR = 1002,
  VGW_WS_CLOSE_NO_CODE = 1005, /* never sent: a close frame without a code */
  VGW_WS_CLOSE_BAD_DATA = 1007,
  VGW_WS_CLOSE_POLICY_VIOLATION = 1008,
  VGW_WS_CLOSE_TOO_BIG = 1009,
  VGW_WS_CLOSE_TRY_AGAIN_LATER = 1013,
  VGW_WS_CLOSE_REPLACED = 4001, /* of our own: the client has returned on another WebSocket */
} VgwWsCloseCode;

/* A complete message or a control frame. */
typedef struct
{
  VgwWsOpcode opcode;
  const guint8 *data; /* owned by the parser, valid until the next call; a NUL follows; text is valid UTF-8 */
  gsize length;
} VgwWsMessage;

typedef enum
{
  VGW_WS_MORE,    /* all data was consumed, nothing is complete */
  VGW_WS_MESSAGE, /* a message is complete; call again with the rest */
  VGW_WS_FAILED,  /* the error is set; the parser cannot be used any more */
} VgwWsResult;

/* @is_masked: whether incoming frames are masked, as a client's are. The limits are for one message with all its
 * fragments. Returns: (transfer full) */
VgwWsParser *vgw_ws_parser_new (gboolean is_masked, gsize max_text_bytes, gsize max_binary_bytes);
void vgw_ws_parser_free (VgwWsParser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWsParser, vgw_ws_parser_free)

/* Consumes bytes of @data until a message is complete or none are left; @n_taken (out): their number.
 * Errors: VGW_ERROR_TOO_LARGE for a message of too many bytes or fragments, detected by the header of the frame that
 * exceeds the limit; VGW_ERROR_BAD_MESSAGE for a violation of RFC 6455: an unmasked frame (for a client: a masked one),
 * reserved bits or opcodes, lengths not in their shortest form, fragments out of order, bad control frames, text that
 * is not UTF-8. */
VgwWsResult vgw_ws_parser_read (VgwWsParser *self, const guint8 *data, gsize length, gsize *n_taken,
                                VgwWsMessage *message, GError **error);

/* The close code after VGW_WS_FAILED: 1002, 1007 or 1009 (RFC 6455 section 7.4.1); 0 before. */
guint16 vgw_ws_parser_get_close_code (VgwWsParser *self);

/* Bytes held of an incomplete message. For tests of the limit. */
gsize vgw_ws_parser_get_held_bytes (VgwWsParser *self);

/* Data and control frames so far, for a limit of their rate. */
guint64 vgw_ws_parser_get_n_frames (VgwWsParser *self);

#define VGW_WS_MASK_BYTES 4

/* Appends one unfragmented frame to @out. @mask (nullable): VGW_WS_MASK_BYTES of unpredictable bytes (section 10.3),
 * for a client. */
void vgw_ws_frame_append (GByteArray *out, VgwWsOpcode opcode, gconstpointer data, gsize length, const guint8 *mask);

/* The same for a close frame; @reason (nullable) is truncated to fit a control frame. */
void vgw_ws_frame_append_close (GByteArray *out, guint16 code, const char *reason, const guint8 *mask);

/* The code in a close frame, VGW_WS_CLOSE_NO_CODE where it has none. */
guint16 vgw_ws_frame_get_close_code (const VgwWsMessage *message);
