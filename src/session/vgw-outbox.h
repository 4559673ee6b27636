/* What a session sends to its client, numbered and in order. It is queued, and delivered at the end of the turn of the
 * main loop: what a receiver does then, ending the session or dropping it, happens under no code of the session.
 *
 * Application events go on one path only, so that nothing arrives twice: on the data channel `events` where it is open,
 * else as messages. Those that no path takes yet wait here, in their order, so that an engine that stays within its
 * limits loses nothing, however fast the client reads. Other messages do not wait for them.
 *
 * While no door is attached, messages are numbered and kept, and nothing is delivered but the end. A client that
 * returns gets those that it has not seen, as far as they are kept (vgw-replay.h). Main thread. */
#pragma once

#include "media/vgw-peer.h"
#include "session/vgw-session-context.h"
#include "session/vgw-session-state.h"
#include "signaling/vgw-message.h"

typedef struct _VgwOutbox VgwOutbox;

typedef enum
{
  VGW_OUTPUT_MESSAGE, /* message */
  VGW_OUTPUT_ENDED,   /* reason: nothing follows */
} VgwOutputType;

typedef struct
{
  VgwOutputType type;
  union
  {
    const VgwMessage *message;
    VgwEndReason reason;
  };
} VgwOutput;

/* May call anything, and release @owner. */
typedef void (*VgwOutboxFunc) (const VgwOutput *output, gpointer owner);

/* Bytes of messages that the client has not taken yet. */
typedef gsize (*VgwOutboxBacklogFunc) (gpointer user_data);

/* @owner frees the outbox, and is referenced while something is delivered. @session_id must outlive the outbox.
 * Returns: (transfer full) */
VgwOutbox *vgw_outbox_new (GObject *owner, const VgwSessionSettingsLimits *limits, const char *session_id,
                           VgwOutboxFunc func);

/* What waits is dropped. */
void vgw_outbox_free (VgwOutbox *self);

/* Where the messages go: events wait while much of them is on its way. NULL for never. */
void vgw_outbox_set_backlog_func (VgwOutbox *self, VgwOutboxBacklogFunc func, gpointer user_data);

/* Whose data channel events go on (transfer none); NULL for none. */
void vgw_outbox_set_peer (VgwOutbox *self, VgwPeer *peer);

/* No door takes what is delivered from now on: it is kept. */
void vgw_outbox_detach (VgwOutbox *self);

/* A door takes what is delivered again. It gets @greeting (transfer full) first, a `session` message whose number and
 * n_missed are set here, then what is kept after @last_seq, the last number that the client has seen; -1: not known,
 * what was not delivered since vgw_outbox_detach (). */
void vgw_outbox_attach (VgwOutbox *self, VgwMessage *greeting, gint64 last_seq);

/* Messages that were dropped since they were more than are kept, before any door got them. */
guint64 vgw_outbox_count_dropped (VgwOutbox *self);

/* @message: (transfer full). Nothing after vgw_outbox_end (). */
void vgw_outbox_queue (VgwOutbox *self, VgwMessage *message);

/* An `error` that the session survives, which is logged; @about (nullable): "offer". */
void vgw_outbox_queue_refusal (VgwOutbox *self, const GError *error, const char *about);

/* An event, JSON text; @is_own: of the gateway itself. FALSE, and it is dropped, where too much waits: of an engine's
 * events those of two seconds at the limit. Nothing after vgw_outbox_end (). */
gboolean vgw_outbox_queue_event (VgwOutbox *self, const char *json, gboolean is_own);

/* The end: the events that wait go out as messages as far as the backlog has room, then `state: ended`, then ENDED. */
void vgw_outbox_end (VgwOutbox *self, VgwEndReason reason);

/* Delivers what is queued now, not at the end of the turn. Where something is being delivered already, that goes on. */
void vgw_outbox_flush (VgwOutbox *self);
