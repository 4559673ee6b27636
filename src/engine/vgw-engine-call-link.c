/* The connection of a call: made, lost, found again. Engine thread. */
#include "engine/vgw-engine-call-private.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"

#define FIRST_BACKOFF_MS 200
#define MAX_BACKOFF_MS 3000
#define MIN_CONNECT_TIMEOUT_MS 100      /* for the last try within the grace */
#define SETTLED_US (2 * G_USEC_PER_SEC) /* a connection that lasted shorter is part of the same trouble */
#define MAX_LOGGED_VIOLATIONS 10        /* a bot cannot fill the log */

static void connect_link (VgwEngineCall *self, guint timeout_ms);

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

static gint64
get_left_ms (VgwEngineCall *self)
{
  return self->config->grace_ms - (g_get_monotonic_time () - self->lost_at_us) / G_TIME_SPAN_MILLISECOND;
}

static gboolean
on_retry (gpointer user_data)
{
  VgwEngineCall *self = user_data;
  gint64 left_ms = MAX (get_left_ms (self), MIN_CONNECT_TIMEOUT_MS);

  vgw_source_clear (&self->retry_timer);
  connect_link (self, MIN (self->config->connect_timeout_ms, left_ms));
  return G_SOURCE_REMOVE;
}

static guint
compute_backoff_ms (VgwEngineCall *self)
{
  guint backoff_ms = MIN (FIRST_BACKOFF_MS << MIN (self->n_tries, 8), MAX_BACKOFF_MS);

  self->n_tries++;
  return backoff_ms * g_random_double_range (0.75, 1.25); /* or a bot that restarts gets all calls at once */
}

/* Whether the present connection has become a conversation: the caller has heard something, or it has lasted. */
static gboolean
has_settled (VgwEngineCall *self)
{
  return self->opened_at_us != 0 && (self->has_spoken || g_get_monotonic_time () - self->opened_at_us > SETTLED_US);
}

/* A bot that takes calls and drops them at once does not get a new grace each time, and one that greets and goes away
 * does not greet for ever. */
static void
begin_trouble (VgwEngineCall *self)
{
  gboolean is_new = has_settled (self);

  self->n_losses += is_new;
  if (is_new || self->lost_at_us == 0)
    {
      self->lost_at_us = g_get_monotonic_time ();
      self->n_tries = 0;
    }
  self->opened_at_us = 0;
  if (!self->was_open || self->is_lost)
    return;
  self->is_lost = TRUE;
  vgw_engine_call_post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS, .status = VGW_ENGINE_STATUS_LOST });
}

/* The first try has failed, and there will be more: the caller is not left to speak into nothing. */
static void
tell_unreachable (VgwEngineCall *self)
{
  if (self->was_open || self->is_lost)
    return;
  self->is_lost = TRUE;
  vgw_engine_call_post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS, .status = VGW_ENGINE_STATUS_UNREACHABLE });
}

/* The same reason again is no news: a bot that stays away has one line in the log, and one more when it has failed. */
static void
tell_lost (VgwEngineCall *self, const char *reason, guint backoff_ms)
{
  gboolean is_news = g_strcmp0 (reason, self->told_reason) != 0;

  if (is_news)
    vgw_warning (self->session_id, "%s; trying again in %u ms", reason, backoff_ms);
  else
    vgw_debug (self->session_id, "%s; trying again in %u ms", reason, backoff_ms);
  g_free (self->told_reason);
  self->told_reason = g_strdup (reason);
}

/* Takes @error: why there is no connection now. */
static void
handle_lost (VgwEngineCall *self, GError *error)
{
  guint backoff_ms;
  gint64 left_ms;

  drop_link (self);
  if (self->has_hung_up) /* what is to be heard is heard, and the bot is not needed for that */
    {
      g_error_free (error);
      return;
    }
  begin_trouble (self);
  left_ms = get_left_ms (self);
  if (self->n_losses > self->config->max_reconnects)
    g_prefix_error (&error, "lost %u times in this call: ", self->n_losses);
  if (left_ms <= 0 || self->n_losses > self->config->max_reconnects)
    {
      vgw_engine_call_post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_FAILED, .error = error });
      g_error_free (error);
      return;
    }
  tell_unreachable (self);
  backoff_ms = MIN (compute_backoff_ms (self), left_ms);
  tell_lost (self, error->message, backoff_ms);
  g_error_free (error);
  self->retry_timer = vgw_source_start_timer (backoff_ms, on_retry, self);
}

