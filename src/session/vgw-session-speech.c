/* The engine of a session, both ways of its voice, and what it hears of them.
 *
 * The engine's output works on the playout queue alone, on any thread, and needs no session. What the queue has to say
 * comes back through the mailbox: one post for however many events. */
#include "session/vgw-session-private.h"

#include "base/vgw-log.h"

#define MAX_EVENTS_PER_TURN 256 /* of the main loop: an engine that floods its queue with marks waits, nobody else */
#define SPEECH_STARTED "{\"type\":\"speech-started\"}"
#define SPEECH_STOPPED "{\"type\":\"speech-stopped\"}"
#define MARK_REFUSED "{\"type\":\"error\",\"code\":\"too-large\",\"message\":\"a mark was dropped\"}"

/* --- the engine's voice; any thread --- */

typedef struct
{
  VgwPlayout *playout;
  VgwMailbox *mailbox;
} Mouth;

static Mouth *
mouth_new (VgwSession *self)
{
  Mouth *mouth = g_new (Mouth, 1);

  mouth->playout = vgw_playout_ref (vgw_bridge_get_playout (self->bridge));
  mouth->mailbox = vgw_mailbox_ref (self->mailbox);
  return mouth;
}

static void
mouth_free (gpointer data)
{
  Mouth *mouth = data;

  vgw_playout_unref (mouth->playout);
  vgw_mailbox_unref (mouth->mailbox);
  g_free (mouth);
}

/* Main thread. */
static void
tell_mark_refused (gpointer object, gpointer payload)
{
  VgwSession *self = object;

  if (self->has_refused_mark || self->engine == NULL)
    return;
  self->has_refused_mark = TRUE;
  vgw_engine_send_event (self->engine, MARK_REFUSED);
}

static void
play_to_caller (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (((Mouth *) user_data)->playout, samples, n_samples);
}

static void
mark_for_engine (const char *name, gpointer user_data)
{
  Mouth *mouth = user_data;

  if (!vgw_playout_mark (mouth->playout, name))
    vgw_mailbox_post_bounded (mouth->mailbox, 1, tell_mark_refused, NULL, NULL);
}

static void
clear_for_engine (gpointer user_data)
{
  vgw_playout_clear (((Mouth *) user_data)->playout);
}

static void
hold_for_engine (gboolean is_held, gpointer user_data)
{
  vgw_playout_hold (((Mouth *) user_data)->playout, VGW_PLAYOUT_HOLD_ENGINE, is_held);
}

static gboolean
is_full_for_engine (gpointer user_data)
{
  return vgw_playout_is_full (((Mouth *) user_data)->playout);
}

static const VgwEngineOutput engine_output = { .play = play_to_caller,
                                               .mark = mark_for_engine,
                                               .clear = clear_for_engine,
                                               .hold = hold_for_engine,
                                               .is_full = is_full_for_engine };

/* On a streaming thread. */
static void
hear_caller (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_engine_push_audio (user_data, samples, n_samples);
}

/* --- what became of it --- */

/* Main thread. The engine may end the session at each event. */
static void
take_playout_events (gpointer object, gpointer payload)
{
  VgwSession *self = object;
  g_autoptr (VgwPlayout) playout = NULL;

  if (self->bridge == NULL)
    return;
  playout = vgw_playout_ref (vgw_bridge_get_playout (self->bridge));
  for (guint i = 0; i < MAX_EVENTS_PER_TURN && self->engine != NULL; i++)
    {
      g_autoptr (VgwPlayoutEvent) event = vgw_playout_take_event (playout);

      if (event == NULL)
        return;
      vgw_engine_playout_event (self->engine, event);
      if (event->type == VGW_PLAYOUT_CLEARED)
        vgw_session_tell_cleared (self, event);
    }
  if (self->mailbox != NULL) /* an event may have ended the session */
    vgw_mailbox_post (self->mailbox, take_playout_events, NULL, NULL);
}

/* Any thread. */
static void
on_playout_notify (gpointer user_data)
{
  vgw_mailbox_post (user_data, take_playout_events, NULL, NULL);
}

/* An engine that does not listen costs nothing. */
static void
watch_playout (VgwSession *self)
{
  VgwPlayout *playout = vgw_bridge_get_playout (self->bridge);

  if (VGW_ENGINE_GET_CLASS (self->engine)->playout_event != NULL)
    vgw_playout_set_notify (playout, on_playout_notify, vgw_mailbox_ref (self->mailbox),
                            (GDestroyNotify) vgw_mailbox_unref);
  else
    vgw_playout_set_notify (playout, NULL, NULL, NULL);
}

