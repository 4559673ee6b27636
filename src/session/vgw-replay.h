/* The last messages to a client, numbered: what it has missed when it returns. Bounded in number and size; the oldest
 * are dropped first. Main thread. */
#pragma once

#include "signaling/vgw-message.h"

#define VGW_REPLAY_MAX_MESSAGES 1024u
#define VGW_REPLAY_MAX_BYTES (192u * 1024) /* as on the wire: less than a client may leave unread */

typedef struct
{
  GQueue messages;  /* VgwMessage*, owned; their numbers follow one another */
  gsize n_bytes;    /* of them */
  guint64 last_seq; /* of the last message that was added; 0: none */
} VgwReplay;

/* Keeps @message (transfer full), whose number is the next one. */
void vgw_replay_add (VgwReplay *self, VgwMessage *message);

/* How many of those after @seq are no longer kept. */
guint64 vgw_replay_count_missing (const VgwReplay *self, guint64 seq);

void vgw_replay_clear (VgwReplay *self);
