/* The engine of a session and both ways of its voice. */
#include "session/vgw-session-private.h"

static void
on_engine_event (VgwEngine *engine, const char *json, gpointer user_data)
{
  VgwSession *self = user_data;

  if (self->peer == NULL || !vgw_peer_send_event (self->peer, json))
    vgw_session_emit (self, vgw_message_new_event (json));
}

static void
on_engine_failed (VgwEngine *engine, const GError *error, gpointer user_data)
{
  vgw_session_fail (user_data, VGW_END_ENGINE, error);
}

static void
on_engine_hangup (VgwEngine *engine, gpointer user_data)
{
  vgw_session_end (user_data, VGW_END_ENGINE);
}

/* Any thread. */
static void
play_to_caller (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (user_data, samples, n_samples);
}

static const VgwEngineOutput engine_output = { .play = play_to_caller };

/* On a streaming thread. */
static void
hear_caller (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_engine_push_audio (user_data, samples, n_samples);
}

gboolean
vgw_session_make_speech (VgwSession *self, GError **error)
{
  const VgwSessionContext *context = self->context;

  if (self->engine != NULL)
    return TRUE;

  self->engine = vgw_engine_create (context->engine_type, &context->engine_settings, error);
  if (self->engine == NULL)
    return FALSE;
  self->bridge = vgw_bridge_new (vgw_media_get_pacer (context->media), &context->format,
                                 context->limits.max_playout_ms);
  /* the engine's voice needs no session: it may come on any thread */
  vgw_engine_set_output (self->engine, &engine_output, vgw_playout_ref (vgw_bridge_get_playout (self->bridge)),
                         (GDestroyNotify) vgw_playout_unref);
  g_signal_connect (self->engine, "event", G_CALLBACK (on_engine_event), self);
  g_signal_connect (self->engine, "failed", G_CALLBACK (on_engine_failed), self);
  g_signal_connect (self->engine, "hangup", G_CALLBACK (on_engine_hangup), self);
  return TRUE;
}

gboolean
vgw_session_start_speech (VgwSession *self, GError **error)
{
  const VgwEngineStart start = { self->id, self->client_address, self->context->format };

  if (!vgw_engine_start (self->engine, &start, error))
    return FALSE;
  if (!vgw_session_is_over (self))
    vgw_bridge_set_audio_func (self->bridge, hear_caller, g_object_ref (self->engine), g_object_unref);
  return TRUE;
}

void
vgw_session_drop_speech (VgwSession *self, const char *reason)
{
  if (self->bridge != NULL)
    vgw_bridge_set_audio_func (self->bridge, NULL, NULL, NULL);
  if (self->engine != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->engine, self);
      vgw_engine_stop (self->engine, reason);
    }
  g_clear_object (&self->engine);
  g_clear_object (&self->bridge);
}
