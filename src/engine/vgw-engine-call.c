/* Threads: what is marked so is touched on the engine thread only. Lock order: ring_lock alone; owner_lock, then the
 * engine's own play lock. The owner's pointer is cleared on the main thread under owner_lock, so that the engine thread
 * may use it while it holds the lock, and the main thread without. */
#include "engine/vgw-engine-call.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "engine/vgw-engine-link.h"
#include "engine/vgw-engine-net.h"

#define FIRST_BACKOFF_MS 200
#define MAX_BACKOFF_MS 3000
#define MAX_PENDING_EVENTS 64 /* of the bot, not yet seen by the main thread */
#define MAX_EVENT_BYTES 65536
#define MAX_LOGGED_VIOLATIONS 10 /* a bot cannot fill the log */

struct _VgwEngineCall
{
  gatomicrefcount ref_count;

  /* constant */
  VgwEngineIo *io;
  VgwEngineConfig *config;
  const VgwDialect *dialect;
  VgwDialectCall facts;
  char *session_id, *client_address;
  gsize max_buffered_samples;

  GMutex owner_lock;
  VgwEngine *owner; /* guarded by owner_lock; written on the main thread */

  GMutex ring_lock;
  GArray *outgoing;   /* guarded by ring_lock; gint16, the caller's voice */
  gboolean is_kicked; /* guarded by ring_lock; a flush is on its way */
  guint64 n_dropped;  /* guarded by ring_lock; samples */

  gint is_open;          /* atomic; written on the engine thread */
  gint n_pending_events; /* atomic */

  /* engine thread */
  VgwEngineLink *link;
  gpointer state; /* of the dialect */
  GSource *retry_timer;
  GArray *spare; /* gint16, empty: takes the place of `outgoing` during a flush */
  gint64 lost_at_us;    /* 0 while all is well; else when the present trouble began */
  gint64 stalled_at_us; /* 0 while the bot takes what it is sent */
  guint n_tries;
  guint n_violations;
  gboolean was_open;
  gboolean is_stopped;
};

