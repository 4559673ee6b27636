/* The other end of a WebSocket for tests: a raw socket that can do what no decent client does. */
#pragma once

#include <check.h>
#include <gio/gio.h>
#include <string.h>

#include "wait-until.h"

typedef struct
{
  GSocket *socket;
  GByteArray *received;
  gboolean is_eof; /* the other end closed, or reset */
} WsPeer;

/* @socket (transfer full) */
WsPeer *ws_peer_new (GSocket *socket);

void ws_peer_free (WsPeer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsPeer, ws_peer_free)

/* Takes what has arrived. Returns TRUE, for use in a condition. */
gboolean ws_peer_read (WsPeer *self);

/* Sends all of it, or as much as the other end takes before it closes. The main loop runs meanwhile. */
void ws_peer_send (WsPeer *self, gconstpointer data, gsize length);

void ws_append_frame (GByteArray *out, guint8 first_byte, gboolean is_masked, gconstpointer payload, gsize length);

#define WS_FIN 0x80
#define WS_CONTINUATION 0x0
#define WS_TEXT 0x1
#define WS_BINARY 0x2
#define WS_CLOSE 0x8
#define WS_PING 0x9
#define WS_PONG 0xa

/* One masked frame; @first_byte is the opcode with or without WS_FIN. */
void ws_peer_send_frame (WsPeer *self, guint8 first_byte, const char *payload);

void ws_peer_send_close (WsPeer *self, guint16 code);

/* Waits for a frame of @opcode, passing over pings, and asserts that it is the next one. Returns: (transfer full) */
char *ws_peer_expect (WsPeer *self, guint8 opcode);

void ws_peer_expect_text (WsPeer *self, const char *text);
void ws_peer_expect_close (WsPeer *self, guint16 code);

/* What a server answers to @head, the head of a handshake (RFC 6455 section 4.2.2), with @more_headers, each with its
 * line end. (transfer full) */
char *ws_make_handshake_answer (const char *head, const char *more_headers);
