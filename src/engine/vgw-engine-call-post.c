/* What a bot says, on its way into the call. */
#include "engine/vgw-engine-call-private.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define MAX_PENDING_EVENTS 256 /* of the bot, not yet seen by the main thread */

static void
emit_post (gpointer engine, gpointer output)
{
  vgw_engine_emit (engine, output);
}

gboolean
vgw_engine_call_post (VgwEngineCall *self, const VgwEngineOutput *output)
{
  const gboolean is_event = output->type == VGW_ENGINE_OUTPUT_EVENT;

  return vgw_mailbox_post_bounded (self->mailbox, is_event ? MAX_PENDING_EVENTS : G_MAXUINT, emit_post,
                                   vgw_engine_output_copy (output), (GDestroyNotify) vgw_engine_output_free);
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
post_event (VgwEngineCall *self, const char *json)
{
  if (strlen (json) > VGW_EVENT_MAX_BYTES)
    {
      if (self->n_large_events++ == 0) /* a bot cannot fill the log */
        vgw_warning (self->session_id, "engine %s: dropped an event of %zu bytes, at most %d are taken",
                     self->config->name, strlen (json), VGW_EVENT_MAX_BYTES);
      return;
    }
  if (!vgw_engine_call_post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = json }))
    vgw_debug (self->session_id, "engine %s: dropped an event, too many are waiting", self->config->name);
}

static void
on_dialect_emit (const VgwEngineOutput *output, gpointer user_data)
{
  VgwEngineCall *self = user_data;

  if (output->type == VGW_ENGINE_OUTPUT_EVENT)
    post_event (self, output->json);
  else if (output->type == VGW_ENGINE_OUTPUT_HANGUP && !self->has_hung_up)
    {
      self->has_hung_up = TRUE;
      vgw_engine_call_post (self, output);
    }
  else if (output->type != VGW_ENGINE_OUTPUT_HANGUP)
    {
      g_mutex_lock (&self->owner_lock);
      if (self->owner != NULL)
        vgw_engine_emit (self->owner, output);
      g_mutex_unlock (&self->owner_lock);
    }
}

const VgwDialectHandlers vgw_engine_call_handlers = {
  .send = on_dialect_send,
  .play = on_dialect_play,
  .emit = on_dialect_emit,
};