static VgwEngineCall *
call_ref (VgwEngineCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_engine_call_unref (VgwEngineCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_warn_if_fail (self->link == NULL && self->state == NULL);
  g_array_unref (self->outgoing);
  g_array_unref (self->spare);
  vgw_engine_config_free (self->config);
  g_free (self->session_id);
  g_free (self->client_address);
  g_mutex_clear (&self->owner_lock);
  g_mutex_clear (&self->ring_lock);
  g_free (self);
}

static void
unref_job (gpointer user_data)
{
  vgw_engine_call_unref (user_data);
}

/* --- to the main thread --------------------------------------------------------------------------------------------- */

typedef enum
{
  POST_EVENT,
  POST_STATUS,
  POST_HANGUP,
  POST_FAILED,
} PostType;

typedef struct
{
  VgwEngineCall *call;
  PostType type;
  char *text;
  GError *error;
} Post;

static gboolean
run_post (gpointer user_data)
{
  Post *post = user_data;
  g_autoptr (VgwEngine) owner = post->call->owner != NULL ? g_object_ref (post->call->owner) : NULL;

  if (owner == NULL)
    return G_SOURCE_REMOVE;
  switch (post->type)
    {
    case POST_EVENT:
      g_signal_emit_by_name (owner, "event", post->text);
      break;
    case POST_STATUS:
      g_signal_emit_by_name (owner, "status", post->text);
      break;
    case POST_HANGUP:
      g_signal_emit_by_name (owner, "hangup");
      break;
    case POST_FAILED:
      g_signal_emit_by_name (owner, "failed", post->error);
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
free_post (gpointer user_data)
{
  Post *post = user_data;

  if (post->type == POST_EVENT)
    g_atomic_int_add (&post->call->n_pending_events, -1);
  vgw_engine_call_unref (post->call);
  g_free (post->text);
  g_clear_error (&post->error);
  g_free (post);
}

/* Takes @error (nullable). */
static void
post (VgwEngineCall *self, PostType type, const char *text, GError *error)
{
  Post *job = g_new0 (Post, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  *job = (Post){ call_ref (self), type, g_strdup (text), error };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_post, job, free_post);
  g_source_attach (source, NULL);
}

/* --- the dialect's handlers; engine thread --------------------------------------------------------------------------- */

static void
on_dialect_send (gboolean is_text, const guint8 *data, gsize length, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (self->link == NULL)
    return;
  if (vgw_engine_link_send (self->link, is_text, data, length))
    self->stalled_at_us = 0;
  else if (self->stalled_at_us == 0)
    self->stalled_at_us = g_get_monotonic_time ();
}

static void
on_dialect_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  g_mutex_lock (&self->owner_lock);
  if (self->owner != NULL)
    vgw_engine_play (self->owner, samples, n_samples);
  g_mutex_unlock (&self->owner_lock);
}

static void
on_dialect_mark (const char *name, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  g_mutex_lock (&self->owner_lock);
  if (self->owner != NULL)
    vgw_engine_mark (self->owner, name);
  g_mutex_unlock (&self->owner_lock);
}

static void
on_dialect_clear (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  g_mutex_lock (&self->owner_lock);
  if (self->owner != NULL)
    vgw_engine_clear (self->owner);
  g_mutex_unlock (&self->owner_lock);
}

static void
on_dialect_pause (gboolean is_paused, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  g_mutex_lock (&self->owner_lock);
  if (self->owner != NULL)
    vgw_engine_hold (self->owner, is_paused);
  g_mutex_unlock (&self->owner_lock);
}

static void
on_dialect_event (const char *json, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (strlen (json) > MAX_EVENT_BYTES)
    {
      vgw_warning (self->session_id, "engine %s: dropped an event of %zu bytes", self->config->name, strlen (json));
      return;
    }
  if (g_atomic_int_add (&self->n_pending_events, 1) >= MAX_PENDING_EVENTS)
    {
      g_atomic_int_add (&self->n_pending_events, -1);
      vgw_debug (self->session_id, "engine %s: dropped an event, too many are waiting", self->config->name);
      return;
    }
  post (self, POST_EVENT, json, NULL);
}

static void
on_dialect_hangup (gpointer user_data)
{
  post (user_data, POST_HANGUP, NULL, NULL);
}

static const VgwDialectHandlers handlers = {
  .send = on_dialect_send,
  .play = on_dialect_play,
  .mark = on_dialect_mark,
  .clear = on_dialect_clear,
  .pause = on_dialect_pause,
  .event = on_dialect_event,
  .hangup = on_dialect_hangup,
};

/* --- the connection; engine thread ------------------------------------------------------------------------------------ */

static void connect_link (VgwEngineCall *self);

static void
drop_link (VgwEngineCall *self)
{
  g_atomic_int_set (&self->is_open, FALSE);
  self->stalled_at_us = 0;
  if (self->link == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->link, self);
  vgw_engine_link_close (self->link);
  g_clear_object (&self->link);
}

static gboolean
on_retry (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  g_clear_pointer (&self->retry_timer, g_source_unref);
  connect_link (self);
  return G_SOURCE_REMOVE;
}

static guint
compute_backoff_ms (VgwEngineCall *self)
{
  guint backoff_ms = MIN (FIRST_BACKOFF_MS << MIN (self->n_tries, 8), MAX_BACKOFF_MS);

  self->n_tries++;
  return backoff_ms * g_random_double_range (0.75, 1.25); /* or a bot that restarts gets all calls at once */
}

/* Takes @error: why there is no connection now. */
static void
handle_lost (VgwEngineCall *self, GError *error)
{
  g_autoptr (GError) owned = error;
  gint64 now_us = g_get_monotonic_time ();
  guint backoff_ms = compute_backoff_ms (self);

  drop_link (self);
  if (self->was_open && self->lost_at_us == 0)
    post (self, POST_STATUS, "engine-lost", NULL);
  if (self->lost_at_us == 0)
    self->lost_at_us = now_us;
  gint64 left_ms = self->config->grace_ms - (now_us - self->lost_at_us) / 1000;
  if (left_ms <= 0 || (gint64) backoff_ms >= left_ms)
    {
      post (self, POST_FAILED, NULL, g_steal_pointer (&owned));
      return;
    }
  vgw_warning (self->session_id, "%s; trying again in %u ms", owned->message, backoff_ms);
  self->retry_timer = g_timeout_source_new (backoff_ms);
  g_source_set_callback (self->retry_timer, on_retry, self, NULL);
  g_source_attach (self->retry_timer, vgw_engine_io_get_context (self->io));
}

static void
flush_audio (gpointer user_data)
{
  VgwEngineCall *self = user_data;
  GArray *audio;

  g_mutex_lock (&self->ring_lock);
  self->is_kicked = FALSE;
  if (!g_atomic_int_get (&self->is_open))
    {
      g_mutex_unlock (&self->ring_lock);
      return;
    }
  audio = self->outgoing;
  self->outgoing = self->spare;
  g_mutex_unlock (&self->ring_lock);

  if (audio->len > 0)
    self->dialect->audio (self->state, (const gint16 *) audio->data, audio->len);
  g_array_set_size (audio, 0);
  self->spare = audio;
  if (self->stalled_at_us != 0 && g_get_monotonic_time () - self->stalled_at_us > (gint64) self->config->stall_ms * 1000)
    handle_lost (self, g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s does not take its audio",
                                    self->config->name));
}

static void
on_link_opened (VgwEngineLink *link, VgwEngineCall *self)
{
  vgw_info (self->session_id, "engine %s: connected to %s", self->config->name, self->config->url);
  if (self->was_open)
    post (self, POST_STATUS, "engine-restored", NULL);
  self->was_open = TRUE;
  self->lost_at_us = 0;
  self->n_tries = 0;
  self->dialect->start (self->state);
  g_atomic_int_set (&self->is_open, TRUE);
  flush_audio (self);
}

static void
on_link_frame (VgwEngineLink *link, gboolean is_text, const guint8 *data, gulong length, VgwEngineCall *self)
{
  g_autoptr (GError) error = NULL;

  if (self->dialect->receive (self->state, is_text, data, length, &error))
    return;
  if (++self->n_violations <= MAX_LOGGED_VIOLATIONS)
    vgw_warning (self->session_id, "engine %s: %s", self->config->name, error ? error->message : "bad frame");
}

static void
on_link_closed (VgwEngineLink *link, const GError *error, VgwEngineCall *self)
{
  if (error != NULL)
    {
      handle_lost (self, g_error_copy (error));
      return;
    }
  vgw_info (self->session_id, "engine %s: closed by the bot", self->config->name);
  drop_link (self);
  post (self, POST_HANGUP, NULL, NULL);
}

static void
connect_link (VgwEngineCall *self)
{
  if (self->is_stopped)
    return;
  self->link = vgw_engine_link_new (self->config, self->dialect);
  g_signal_connect (self->link, "opened", G_CALLBACK (on_link_opened), self);
  g_signal_connect (self->link, "frame", G_CALLBACK (on_link_frame), self);
  g_signal_connect (self->link, "closed", G_CALLBACK (on_link_closed), self);
}

static void
start_on_thread (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (self->is_stopped)
    return;
  self->state = self->dialect->open (&self->facts, &handlers, self);
  self->lost_at_us = g_get_monotonic_time (); /* not connected yet counts towards the grace */
  connect_link (self);
}

typedef struct
{
  VgwEngineCall *call;
  char *reason;
} StopJob;

static void
stop_on_thread (gpointer user_data)
{
  StopJob *job = user_data;
  VgwEngineCall *self = job->call;

  self->is_stopped = TRUE;
  if (self->retry_timer != NULL)
    g_source_destroy (self->retry_timer);
  g_clear_pointer (&self->retry_timer, g_source_unref);
  if (g_atomic_int_get (&self->is_open))
    {
      flush_audio (self);
      if (self->link != NULL)
        self->dialect->stop (self->state, job->reason);
    }
  /* a flush that found the bot stalled has begun to connect again */
  if (self->retry_timer != NULL)
    g_source_destroy (self->retry_timer);
  g_clear_pointer (&self->retry_timer, g_source_unref);
  drop_link (self);
  g_clear_pointer (&self->state, self->dialect->free);
}

static void
free_stop_job (gpointer user_data)
{
  StopJob *job = user_data;

  vgw_engine_call_unref (job->call);
  g_free (job->reason);
  g_free (job);
}

/* --- from the main thread --------------------------------------------------------------------------------------------- */

VgwEngineCall *
vgw_engine_call_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect, VgwEngine *owner,
                     const VgwEngineStart *start)
{
  VgwEngineCall *self = g_new0 (VgwEngineCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->owner_lock);
  g_mutex_init (&self->ring_lock);
  self->io = io;
  self->config = vgw_engine_config_copy (config);
  self->dialect = dialect;
  self->owner = owner;
  self->session_id = g_strdup (start->session_id);
  self->client_address = g_strdup (start->client_address);
  self->facts = (VgwDialectCall){ self->session_id, self->client_address, NULL, start->format };
  self->max_buffered_samples = (gsize) start->format.rate_hz * config->buffer_ms / 1000;
  self->outgoing = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->spare = g_array_new (FALSE, FALSE, sizeof (gint16));
  return self;
}

