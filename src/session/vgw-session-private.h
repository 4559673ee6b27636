/* The parts of VgwSession, for session/ only: vgw-session.c is its life (states, timers, the end), vgw-session-call.c
 * what happens in it (messages of the client, signals of the peer). */
#pragma once

#include <gio/gio.h>

#include "media/vgw-peer.h"
#include "session/vgw-conversation.h"
#include "session/vgw-session.h"

G_BEGIN_DECLS

struct _VgwSession
{
  GObject parent_instance;

  const VgwSessionContext *context;
  char *id;
  VgwGrant *grant;
  VgwConversation *conversation;
  VgwSessionState state;
  VgwEndReason end_reason; /* from ENDING on */
  gint64 started_at_us;    /* g_get_real_time (); 0 before start () */
  gint64 started_mono_us;
  gint64 offer_mono_us;  /* of the last offer */
  gint64 active_mono_us; /* of the last time it became active */

  VgwPeer *peer;                    /* one per offer */
  GCancellable *answer_cancellable; /* while `peer` is making its answer */
  char *codec;                      /* of the last answer */

  GPtrArray *early_candidates; /* VgwMessage, those that came before the offer */
  GPtrArray *held_candidates;  /* VgwMessage, ours, while the answer is not out */
  guint n_candidates;          /* of the whole session; one above the bound once that was reported */
  guint n_failed_offers;
  guint n_unknown_messages;

  guint state_timer_id; /* what bounds the present state: offer, connect, or the media watchdog */
  guint duration_timer_id;

  GQueue outbox; /* char*, events for the client that no path has taken yet */
  gsize outbox_bytes;
  guint outbox_timer_id;              /* while some wait */
  gint64 last_event_message_us;       /* when an event last went as a message; 0 since one went on the data channel */
  VgwSessionBacklogFunc backlog_func; /* (nullable) */
  gpointer backlog_data;
};

/* Moves on by @event: logs `old → new` and runs the entry action. Errors: VGW_ERROR_BAD_STATE, and nothing happens. */
gboolean vgw_session_advance (VgwSession *self, VgwSessionInput event, GError **error);

/* TRUE from ENDING on: nothing is handled or emitted any more. */
gboolean vgw_session_is_over (VgwSession *self);

/* Emits "outgoing". The handler may end the session, and drop it. @message: (transfer full) */
void vgw_session_emit (VgwSession *self, VgwMessage *message);

/* Tells the client of an error that the call survives. */
void vgw_session_report (VgwSession *self, const GError *error);

/* Tells the client of an error that the call does not survive, and ends it with @reason. */
void vgw_session_fail (VgwSession *self, VgwEndReason reason, const GError *error);

/* Tells the manager that something about the session has changed. */
void vgw_session_tell_manager (VgwSession *self);

/* vgw-session-call.c */

/* Stops and drops the peer, the pending answer with it. The bridge and the engine stay. */
void vgw_session_drop_peer (VgwSession *self);

/* vgw-session-outbox.c */

/* An event for the client, in its order. The handler of the message may end the session. */
void vgw_session_tell_client (VgwSession *self, const char *json);

/* Whether one more event of the engine may wait. */
gboolean vgw_session_has_room_for_event (VgwSession *self, gsize length);

/* The last chance of what waits, as messages; what does not fit is dropped. */
void vgw_session_finish_outbox (VgwSession *self);

/* Drops what waits. */
void vgw_session_clear_outbox (VgwSession *self);

G_END_DECLS
