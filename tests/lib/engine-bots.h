/* Bots for the networked engine, in the main loop of the test: a good one, and a raw socket that can do everything
 * wrong. */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/vgw-log.h"
#include "net/vgw-ws-frame.h"
#include "engine-call.h"
#include "run-suite.h"
#include "ws-peer.h"

#define BOT_PROTOCOL "Sec-WebSocket-Protocol: voice-gateway.v1\r\n"

/* --- a bot with manners ------------------------------------------------------------------------------------------- */

typedef struct
{
  GSocketService *service; /* NULL while it does not listen */
  guint16 port;
  GPtrArray *peers;  /* Peer, all there ever were and are not forgotten */
  GByteArray *audio; /* that came in, over all connections */
  GString *texts;
  gboolean is_echoing;
} Bot;

/* One connection of a bot. */
typedef struct
{
  Bot *bot;
  GSocketConnection *connection;
  GSource *source;
  GString *head;
  gboolean is_open, is_closed;
  guint close_code; /* that came */
  VgwWsParser *parser;
} Peer;

void peer_send (Peer *peer, VgwWsOpcode opcode, gconstpointer data, gsize length);
void peer_send_text (Peer *peer, const char *text);

/* 0: without a code. */
void peer_close (Peer *peer, guint16 code);

void bot_listen (Bot *bot);
void bot_stop_listening (Bot *bot);
Bot *bot_new (void);
Call *call_new_to (Bot *bot);
Peer *bot_last (Bot *bot);

/* Drops what the bot keeps of connections that are over. Returns whether there is no other. */
gboolean bot_forgets (Bot *bot);

void bot_free (Bot *bot);

/* --- a bot without: a raw socket ---------------------------------------------------------------------------------- */

typedef struct
{
  GSocket *listener;
  char *url;
  GSocket *socket; /* of the last connection; blocking writes, polled reads */
  GByteArray *received;
} Raw;

Raw *raw_new (const char *scheme);
gboolean raw_accept (Raw *raw);

/* Takes what has come. FALSE at the end of the stream. */
gboolean raw_read (Raw *raw);

gboolean raw_has (Raw *raw, const char *text);

/* Returns whether the other end still takes it. */
gboolean raw_send (Raw *raw, gconstpointer data, gsize length);

gboolean raw_send_text (Raw *raw, const char *text);
void raw_send_frame (Raw *raw, VgwWsOpcode opcode, gconstpointer data, gsize length);

/* Accepts, and answers the handshake. */
void raw_open (Raw *raw);

/* The connection is gone without a word: RST. */
void raw_reset (Raw *raw);

void raw_free (Raw *raw);
void set_up (void);
void tear_down (void);

/* All of @cases, each with the thread of the engines. (transfer full) */
Suite *engine_suite (const char *name, TCase *const *cases, guint n_cases);