void
vgw_engine_call_start (VgwEngineCall *self)
{
  post (self, POST_STATUS, "engine-connecting", NULL);
  vgw_engine_io_invoke (self->io, start_on_thread, call_ref (self), unref_job);
}

void
vgw_engine_call_push_audio (VgwEngineCall *self, const gint16 *samples, gsize n_samples)
{
  gboolean should_kick;
  gsize n_excess;

  g_mutex_lock (&self->ring_lock);
  g_array_append_vals (self->outgoing, samples, n_samples);
  n_excess = self->outgoing->len > self->max_buffered_samples ? self->outgoing->len - self->max_buffered_samples : 0;
  if (n_excess > 0)
    {
      g_array_remove_range (self->outgoing, 0, n_excess);
      if (self->n_dropped == 0)
        vgw_warning (self->session_id, "engine %s: the oldest of the caller's audio is being dropped, more than %u ms wait",
                     self->config->name, self->config->buffer_ms);
      self->n_dropped += n_excess;
    }
  should_kick = !self->is_kicked && g_atomic_int_get (&self->is_open);
  self->is_kicked |= should_kick;
  g_mutex_unlock (&self->ring_lock);
  if (should_kick)
    vgw_engine_io_invoke (self->io, flush_audio, call_ref (self), unref_job);
}

