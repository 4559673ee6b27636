/* A gateway's side of one conversation with the assistant: a server of its own on a free port, and a WebSocket to it that
 * speaks the native protocol. What waits for something fails the test after a minute. */
#pragma once

#include <libsoup/soup.h>

#include "assistant/vgw-assistant-models.h"
#include "assistant/vgw-assistant-server.h"
#include "wait-until.h"

#define RATE_HZ 16000

typedef struct
{
  VgwAssistantServer *server;
  SoupSession *session;
  SoupWebsocketConnection *socket; /* NULL where the handshake was refused */
  guint status;                    /* of the handshake */
  guint rate_hz;
  GArray *voice;  /* gint16, came since the test emptied it */
  GQueue heard;   /* char *, transcripts of the role user */
  GQueue said;    /* char *, transcripts of the role bot */
  GQueue marks;   /* char *, not answered */
  guint n_clears; /* `clear` that have come */
  gboolean has_hung_up;
  gushort close_code; /* 0 while it is open */
} AssistantPeer;

/* Of all assistants of a test program, between the two, which are an unchecked fixture. */
extern VgwAssistantModels *assistant_models;
void assistant_models_load (void);
void assistant_models_unload (void);

#define ANSWER_US (60 * G_USEC_PER_SEC) /* to what was said */

/* Runs it for @delay_ms. */
void let_pass (guint delay_ms);

/* A server that is interruptible and takes @max_calls. (transfer full) */
VgwAssistantServer *assistant_server (VgwAssistantModels *models, guint max_calls);

/* A further WebSocket to @server (transfer none), with @origin (nullable) as a browser would have it. (transfer full) */
AssistantPeer *assistant_peer_connect (VgwAssistantServer *server, const char *origin);

/* A server, a WebSocket, and `start`. (transfer full) */
AssistantPeer *assistant_peer_new (VgwAssistantModels *models, guint rate_hz);

/* The same behind its greeting. */
AssistantPeer *assistant_peer_greeted (VgwAssistantModels *models, guint rate_hz);

/* (transfer full) */
void assistant_peer_free (AssistantPeer *self);

void assistant_peer_send (AssistantPeer *self, const char *text);
void assistant_peer_start (AssistantPeer *self, guint rate_hz, gboolean is_resumed);

/* In frames of 20 ms, faster than real time. */
void assistant_peer_push (AssistantPeer *self, const gint16 *samples, gsize n_samples);
void assistant_peer_push_silence (AssistantPeer *self, guint duration_ms);

/* @speech with silence around it, or @words by the assistant's own voice. */
void assistant_peer_push_speech (AssistantPeer *self, GArray *speech);
void assistant_peer_say (AssistantPeer *self, const char *words);

/* The text of what it says next. (transfer full) */
char *assistant_peer_wait_for_speech (AssistantPeer *self);

/* Answers the marks at once, as a playout queue would over time; after it the assistant listens. */
void assistant_peer_let_it_play (AssistantPeer *self);

/* The queue was cleared before it has played anything. */
void assistant_peer_clear (AssistantPeer *self);

/* Says @words, waits for the answer and lets it play; its voice is in `voice` then. Returns: (transfer full) its text */
char *assistant_peer_ask (AssistantPeer *self, const char *words);
