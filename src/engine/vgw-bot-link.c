/* Lock order: audio_lock alone; engine_lock, then the engine's own play lock. */
#include "engine/vgw-bot-link.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "base/vgw-mailbox.h"
#include "base/vgw-source.h"
#include "base/vgw-traceparent.h"
#include "engine/vgw-bot-channel.h"

#define FIRST_BACKOFF_MS 200
#define MAX_BACKOFF_MS 3000
#define MIN_CONNECT_TIMEOUT_MS 100      /* for the last attempt within the grace */
#define SETTLED_US (2 * G_USEC_PER_SEC) /* the loss of a shorter connection belongs to the same outage */
#define MAX_LOGGED_VIOLATIONS 10        /* per call: a bot cannot fill the log */
#define MAX_HELD_INPUTS 64              /* of the client, until there is a connection */
#define MAX_HELD_BYTES (64 * 1024)
#define MAX_PENDING_EVENTS 256 /* of the bot, not yet handled on the main thread */

typedef enum
{
  BOT_LINK_CONNECTING,
  BOT_LINK_OPEN,
  BOT_LINK_LEAVING, /* open, and the bot has hung up: its audio is dropped, the end of the connection is no loss */
  BOT_LINK_WAITING, /* for the next attempt */
  BOT_LINK_STOPPED, /* by the engine, by a bot that has hung up and closed, or after the last attempt */
} State;

static const char *const state_names[] = { "connecting", "open", "leaving", "waiting", "stopped" };

struct _VgwBotLink
{
  gatomicrefcount ref_count;

  /* constant */
  VgwEngineIo *io;
  VgwEngineConfig *config;
  const VgwDialect *dialect;
  VgwDialectCall call; /* its strings are owned */
  gsize max_waiting_samples;
  VgwMailbox *mailbox; /* to the engine */

  GMutex engine_lock;
  VgwEngine *engine; /* guarded by engine_lock; NULL once detached */

  GMutex audio_lock;
  GArray *outgoing;           /* guarded by audio_lock; gint16, the caller's audio */
  gboolean has_flush_job;     /* guarded by audio_lock */
  gboolean has_dropped_audio; /* guarded by audio_lock */

  gint state; /* atomic; State, written on the engine thread */

  /* engine thread */
  VgwWsChannel *channel;  /* while CONNECTING, OPEN, LEAVING */
  GSource *retry_timer;   /* while WAITING */
  gpointer dialect_state; /* from start () to stop () */
  GArray *spare;          /* gint16, empty: swapped with `outgoing` by a flush */
  VgwEngineStatus status; /* as last posted */
  gint64 started_us, connecting_us;
  gboolean has_played;
  gint64 settles_at_us;    /* OPEN: from then on, a loss begins a new outage */
  gint64 stall_ends_at_us; /* OPEN: when the bot counts as lost; G_MAXINT64 while it reads */
  gint64 give_up_at_us;    /* end of the grace of the present outage */
  guint n_tries;           /* in the present outage; 0: there was none */
  guint n_losses;          /* of settled connections */
  char *logged_reason;     /* (nullable) last one of the present outage */
  guint n_violations, n_large_events;
  GQueue held; /* VgwEngineInput*, of the client, until there is a connection */
  gsize n_held_bytes;
  gboolean has_dropped_input;
};

static gboolean on_retry (gpointer user_data);

static gboolean
has_connection (VgwBotLink *self)
{
  const int state = g_atomic_int_get (&self->state);

  return state == BOT_LINK_OPEN || state == BOT_LINK_LEAVING;
}

static void
set_state (VgwBotLink *self, State state)
{
  if (self->state == (gint) state)
    return;
  vgw_debug (self->call.session_id, "engine %s: %s → %s", self->config->name, state_names[self->state],
             state_names[state]);
  g_atomic_int_set (&self->state, state);
  vgw_source_clear (&self->retry_timer);
  if (self->channel == NULL || (state != BOT_LINK_WAITING && state != BOT_LINK_STOPPED))
    return;
  g_signal_handlers_disconnect_by_data (self->channel, self);
  vgw_ws_channel_close (self->channel, VGW_WS_CLOSE_NORMAL, NULL);
  g_clear_object (&self->channel);
}

/* --- to the engine --- */