/* One thing to say to the bot. */
typedef struct
{
  VgwEngineCall *call;
  char *json; /* an event, or … */
  VgwPlayoutEvent *playout; /* … */
  char digit;               /* … */
  guint duration_ms;
  gboolean is_speaking; /* … else speech */
} SayJob;

static void
say_on_thread (gpointer user_data)
{
  SayJob *job = user_data;
  VgwEngineCall *self = job->call;

  if (!g_atomic_int_get (&self->is_open) || self->link == NULL)
    return; /* what was said while nobody listened is over */
  if (job->json != NULL && self->dialect->event != NULL)
    self->dialect->event (self->state, job->json);
  else if (job->playout != NULL && self->dialect->playout != NULL)
    self->dialect->playout (self->state, job->playout);
  else if (job->digit != '\0' && self->dialect->dtmf != NULL)
    self->dialect->dtmf (self->state, job->digit, job->duration_ms);
  else if (job->json == NULL && job->playout == NULL && job->digit == '\0' && self->dialect->speech != NULL)
    self->dialect->speech (self->state, job->is_speaking);
}

static void
free_say_job (gpointer user_data)
{
  SayJob *job = user_data;

  vgw_engine_call_unref (job->call);
  g_free (job->json);
  g_clear_pointer (&job->playout, vgw_playout_event_free);
  g_free (job);
}

static void
say (VgwEngineCall *self, const SayJob *what)
{
  SayJob *job = g_memdup2 (what, sizeof *what);

  job->call = call_ref (self);
  vgw_engine_io_invoke (self->io, say_on_thread, job, free_say_job);
}

void
vgw_engine_call_send_event (VgwEngineCall *self, const char *json)
{
  say (self, &(SayJob){ .json = g_strdup (json) });
}

void
vgw_engine_call_send_dtmf (VgwEngineCall *self, char digit, guint duration_ms)
{
  say (self, &(SayJob){ .digit = digit, .duration_ms = duration_ms });
}

void
vgw_engine_call_send_speech (VgwEngineCall *self, gboolean is_speaking)
{
  say (self, &(SayJob){ .is_speaking = is_speaking });
}

void
vgw_engine_call_send_playout (VgwEngineCall *self, const VgwPlayoutEvent *event)
{
  say (self, &(SayJob){ .playout = vgw_playout_event_copy (event) });
}

void
vgw_engine_call_stop (VgwEngineCall *self, const char *reason)
{
  StopJob *job;

  if (self->owner == NULL)
    return;
  g_mutex_lock (&self->owner_lock);
  self->owner = NULL;
  g_mutex_unlock (&self->owner_lock);
  job = g_new0 (StopJob, 1);
  job->call = call_ref (self);
  job->reason = g_strdup (reason);
  vgw_engine_io_invoke (self->io, stop_on_thread, job, free_stop_job);
}