/* --- the engine's signals --- */

static void
on_engine_event (VgwEngine *engine, const char *json, gpointer user_data)
{
  vgw_session_take_engine_event (user_data, json);
}

static void
on_engine_status (VgwEngine *engine, const char *status, gpointer user_data)
{
  vgw_session_take_engine_status (user_data, status);
}

static void
on_engine_failed (VgwEngine *engine, const GError *error, gpointer user_data)
{
  vgw_session_take_engine_failure (user_data, error);
}

static void
on_engine_hangup (VgwEngine *engine, gpointer user_data)
{
  vgw_session_take_engine_hangup (user_data);
}

/* --- the caller speaks --- */

/* Acts on what the caller hears, without waiting for the engine. */
static void
barge_in (VgwSession *self, gboolean is_speaking)
{
  VgwPlayout *playout = vgw_bridge_get_playout (self->bridge);
  VgwPlayoutStats stats;

  switch (self->barge_in)
    {
    case VGW_BARGE_IN_NONE:
      break;
    case VGW_BARGE_IN_DUCK:
      vgw_playout_duck (playout, is_speaking);
      break;
    case VGW_BARGE_IN_PAUSE:
      vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, is_speaking);
      break;
    case VGW_BARGE_IN_FLUSH:
      vgw_playout_get_stats (playout, &stats);
      if (is_speaking && stats.queued_ms > 0) /* with nothing to drop an engine hears of no CLEARED */
        vgw_playout_clear (playout);
      break;
    }
}

static void
on_speech_changed (gboolean is_speaking, gpointer user_data)
{
  g_autoptr (VgwSession) self = g_object_ref (user_data);

  if (self->state != VGW_SESSION_ACTIVE)
    return;
  barge_in (self, is_speaking);
  if (self->engine != NULL)
    vgw_engine_speech_changed (self->engine, is_speaking);
  if (!vgw_session_is_over (self)) /* the engine may have ended it */
    vgw_session_tell_client (self, is_speaking ? SPEECH_STARTED : SPEECH_STOPPED);
}

static gint64
get_last_audio_us (gpointer user_data)
{
  VgwSession *self = user_data;
  VgwBridgeHeard heard;

  vgw_bridge_get_heard (self->bridge, &heard);
  return heard.last_us;
}

static gboolean
may_be_echo (gpointer user_data)
{
  VgwSession *self = user_data;

  return vgw_bridge_may_hear_echo (self->bridge, self->echo_margin_db);
}

void
vgw_session_hear_voice (VgwSession *self, gboolean has_voice)
{
  self->has_voice = has_voice;
  if (self->voice != NULL)
    vgw_speech_detector_update (self->voice, has_voice);
}

/* A pipeline that has begun without a detector gets none later, so one that a fallback may want is kept. */
static gboolean
may_want_voice (const VgwEngineConfig *config)
{
  const char *fallback;

  return vgw_engine_config_get_on_failure (config, &fallback) == VGW_ON_FAILURE_FALLBACK;
}

/* Detection costs, so it runs only where something is done about it. */
static void
watch_voice (VgwSession *self, const VgwEngineConfig *config)
{
  gboolean is_wanted = config->barge_in != VGW_BARGE_IN_NONE || VGW_ENGINE_GET_CLASS (self->engine)->speech_changed;

  barge_in (self, FALSE); /* of the engine before */
  self->barge_in = config->barge_in;
  self->echo_margin_db = config->echo_margin_db;
  g_clear_pointer (&self->voice, vgw_speech_detector_free);
  if (is_wanted && config->speech_start_ms > 0)
    {
      self->voice = vgw_speech_detector_new (config->speech_start_ms, config->speech_stop_ms, on_speech_changed,
                                             get_last_audio_us, self);
      vgw_speech_detector_set_doubt_func (self->voice, may_be_echo);
    }
  vgw_session_hear_voice (self, self->has_voice);
  vgw_bridge_set_wants_voice (self->bridge, self->voice != NULL || may_want_voice (config));
}

void
vgw_session_forget_speech (VgwSession *self)
{
  gboolean was_speaking = self->voice != NULL && vgw_speech_detector_is_speaking (self->voice);

  g_clear_pointer (&self->voice, vgw_speech_detector_free);
  if (was_speaking)
    vgw_session_tell_client (self, SPEECH_STOPPED);
}