/* FALSE, and @output is dropped, where too many events are pending. */
static gboolean
post (VgwBotLink *self, const VgwEngineOutput *output)
{
  return vgw_mailbox_post_bounded (
      self->mailbox, output->type == VGW_ENGINE_OUTPUT_EVENT ? MAX_PENDING_EVENTS : G_MAXUINT,
      (VgwMailboxFunc) vgw_engine_emit, vgw_engine_output_copy (output), (GDestroyNotify) vgw_engine_output_free);
}

static void
set_status (VgwBotLink *self, VgwEngineStatus status)
{
  self->status = status;
  post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS, .status = status });
}

static void
post_event (VgwBotLink *self, const VgwEngineOutput *output)
{
  const gsize length = strlen (output->json);
  VgwEngineOutput placed = *output;

  if (length <= VGW_EVENT_MAX_BYTES)
    {
      g_mutex_lock (&self->engine_lock);
      placed.place = self->engine != NULL ? vgw_engine_add_place (self->engine) : 0;
      g_mutex_unlock (&self->engine_lock);
      if (!post (self, &placed))
        {
          vgw_engine_io_count (self->io, VGW_ENGINE_COUNT_DROPPED_EVENTS, 1);
          vgw_debug (self->call.session_id, "engine %s: dropped an event: too many are queued", self->config->name);
        }
    }
  else if (self->n_large_events++ == 0) /* a bot cannot fill the log */
    vgw_warning (self->call.session_id, "engine %s: dropped an event of %zu bytes: the limit is %d", self->config->name,
                 length, VGW_EVENT_MAX_BYTES);
}

/* --- from the dialect --- */

static void
on_dialect_send (gboolean is_text, const guint8 *data, gsize length, gpointer user_data)
{
  VgwBotLink *self = user_data;

  if (vgw_ws_channel_send (self->channel, is_text, data, length))
    self->stall_ends_at_us = G_MAXINT64;
  else if (self->stall_ends_at_us == G_MAXINT64)
    self->stall_ends_at_us = g_get_monotonic_time () + (gint64) self->config->stall_ms * G_TIME_SPAN_MILLISECOND;
}

static void
on_dialect_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  VgwBotLink *self = user_data;

  if (self->state == BOT_LINK_LEAVING)
    return;
  if (!self->has_played)
    vgw_engine_io_observe (self->io, VGW_ENGINE_TIME_FIRST_AUDIO, g_get_monotonic_time () - self->started_us);
  self->has_played = TRUE;
  self->settles_at_us = MIN (self->settles_at_us, g_get_monotonic_time ());
  g_mutex_lock (&self->engine_lock);
  if (self->engine != NULL)
    vgw_engine_play (self->engine, samples, n_samples);
  g_mutex_unlock (&self->engine_lock);
}

static void
on_dialect_emit (const VgwEngineOutput *output, gpointer user_data)
{
  VgwBotLink *self = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
      g_mutex_lock (&self->engine_lock);
      if (self->engine != NULL)
        vgw_engine_emit (self->engine, output);
      g_mutex_unlock (&self->engine_lock);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      post_event (self, output);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      if (self->state == BOT_LINK_LEAVING) /* only once */
        break;
      set_state (self, BOT_LINK_LEAVING);
      post (self, output);
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_FAILED:
      g_warn_if_reached (); /* emitted by the link itself, not by a dialect */
      break;
    }
}

static const VgwDialectHandlers dialect_handlers = {
  .send = on_dialect_send,
  .play = on_dialect_play,
  .emit = on_dialect_emit,
};

/* --- outages --- */

/* Whether the present connection counts as a conversation: audio was played, or it has lasted. */
static gboolean
has_settled (VgwBotLink *self)
{
  return has_connection (self) && g_get_monotonic_time () >= self->settles_at_us;
}

/* Neither a bot that drops connections at once nor one that only sends a greeting gets a new grace each time. */
static void
count_loss (VgwBotLink *self)
{
  const gboolean is_new = has_settled (self);

  self->n_losses += is_new;
  if (!is_new && self->n_tries > 0)
    return;
  self->give_up_at_us = g_get_monotonic_time () + (gint64) self->config->grace_ms * G_TIME_SPAN_MILLISECOND;
  self->n_tries = 0;
}