void
vgw_engine_call_flush_audio (gpointer user_data)
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
  if (self->stalled_at_us != 0
      && g_get_monotonic_time () - self->stalled_at_us > (gint64) self->config->stall_ms * 1000)
    handle_lost (self,
                 g_error_new (VGW_ERROR, VGW_ERROR_ENGINE, "engine %s does not take its audio", self->config->name));
}

static void
on_link_opened (VgwEngineLink *link, VgwEngineCall *self)
{
  vgw_info (self->session_id, "engine %s: connected", self->config->name);
  if (self->is_lost || !self->was_open)
    vgw_engine_call_post (
        self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS,
                                  .status = self->is_lost ? VGW_ENGINE_STATUS_RESTORED : VGW_ENGINE_STATUS_CONNECTED });
  self->was_open = TRUE;
  self->is_lost = FALSE;
  self->has_spoken = FALSE;
  self->opened_at_us = g_get_monotonic_time ();
  g_clear_pointer (&self->told_reason, g_free);
  self->dialect->start (self->state);
  g_atomic_int_set (&self->is_open, TRUE);
  vgw_engine_call_flush_audio (self);
}

static void
on_link_frame (VgwEngineLink *link, gboolean is_text, const guint8 *data, gulong length, VgwEngineCall *self)
{
  g_autoptr (GError) error = NULL;

  if (self->dialect->receive (self->state, is_text, data, length, &error))
    return;
  if (++self->n_violations <= MAX_LOGGED_VIOLATIONS)
    vgw_warning (self->session_id, "engine %s: %s", self->config->name, error != NULL ? error->message : "bad frame");
}

/* A bot of a telephony protocol has no call to take up again: where it goes away in a conversation, it has hung up. */
static gboolean
is_hangup (VgwEngineCall *self, VgwEngineLinkEnd how)
{
  switch (how)
    {
    case VGW_ENGINE_LINK_CLOSED:
      return TRUE;
    case VGW_ENGINE_LINK_ENDED:
      return self->dialect->is_telephony && has_settled (self);
    case VGW_ENGINE_LINK_FAILED:
      return FALSE;
    }
  return FALSE;
}

static void
on_link_closed (VgwEngineLink *link, int how, const GError *error, VgwEngineCall *self)
{
  if (!is_hangup (self, how))
    {
      handle_lost (self, g_error_copy (error));
      return;
    }
  if (error != NULL)
    vgw_info (self->session_id, "%s; taken as a hang-up", error->message);
  else
    vgw_info (self->session_id, "engine %s: closed by the bot", self->config->name);
  drop_link (self);
  vgw_engine_call_handlers.emit (&(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP }, self);
}

/* Nothing is dropped of what a bot says: where too much waits, the bot waits. */
static gboolean
may_read (gpointer user_data)
{
  VgwEngineCall *self = user_data;
  gboolean is_full;

  g_mutex_lock (&self->owner_lock);
  is_full = self->owner != NULL && vgw_engine_is_full (self->owner);
  g_mutex_unlock (&self->owner_lock);
  return !is_full;
}

static void
connect_link (VgwEngineCall *self, guint timeout_ms)
{
  self->link = vgw_engine_link_new (self->io, self->config, self->dialect, timeout_ms);
  vgw_engine_link_set_may_read_func (self->link, may_read, self);
  g_signal_connect (self->link, "opened", G_CALLBACK (on_link_opened), self);
  g_signal_connect (self->link, "frame", G_CALLBACK (on_link_frame), self);
  g_signal_connect (self->link, "closed", G_CALLBACK (on_link_closed), self);
}

void
vgw_engine_call_start_on_thread (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (self->is_stopped)
    return;
  self->state = self->dialect->open (&self->facts, &vgw_engine_call_handlers, self);
  connect_link (self, self->config->connect_timeout_ms);
}

void
vgw_engine_call_stop_on_thread (VgwEngineCall *self, const char *reason)
{
  self->is_stopped = TRUE;
  vgw_source_clear (&self->retry_timer);
  if (g_atomic_int_get (&self->is_open))
    {
      vgw_engine_call_flush_audio (self);
      if (self->link != NULL)
        self->dialect->stop (self->state, reason);
    }
  vgw_source_clear (&self->retry_timer); /* a flush that found the bot stalled was going to connect again */
  drop_link (self);
  g_clear_pointer (&self->state, self->dialect->free);
}