/* --- life --- */

/* What is built in needs no buffer for what a network does to it, and an echo must come back at once. A recorder may
 * have anything in it. */
static gboolean
is_behind_network (const VgwEngineConfig *config)
{
  return *config->url != '\0' || (g_str_equal (config->type, "record") && *config->wraps != '\0');
}

static VgwPlayoutOverflow
to_playout_overflow (VgwOverflow overflow)
{
  switch (overflow)
    {
    case VGW_OVERFLOW_WAIT:
      return VGW_PLAYOUT_KEEP;
    case VGW_OVERFLOW_OLDEST:
      return VGW_PLAYOUT_DROP_OLDEST;
    case VGW_OVERFLOW_NEWEST:
      return VGW_PLAYOUT_DROP_NEWEST;
    }
  g_return_val_if_reached (VGW_PLAYOUT_KEEP);
}

void
vgw_session_use_engine (VgwSession *self, VgwEngine *engine, const VgwEngineConfig *config)
{
  const VgwSessionContext *context = self->context;

  if (self->bridge == NULL)
    {
      self->mailbox = vgw_mailbox_new (G_OBJECT (self));
      self->bridge = vgw_bridge_new (vgw_media_get_pacer (context->media), &(VgwAudioFormat){ config->sample_rate_hz },
                                     config->max_playout_ms);
      vgw_playout_set_session_id (vgw_bridge_get_playout (self->bridge), self->id);
    }
  vgw_playout_set_bound (vgw_bridge_get_playout (self->bridge), config->max_playout_ms,
                         to_playout_overflow (config->overflow));
  vgw_playout_set_real_time (vgw_bridge_get_playout (self->bridge), is_behind_network (config), config->prebuffer_ms);
  self->engine = engine;
  vgw_engine_set_output (engine, &engine_output, mouth_new (self), mouth_free);
  g_signal_connect (engine, "event", G_CALLBACK (on_engine_event), self);
  g_signal_connect (engine, "status", G_CALLBACK (on_engine_status), self);
  g_signal_connect (engine, "failed", G_CALLBACK (on_engine_failed), self);
  g_signal_connect (engine, "hangup", G_CALLBACK (on_engine_hangup), self);
  watch_playout (self);
  watch_voice (self, config);
}

gboolean
vgw_session_make_speech (VgwSession *self, GError **error)
{
  VgwEngine *engine;

  if (self->bridge != NULL)
    return TRUE;

  engine = vgw_engine_create (self->engine_config, &self->context->engine_shared, error);
  if (engine == NULL)
    return FALSE;
  vgw_session_use_engine (self, engine, self->engine_config);
  return TRUE;
}

gboolean
vgw_session_start_engine (VgwSession *self, GError **error)
{
  g_auto (GStrv) parameters = vgw_grant_pick_parameters (self->grant, self->engine_config, self->id);
  const VgwEngineStart start = { .session_id = self->id,
                                 .client_address = self->grant->address,
                                 .format = *vgw_bridge_get_format (self->bridge),
                                 .origin = self->grant->origin,
                                 .user_agent = self->grant->user_agent,
                                 .parameters = (const char *const *) parameters };

  if (!vgw_engine_start (self->engine, &start, error))
    return FALSE;
  if (!vgw_session_is_over (self))
    vgw_bridge_set_audio_func (self->bridge, hear_caller, g_object_ref (self->engine), g_object_unref);
  return TRUE;
}

void
vgw_session_drop_engine (VgwSession *self, const char *reason)
{
  VgwPlayout *playout;

  if (self->engine == NULL)
    return;
  playout = vgw_bridge_get_playout (self->bridge);
  vgw_bridge_set_audio_func (self->bridge, NULL, NULL, NULL);
  vgw_playout_set_notify (playout, NULL, NULL, NULL);
  g_signal_handlers_disconnect_by_data (self->engine, self);
  vgw_engine_stop (self->engine, reason);
  g_clear_object (&self->engine);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE); /* who held it is gone */
}

void
vgw_session_drop_speech (VgwSession *self, const char *reason)
{
  g_clear_pointer (&self->voice, vgw_speech_detector_free);
  vgw_session_drop_engine (self, reason);
  if (self->mailbox != NULL)
    vgw_mailbox_close (self->mailbox);
  g_clear_object (&self->bridge);
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
}