static gint64
get_left_ms (VgwBotLink *self)
{
  return (self->give_up_at_us - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
}

static guint
compute_backoff_ms (VgwBotLink *self)
{
  guint backoff_ms = MIN (FIRST_BACKOFF_MS << MIN (self->n_tries, 8), MAX_BACKOFF_MS);

  self->n_tries++;
  return backoff_ms * g_random_double_range (0.75, 1.25); /* spreads the calls over time when a bot restarts */
}

/* Logs repeated losses for the same reason once, at info level; further ones at debug. */
static void
log_loss (VgwBotLink *self, const char *reason, guint backoff_ms)
{
  vgw_log (g_strcmp0 (reason, self->logged_reason) != 0 ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG,
           self->call.session_id, "%s; retrying in %u ms", reason, backoff_ms);
  g_free (self->logged_reason);
  self->logged_reason = g_strdup (reason);
}

/* The connection has failed or was lost; @cause (transfer full). */
static void
handle_lost (VgwBotLink *self, GError *cause)
{
  g_autoptr (GError) error = cause;
  guint backoff_ms;
  gint64 left_ms;

  if (self->state == BOT_LINK_LEAVING) /* expected: the remaining audio is played without the bot */
    {
      set_state (self, BOT_LINK_STOPPED);
      return;
    }
  vgw_engine_io_count (self->io, VGW_ENGINE_COUNT_FAILED_CONNECTIONS, 1);
  count_loss (self);
  left_ms = get_left_ms (self);
  if (self->status == VGW_ENGINE_STATUS_CONNECTED || self->status == VGW_ENGINE_STATUS_RESTORED)
    set_status (self, VGW_ENGINE_STATUS_LOST);
  if (self->n_losses > self->config->max_reconnects)
    g_prefix_error (&error, "lost %u times in this call: ", self->n_losses);
  if (left_ms <= 0 || self->n_losses > self->config->max_reconnects)
    {
      set_state (self, BOT_LINK_STOPPED);
      post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_FAILED, .error = error });
      return;
    }
  if (self->status == VGW_ENGINE_STATUS_CONNECTING)
    set_status (self, VGW_ENGINE_STATUS_UNREACHABLE);
  backoff_ms = MIN (compute_backoff_ms (self), left_ms);
  log_loss (self, error->message, backoff_ms);
  set_state (self, BOT_LINK_WAITING);
  self->retry_timer = vgw_source_start_timer (backoff_ms, on_retry, self);
}

/* --- the caller's audio --- */

