/* What a bot says, on its way into the call. */
#include "engine/vgw-engine-call-private.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define MAX_PENDING_EVENTS 256 /* of the bot, not yet seen by the main thread */

static void
emit_event (gpointer engine, gpointer json)
{
  g_signal_emit_by_name (engine, "event", json);
}

static void
emit_status (gpointer engine, gpointer status)
{
  g_signal_emit_by_name (engine, "status", status);
}

static void
emit_hangup (gpointer engine, gpointer payload)
{
  g_signal_emit_by_name (engine, "hangup");
}

static void
emit_failed (gpointer engine, gpointer error)
{
  g_signal_emit_by_name (engine, "failed", error);
}

void
vgw_engine_call_post_status (VgwEngineCall *self, const char *status)
{
  vgw_mailbox_post (self->mailbox, emit_status, g_strdup (status), g_free);
}

void
vgw_engine_call_post_failed (VgwEngineCall *self, GError *error)
{
  vgw_mailbox_post (self->mailbox, emit_failed, error, (GDestroyNotify) g_error_free);
}

/* --- the dialect's handlers; engine thread ------------------------------------------------------------------------ */

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

  if (self->has_hung_up) /* what comes behind a goodbye is not heard */
    return;
  self->has_spoken = TRUE;
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

  if (strlen (json) > VGW_EVENT_MAX_BYTES)
    {
      if (self->n_large_events++ == 0) /* a bot cannot fill the log */
        vgw_warning (self->session_id, "engine %s: dropped an event of %zu bytes, at most %d are taken",
                     self->config->name, strlen (json), VGW_EVENT_MAX_BYTES);
      return;
    }
  if (!vgw_mailbox_post_bounded (self->mailbox, MAX_PENDING_EVENTS, emit_event, g_strdup (json), g_free))
    vgw_debug (self->session_id, "engine %s: dropped an event, too many are waiting", self->config->name);
}

static void
on_dialect_hangup (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (self->has_hung_up) /* once is enough, whatever a bot sends */
    return;
  self->has_hung_up = TRUE;
  vgw_mailbox_post (self->mailbox, emit_hangup, NULL, NULL);
}

const VgwDialectHandlers vgw_engine_call_handlers = {
  .send = on_dialect_send,
  .play = on_dialect_play,
  .mark = on_dialect_mark,
  .clear = on_dialect_clear,
  .pause = on_dialect_pause,
  .event = on_dialect_event,
  .hangup = on_dialect_hangup,
};
