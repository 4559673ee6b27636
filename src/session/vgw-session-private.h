/* The parts of VgwSession, for session/ only: vgw-session.c is its life (states, timers, the end), vgw-session-call.c
 * what happens in it (messages of the client, signals of the peer), vgw-session-speech.c the engine and its voice. */
#pragma once

#include <gio/gio.h>

#include "base/vgw-mailbox.h"
#include "base/vgw-token-bucket.h"
#include "engine/vgw-engine-config.h"
#include "media/vgw-peer.h"
#include "media/vgw-speech-detector.h"
#include "session/vgw-session.h"

G_BEGIN_DECLS

/* How many events have passed lately, and what was said about those that did not. */
typedef struct
{
  VgwTokenBucket tokens;
  gint64 told_at_us; /* when the client last heard of a dropped event; 0 for never */
  guint64 n_dropped;
} VgwEventBucket;

struct _VgwSession
{
  GObject parent_instance;

  const VgwSessionContext *context;
  char *id;
  VgwGrant *grant;
  const VgwEngineConfig *engine_config; /* the context's: of the engine that talks now, or will */
  VgwSessionState state;
  VgwEndReason end_reason; /* from ENDING on */
  gint64 started_at_us;    /* g_get_real_time (); 0 before start () */
  gint64 started_mono_us;
  gint64 offer_mono_us;  /* of the last offer */
  gint64 active_mono_us; /* of the last time it became active */

  /* from the first offer to the end, whatever becomes of the peers */
  VgwBridge *bridge;
  VgwMailbox *mailbox; /* from the playout queue to the main thread; as long as the bridge */
  VgwEngine *engine;
  gboolean has_refused_mark; /* and the engine was told */
  VgwSpeechDetector *voice;  /* (nullable) where nobody asks when the caller speaks */
  gboolean has_voice;        /* as the peer says */
  VgwBargeIn barge_in;
  guint echo_margin_db;

  VgwPeer *peer;                    /* one per offer */
  GCancellable *answer_cancellable; /* while `peer` is making its answer */
  char *codec;                      /* of the last answer */

  VgwPlayoutStats last_playout; /* once the bridge is gone */

  GPtrArray *early_candidates; /* VgwMessage, those that came before the offer */
  GPtrArray *early_events;     /* char*, of the client, that came after the offer and before it was active */
  gsize n_early_event_bytes;   /* of them, ever */
  GPtrArray *held_candidates;  /* VgwMessage, ours, while the answer is not out */
  guint n_candidates;          /* of the whole session; one above the bound once that was reported */
  guint n_failed_offers;
  guint n_unknown_messages;
  VgwEventBucket client_events, engine_events; /* from the client, from the engine */
  VgwEventBucket cleared_events;               /* playout-cleared */

  guint state_timer_id; /* what bounds the present state: offer, connect, or the media watchdog */
  guint duration_timer_id;

  GQueue outbox; /* char*, events for the client that no path has taken yet */
  gsize outbox_bytes;
  guint outbox_timer_id;              /* while some wait */
  gint64 last_event_message_us;       /* when an event last went as a message; 0 since one went on the data channel */
  VgwSessionBacklogFunc backlog_func; /* (nullable) */
  gpointer backlog_data;

  guint hangup_timer_id;     /* 0 unless the engine has hung up and what it said is being heard */
  gint64 hangup_deadline_us; /* however much waits then */
  gint64 drained_at_us;      /* when nothing waited any more; 0 before */
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

/* vgw-session-speech.c */

/* Makes @engine (transfer full, not started) the one that the session talks to, and the bridge with the first one. */
void vgw_session_use_engine (VgwSession *self, VgwEngine *engine, const VgwEngineConfig *config);

/* Makes what every peer of the session shares, once. Errors: VGW_ERROR_CONFIG. */
gboolean vgw_session_make_speech (VgwSession *self, GError **error);

/* Starts the engine and connects both of its ends. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_session_start_engine (VgwSession *self, GError **error);

/* Stops and drops the engine; the bridge stays, and what waits to be heard is heard. */
void vgw_session_drop_engine (VgwSession *self, const char *reason);

/* What a peer hears of voice; FALSE when it is dropped. */
void vgw_session_hear_voice (VgwSession *self, gboolean has_voice);

/* Another engine is coming, which hears of the caller's speech from its beginning. The client is told of an end, so
 * that it does not miss one; its handler may end the session. */
void vgw_session_forget_speech (VgwSession *self);

/* Stops and drops the engine, and drops the bridge. After the peer. */
void vgw_session_drop_speech (VgwSession *self, const char *reason);

/* vgw-session-events.c */

/* An event of the client, JSON text that was not looked at yet, while the session is active. Passes it to the engine,
 * or drops it and tells the client. */
void vgw_session_take_client_event (VgwSession *self, const char *json);

/* An event of the client that came after its offer and before the session is active: it waits, within a bound. */
void vgw_session_hold_client_event (VgwSession *self, const char *json);

/* The session is active: what waited is passed to the engine. */
void vgw_session_take_early_events (VgwSession *self);

/* An event of the engine. Passes it to the client, or drops it. */
void vgw_session_take_engine_event (VgwSession *self, const char *json);

/* Tells the client that the engine's voice was cut off, where any was. The handler may end the session. */
void vgw_session_tell_cleared (VgwSession *self, const VgwPlayoutEvent *event);

/* At the end: how many were dropped, where any were. */
void vgw_session_log_dropped_events (VgwSession *self);

/* vgw-session-outbox.c */

/* An event for the client, in its order. The handler of the message may end the session. */
void vgw_session_tell_client (VgwSession *self, const char *json);

/* Whether one more event of the engine may wait. */
gboolean vgw_session_has_room_for_event (VgwSession *self, gsize length);

/* The last chance of what waits, as messages; what does not fit is dropped. */
void vgw_session_finish_outbox (VgwSession *self);

/* Drops what waits. */
void vgw_session_clear_outbox (VgwSession *self);

/* vgw-session-hangup.c */

/* The engine has hung up: the session ends, now or when what waits has been heard. */
void vgw_session_take_engine_hangup (VgwSession *self);

/* vgw-session-failure.c */

/* The engine's "status". */
void vgw_session_take_engine_status (VgwSession *self, const char *status);

/* The engine has failed, or could not be started: the session ends, goes on without it, or has another one. */
void vgw_session_take_engine_failure (VgwSession *self, const GError *error);

G_END_DECLS