/* Sends the queued audio to the bot, where there is a connection. */
static void
flush_audio (gpointer user_data)
{
  VgwBotLink *self = user_data;
  GArray *audio;

  g_mutex_lock (&self->audio_lock);
  self->has_flush_job = FALSE;
  if (!has_connection (self))
    {
      g_mutex_unlock (&self->audio_lock);
      return;
    }
  audio = self->outgoing;
  self->outgoing = self->spare;
  g_mutex_unlock (&self->audio_lock);

  if (audio->len > 0)
    self->dialect->audio (self->dialect_state, (const gint16 *) audio->data, audio->len);
  g_array_set_size (audio, 0);
  self->spare = audio;
  if (g_get_monotonic_time () > self->stall_ends_at_us)
    handle_lost (self,
                 g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s does not read its audio", self->config->name));
}

void
vgw_bot_link_push_audio (VgwBotLink *self, const gint16 *samples, gsize n_samples)
{
  gboolean needs_flush;

  if (g_atomic_int_get (&self->state) == BOT_LINK_STOPPED)
    return;
  g_mutex_lock (&self->audio_lock);
  g_array_append_vals (self->outgoing, samples, n_samples);
  if (self->outgoing->len > self->max_waiting_samples)
    {
      gsize n_dropped = self->outgoing->len - self->max_waiting_samples;

      g_array_remove_range (self->outgoing, 0, (guint) n_dropped);
      vgw_engine_io_count (self->io, VGW_ENGINE_COUNT_DROPPED_AUDIO_MS, n_dropped * 1000 / self->call.format.rate_hz);
      if (!self->has_dropped_audio)
        vgw_warning (self->call.session_id, "engine %s: dropping the oldest caller audio: more than %u ms is buffered",
                     self->config->name, self->config->buffer_ms);
      self->has_dropped_audio = TRUE;
    }
  needs_flush = !self->has_flush_job && has_connection (self);
  self->has_flush_job |= needs_flush;
  g_mutex_unlock (&self->audio_lock);
  if (needs_flush)
    vgw_engine_io_invoke (self->io, flush_audio, vgw_bot_link_ref (self), (GDestroyNotify) vgw_bot_link_unref);
}

/* --- the connection --- */

static void
on_channel_opened (VgwWsChannel *channel, VgwBotLink *self)
{
  VgwEngineInput *input;

  vgw_info (self->call.session_id, "engine %s: connected", self->config->name);
  vgw_engine_io_observe (self->io, VGW_ENGINE_TIME_CONNECT, g_get_monotonic_time () - self->connecting_us);
  set_status (self,
              self->status == VGW_ENGINE_STATUS_CONNECTING ? VGW_ENGINE_STATUS_CONNECTED : VGW_ENGINE_STATUS_RESTORED);
  self->settles_at_us = g_get_monotonic_time () + SETTLED_US;
  self->stall_ends_at_us = G_MAXINT64;
  g_clear_pointer (&self->logged_reason, g_free);
  self->dialect->start (self->dialect_state);
  set_state (self, BOT_LINK_OPEN);
  while ((input = g_queue_pop_head (&self->held)) != NULL)
    {
      if (has_connection (self))
        self->dialect->handle (self->dialect_state, input);
      vgw_engine_input_free (input);
    }
  self->n_held_bytes = 0;
  flush_audio (self);
}

static void
on_channel_message (VgwWsChannel *channel, gboolean is_text, const guint8 *data, gulong length, VgwBotLink *self)
{
  g_autoptr (GError) error = NULL;

  if (self->dialect->receive (self->dialect_state, is_text, data, length, &error))
    return;
  if (++self->n_violations <= MAX_LOGGED_VIOLATIONS)
    vgw_warning (self->call.session_id, "engine %s: %s", self->config->name,
                 error != NULL ? error->message : "bad frame");
}

/* A telephony protocol cannot resume a call: a connection that ends in a conversation is a hang-up. */
static gboolean
is_hangup (VgwBotLink *self, VgwWsEnd how)
{
  switch (how)
    {
    case VGW_WS_END_ORDERLY:
      return TRUE;
    case VGW_WS_END_LOST:
      return self->dialect->is_telephony && has_settled (self);
    case VGW_WS_END_FAILED:
      return FALSE;
    }
  return FALSE;
}

static void
on_channel_closed (VgwWsChannel *channel, int how, const GError *error, VgwBotLink *self)
{
  if (!is_hangup (self, how))
    {
      GError *owned = g_error_copy (error);

      g_prefix_error (&owned, "engine %s, ", self->config->name);
      handle_lost (self, owned);
      return;
    }
  if (error != NULL)
    vgw_info (self->call.session_id, "engine %s, %s; treated as a hang-up", self->config->name, error->message);
  else
    vgw_info (self->call.session_id, "engine %s: closed by the bot", self->config->name);
  on_dialect_emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self);
  set_state (self, BOT_LINK_STOPPED);
}

/* Back-pressure: while the playout queue is full, the bot is not read. */
static gboolean
may_read (gpointer user_data)
{
  VgwBotLink *self = user_data;
  gboolean is_full;

  g_mutex_lock (&self->engine_lock);
  is_full = self->engine != NULL && vgw_engine_is_full (self->engine);
  g_mutex_unlock (&self->engine_lock);
  return !is_full;
}

static void
connect_channel (VgwBotLink *self, guint timeout_ms)
{
  self->connecting_us = g_get_monotonic_time ();
  self->channel =
      vgw_bot_channel_new (self->io, self->config, self->dialect, self->call.traceparent, timeout_ms, may_read, self);
  g_signal_connect (self->channel, "opened", G_CALLBACK (on_channel_opened), self);
  g_signal_connect (self->channel, "message", G_CALLBACK (on_channel_message), self);
  g_signal_connect (self->channel, "closed", G_CALLBACK (on_channel_closed), self);
}

static gboolean
on_retry (gpointer user_data)
{
  VgwBotLink *self = user_data;
  const gint64 left_ms = MAX (get_left_ms (self), MIN_CONNECT_TIMEOUT_MS);

  set_state (self, BOT_LINK_CONNECTING);
  connect_channel (self, MIN (self->config->connect_timeout_ms, left_ms));
  return G_SOURCE_REMOVE;
}

/* --- life --- */

