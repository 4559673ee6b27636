/* What a bot says, on its way into the call. */
#include "engine/vgw-engine-call-private.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define MAX_PENDING_EVENTS 256 /* of the bot, not yet seen by the main thread */

typedef struct
{
  VgwEngineCall *call;
  VgwEnginePost type;
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
    case VGW_ENGINE_POST_EVENT:
      g_signal_emit_by_name (owner, "event", post->text);
      break;
    case VGW_ENGINE_POST_STATUS:
      g_signal_emit_by_name (owner, "status", post->text);
      break;
    case VGW_ENGINE_POST_HANGUP:
      g_signal_emit_by_name (owner, "hangup");
      break;
    case VGW_ENGINE_POST_FAILED:
      g_signal_emit_by_name (owner, "failed", post->error);
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
free_post (gpointer user_data)
{
  Post *post = user_data;

  if (post->type == VGW_ENGINE_POST_EVENT)
    g_atomic_int_add (&post->call->n_pending_events, -1);
  vgw_engine_call_unref (post->call);
  g_free (post->text);
  g_clear_error (&post->error);
  g_free (post);
}

void
vgw_engine_call_post (VgwEngineCall *self, VgwEnginePost type, const char *text, GError *error)
{
  Post *job = g_new0 (Post, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  *job = (Post){ vgw_engine_call_ref (self), type, g_strdup (text), error };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_post, job, free_post);
  g_source_attach (source, NULL);
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
  if (g_atomic_int_add (&self->n_pending_events, 1) >= MAX_PENDING_EVENTS)
    {
      g_atomic_int_add (&self->n_pending_events, -1);
      vgw_debug (self->session_id, "engine %s: dropped an event, too many are waiting", self->config->name);
      return;
    }
  vgw_engine_call_post (self, VGW_ENGINE_POST_EVENT, json, NULL);
}

static void
on_dialect_hangup (gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (self->has_hung_up) /* once is enough, whatever a bot sends */
    return;
  self->has_hung_up = TRUE;
  vgw_engine_call_post (self, VGW_ENGINE_POST_HANGUP, NULL, NULL);
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
