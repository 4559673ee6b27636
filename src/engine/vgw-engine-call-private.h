/* The parts of VgwEngineCall: vgw-engine-call.c is what the main and the streaming thread call, vgw-engine-call-link.c
 * the connection, vgw-engine-call-post.c what the bot has to say.
 *
 * Threads: what is marked so is touched on the engine thread only. Lock order: ring_lock alone; owner_lock, then the
 * engine's own play lock. The owner's pointer is cleared on the main thread under owner_lock, so that the engine thread
 * may use it while it holds the lock, and the main thread without. */
#pragma once

#include "base/vgw-mailbox.h"
#include "engine/vgw-engine-call.h"
#include "engine/vgw-engine-link.h"

G_BEGIN_DECLS

struct _VgwEngineCall
{
  gatomicrefcount ref_count;

  /* constant */
  VgwEngineIo *io;
  VgwEngineConfig *config;
  const VgwDialect *dialect;
  VgwDialectCall facts;
  char *session_id, *client_address, *origin, *user_agent;
  char **parameters;
  gsize max_buffered_samples;

  GMutex owner_lock;
  VgwEngine *owner; /* guarded by owner_lock; written on the main thread */

  VgwMailbox *mailbox; /* constant; to the owner, closed when it stops */

  GMutex ring_lock;
  GArray *outgoing;   /* guarded by ring_lock; gint16, the caller's voice */
  gboolean is_kicked; /* guarded by ring_lock; a flush is on its way */
  guint64 n_dropped;  /* guarded by ring_lock; samples */

  gint is_open; /* atomic; written on the engine thread */

  /* engine thread */
  VgwEngineLink *link;
  gpointer state; /* of the dialect */
  GSource *retry_timer;
  GArray *spare;        /* gint16, empty: takes the place of `outgoing` during a flush */
  gint64 lost_at_us;    /* when the present trouble began; 0 while there is none */
  gint64 opened_at_us;  /* of the present connection */
  gint64 stalled_at_us; /* 0 while the bot takes what it is sent */
  guint n_tries;
  guint n_losses;    /* of connections that had settled, in this call */
  char *told_reason; /* (nullable) of the present trouble, as the log has it */
  guint n_violations, n_large_events;
  gboolean was_open;
  gboolean has_spoken; /* the bot, on the present connection */
  gboolean is_lost;    /* or not there yet, and the client was told so */
  gboolean has_hung_up;
  gboolean is_stopped;
};

VgwEngineCall *vgw_engine_call_ref (VgwEngineCall *self);

/* For vgw_engine_io_invoke (). */
void vgw_engine_call_unref_job (gpointer self);

/* vgw-engine-call-link.c; engine thread, as jobs */

/* Opens the dialect and begins to connect. */
void vgw_engine_call_start_on_thread (gpointer self);

/* Hands the caller's voice that waits to the bot, where there is a connection. */
void vgw_engine_call_flush_audio (gpointer self);

/* Says goodbye, closes, and lets go of everything of the engine thread. */
void vgw_engine_call_stop_on_thread (VgwEngineCall *self, const char *reason);

/* vgw-engine-call-post.c; engine thread */

/* Has the owner emit @output (transfer none) on the main thread, unless it was stopped by then. FALSE where too many
 * events wait, and it was dropped. Any thread. */
gboolean vgw_engine_call_post (VgwEngineCall *self, const VgwEngineOutput *output);

/* Where the dialect's words go; its user data is the call. */
extern const VgwDialectHandlers vgw_engine_call_handlers;

G_END_DECLS