VgwBotLink *
vgw_bot_link_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect, VgwEngine *engine,
                  const VgwEngineStart *start)
{
  VgwBotLink *self = g_new0 (VgwBotLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->engine_lock);
  g_mutex_init (&self->audio_lock);
  self->io = io;
  self->config = vgw_engine_config_copy (config);
  self->dialect = dialect;
  self->engine = engine;
  self->mailbox = vgw_mailbox_new (G_OBJECT (engine));
  self->call = (VgwDialectCall){ .session_id = g_strdup (start->session_id),
                                 .client_address = g_strdup (start->client_address),
                                 .identity = g_strdup (start->identity),
                                 .metadata = g_strdup (start->metadata),
                                 .traceparent = g_strdup (start->traceparent),
                                 .trace_id = vgw_traceparent_get_trace_id (start->traceparent),
                                 .format = start->format,
                                 .origin = g_strdup (start->origin),
                                 .user_agent = g_strdup (start->user_agent),
                                 .parameters = (const char *const *) g_strdupv ((char **) start->parameters) };
  self->max_waiting_samples = (gsize) start->format.rate_hz * config->buffer_ms / 1000;
  self->outgoing = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->spare = g_array_new (FALSE, FALSE, sizeof (gint16));
  return self;
}

VgwBotLink *
vgw_bot_link_ref (VgwBotLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_bot_link_unref (VgwBotLink *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_warn_if_fail (self->channel == NULL && self->dialect_state == NULL);
  g_queue_clear_full (&self->held, (GDestroyNotify) vgw_engine_input_free);
  g_array_unref (self->outgoing);
  g_array_unref (self->spare);
  vgw_mailbox_unref (self->mailbox);
  vgw_engine_config_free (self->config);
  g_free ((char *) self->call.session_id);
  g_free ((char *) self->call.client_address);
  g_free ((char *) self->call.identity);
  g_free ((char *) self->call.metadata);
  g_free ((char *) self->call.traceparent);
  g_free ((char *) self->call.trace_id);
  g_free ((char *) self->call.origin);
  g_free ((char *) self->call.user_agent);
  g_strfreev ((char **) self->call.parameters);
  g_free (self->logged_reason);
  g_mutex_clear (&self->engine_lock);
  g_mutex_clear (&self->audio_lock);
  g_free (self);
}

void
vgw_bot_link_detach (VgwBotLink *self)
{
  g_mutex_lock (&self->engine_lock);
  self->engine = NULL;
  g_mutex_unlock (&self->engine_lock);
  vgw_mailbox_close (self->mailbox);
}

void
vgw_bot_link_start (VgwBotLink *self)
{
  set_status (self, VGW_ENGINE_STATUS_CONNECTING);
  self->started_us = g_get_monotonic_time ();
  self->dialect_state = self->dialect->open (&self->call, &dialect_handlers, self);
  connect_channel (self, self->config->connect_timeout_ms);
}

/* What the client says once, and in order: it waits for a connection. */
static void
hold_input (VgwBotLink *self, const VgwEngineInput *input)
{
  gsize n_bytes = input->type == VGW_ENGINE_INPUT_EVENT ? strlen (input->json) : 0;

  if (g_queue_get_length (&self->held) < MAX_HELD_INPUTS && self->n_held_bytes + n_bytes <= MAX_HELD_BYTES)
    {
      self->n_held_bytes += n_bytes;
      g_queue_push_tail (&self->held, vgw_engine_input_copy (input));
      return;
    }
  vgw_engine_io_count (self->io, VGW_ENGINE_COUNT_DROPPED_EVENTS, 1);
  if (!self->has_dropped_input)
    vgw_warning (self->call.session_id, "engine %s: dropping events of the client: too many wait for a connection",
                 self->config->name);
  self->has_dropped_input = TRUE;
}

void
vgw_bot_link_handle (VgwBotLink *self, const VgwEngineInput *input)
{
  if (input->type == VGW_ENGINE_INPUT_PAUSED || input->type == VGW_ENGINE_INPUT_RESUMED)
    self->call.is_paused = input->type == VGW_ENGINE_INPUT_PAUSED; /* also for a connection that comes later */
  if (self->dialect->handle == NULL)
    return;
  if (has_connection (self))
    self->dialect->handle (self->dialect_state, input);
  else if (self->state != BOT_LINK_STOPPED
           && (input->type == VGW_ENGINE_INPUT_EVENT || input->type == VGW_ENGINE_INPUT_DTMF))
    hold_input (self, input);
}

void
vgw_bot_link_stop (VgwBotLink *self, const char *reason)
{
  flush_audio (self);
  if (has_connection (self)) /* flush_audio () may have ended it */
    self->dialect->stop (self->dialect_state, reason);
  set_state (self, BOT_LINK_STOPPED);
  g_clear_pointer (&self->dialect_state, self->dialect->free);
}
