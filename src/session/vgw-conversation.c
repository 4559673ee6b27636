/* The engine's output works on the playout queue alone, on any thread (vgw-playout-sink.h); what becomes of it comes
 * back through the watch. */
#include "session/vgw-conversation.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "session/vgw-event-filter.h"
#include "session/vgw-playout-drain.h"
#include "session/vgw-playout-watch.h"

#define SPEECH_STARTED "{\"type\":\"speech-started\"}"
#define SPEECH_STOPPED "{\"type\":\"speech-stopped\"}"
#define EVENT_REFUSED "{\"type\":\"error\",\"code\":\"too-large\",\"message\":\"an event was dropped\"}"

static const VgwPlayoutOverflow playout_overflows[] = {
  [VGW_OVERFLOW_WAIT] = VGW_PLAYOUT_KEEP,
  [VGW_OVERFLOW_OLDEST] = VGW_PLAYOUT_DROP_OLDEST,
  [VGW_OVERFLOW_NEWEST] = VGW_PLAYOUT_DROP_NEWEST,
};

struct _VgwConversation
{
  GObject parent_instance;

  const VgwSessionContext *context;
  const VgwGrant *grant;
  const char *session_id;
  VgwConversationFunc func;
  gpointer user_data;
  enum
  {
    CONVERSATION_NEW,
    CONVERSATION_STARTED,
    CONVERSATION_OVER, /* its end is reported, HUNG_UP or FAILED: nothing begins any more */
    CONVERSATION_STOPPED,
  } state;

  const VgwEngineConfig *config; /* NULL before prepare () */
  VgwEngine *engine;             /* (nullable) */
  VgwBridge *bridge;             /* from prepare () to stop () */
  VgwCallerSpeech *speech;       /* as long as the bridge */
  VgwPlayoutWatch *watch;        /* as long as the bridge */
  gboolean has_moments;          /* they are reported */
  gboolean is_deaf;
  VgwPlayoutDrain *drain; /* (nullable) the engine has hung up, and what it said is being heard */
  VgwCallStats stats;     /* of them audio as last read, counts */

  VgwEventFilter client_events, engine_events;
};

G_DEFINE_FINAL_TYPE (VgwConversation, vgw_conversation, G_TYPE_OBJECT)

/* --- reports --- */

static void
report (VgwConversation *self, VgwConversationReportType type)
{
  self->func (&(VgwConversationReport){ .type = type }, self->user_data);
}

static gboolean
report_event (VgwConversation *self, VgwConversationReportType type, const char *json)
{
  return self->func (&(VgwConversationReport){ .type = type, .json = json }, self->user_data);
}

static void
report_error (VgwConversation *self, VgwConversationReportType type, const GError *error)
{
  self->func (&(VgwConversationReport){ .type = type, .error = error }, self->user_data);
}

static void
report_moment (VgwConversation *self, VgwMomentType type)
{
  const VgwMoment moment = { .type = type };

  self->func (&(VgwConversationReport){ VGW_CONVERSATION_MOMENT, .moment = &moment }, self->user_data);
}

/* HUNG_UP, or FAILED with an @error: once. The parent may stop the conversation later. */
static void
report_end (VgwConversation *self, VgwConversationReportType type, const GError *error)
{
  if (self->state != CONVERSATION_STARTED)
    return;
  self->state = CONVERSATION_OVER;
  report_error (self, type, error);
}

/* An event of the gateway. @engine (nullable): a name in it. */
static void
report_notice (VgwConversation *self, const char *type, const char *engine)
{
  g_autoptr (JsonObject) event = json_object_new ();
  g_autofree char *json = NULL;

  json_object_set_string_member (event, "type", type);
  if (engine != NULL)
    json_object_set_string_member (event, "engine", engine);
  json = vgw_json_object_to_text (event);
  report_event (self, VGW_CONVERSATION_NOTICE, json);
}

/* --- audio --- */

/* On a streaming thread. */
static void
push_to_engine (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_engine_push_audio (user_data, samples, n_samples);
}

/* --- the caller speaks --- */

static void
report_speech (VgwConversation *self, gboolean is_speaking)
{
  if (self->has_moments)
    report_moment (self, is_speaking ? VGW_MOMENT_CALLER_STARTED : VGW_MOMENT_CALLER_STOPPED);
  else
    report_event (self, VGW_CONVERSATION_NOTICE, is_speaking ? SPEECH_STARTED : SPEECH_STOPPED);
}

static void
on_speech_changed (const VgwVoice *speech, gpointer user_data)
{
  g_autoptr (VgwConversation) self = g_object_ref (user_data);

  if (vgw_caller_speech_has_barged_in (self->speech))
    vgw_media_observe_time (self->context->media, VGW_MEDIA_TIME_BARGE_IN, g_get_monotonic_time () - speech->audio_us);
  vgw_playout_watch_handle_speech (self->watch, speech);
  if (self->engine != NULL)
    vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = speech->has_voice });
  if (self->state == CONVERSATION_STARTED) /* the engine may have hung up */
    report_speech (self, speech->has_voice);
}

/* --- the engine --- */

/* @engine (nullable): without one the caller is still recorded. */
static void
connect_audio (VgwConversation *self, VgwEngine *engine)
{
  if (self->bridge == NULL) /* the engine has hung up */
    return;
  if (engine != NULL && !self->is_deaf)
    vgw_bridge_set_audio_func (self->bridge, push_to_engine, g_object_ref (engine), g_object_unref);
  else
    vgw_bridge_set_audio_func (self->bridge, self->is_deaf ? NULL : vgw_bridge_ignore_audio, NULL, NULL);
}

/* What waits to be heard stays. */
static void
drop_engine (VgwConversation *self, const char *reason)
{
  VgwPlayout *playout;

  if (self->engine == NULL)
    return;
  playout = vgw_bridge_get_playout (self->bridge);
  connect_audio (self, NULL);
  vgw_playout_watch_set_engine (self->watch, NULL, NULL, NULL);
  vgw_engine_stop (self->engine, reason);
  g_clear_object (&self->engine);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE); /* nothing else ends its hold */
}

/* Errors: VGW_ERROR_ENGINE. */
static gboolean
start_engine (VgwConversation *self, GError **error)
{
  if (!vgw_grant_start_engine (self->grant, self->engine, self->config, self->session_id,
                               vgw_bridge_get_format (self->bridge), error))
    return FALSE;
  connect_audio (self, self->engine);
  return TRUE;
}

/* Errors: those of making and starting it. */
static gboolean
start_fallback (VgwConversation *self, GError **error)
{
  VgwEngine *engine = vgw_engine_create (self->config, &self->context->engine_shared, error);

  if (engine == NULL)
    return FALSE;
  vgw_conversation_use_engine (self, engine, self->config);
  return start_engine (self, error);
}

/* The engine has failed, or could not be started: another one takes over, the call goes on without one, or it ends.
 * Fallbacks end: a circle of them is refused when the configuration is loaded. */
static void
handle_failure (VgwConversation *self, const GError *error)
{
  const char *session_id = self->session_id;
  g_autoptr (VgwConversation) keep = g_object_ref (self);
  g_autoptr (GError) cause = g_error_copy (error);
  const VgwEngineConfig *next;
  VgwVoice speech = { FALSE };
  gboolean had_speech, is_started;
  const char *fallback;

  if (self->state != CONVERSATION_STARTED)
    return;
  self->stats.counts.engine_failures++;
  while ((next = vgw_engine_config_find_fallback (self->config, self->context->engine_shared.engines)) != NULL)
    {
      vgw_warning (session_id, "engine %s failed (%s); continuing with engine %s", self->config->name, cause->message,
                   next->name);
      drop_engine (self, "engine");
      self->config = next;
      had_speech = vgw_caller_speech_stop (self->speech); /* the next engine is notified of it from its beginning */
      g_clear_error (&cause);
      is_started = start_fallback (self, &cause);
      if (is_started && self->state == CONVERSATION_STARTED) /* now events reach the new engine */
        report_notice (self, "engine-fallback", next->name);
      speech.audio_us = speech.engine_us = g_get_monotonic_time ();
      if (had_speech && self->watch != NULL)
        vgw_playout_watch_handle_speech (self->watch, &speech);
      if (had_speech && self->state == CONVERSATION_STARTED)
        report_speech (self, FALSE);
      if (self->state == CONVERSATION_STARTED)
        report (self, VGW_CONVERSATION_ENGINE_CHANGED);
      if (is_started || self->state != CONVERSATION_STARTED)
        return;
    }
  if (vgw_engine_config_get_on_failure (self->config, &fallback) != VGW_ON_FAILURE_HOLD)
    {
      report_end (self, VGW_CONVERSATION_FAILED, cause);
      return;
    }
  vgw_warning (session_id, "engine %s failed (%s); the call continues without an engine", self->config->name,
               cause->message);
  drop_engine (self, "engine");
  report_notice (self, "engine-failed", NULL);
}

static void
handle_engine_event (VgwConversation *self, const char *json, guint64 place)
{
  g_autoptr (GError) error = NULL;

  if ((vgw_event_filter_is_control (json) || vgw_event_filter_pass (&self->engine_events, strlen (json), &error))
      && !report_event (self, VGW_CONVERSATION_ENGINE_EVENT, json))
    error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE,
                                 "the client does not read its events fast enough; some were dropped");
  if (error == NULL)
    {
      if (self->has_moments && self->watch != NULL)
        vgw_playout_watch_follow (self->watch, json, place);
      return;
    }
  vgw_event_filter_drop (&self->engine_events, self->session_id, "engine", error);
  if (self->engine_events.n_dropped == 1 && self->engine != NULL) /* once, or the answer were the next flood */
    vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = EVENT_REFUSED });
}

static void
on_drained (guint n_unheard_ms, gpointer user_data)
{
  VgwConversation *self = user_data;

  if (n_unheard_ms > 0)
    vgw_warning (self->session_id, "engine %s hung up; %u ms of its audio were not played in time", self->config->name,
                 n_unheard_ms);
  report_end (self, VGW_CONVERSATION_HUNG_UP, NULL);
}

/* What the engine said before it hung up is heard first. */
static void
handle_hangup (VgwConversation *self)
{
  VgwPlayoutStats stats;

  if (self->drain != NULL)
    return;
  vgw_playout_get_stats (vgw_bridge_get_playout (self->bridge), &stats);
  if (self->config->hangup == VGW_HANGUP_NOW || (stats.queued_ms == 0 && stats.played_ms == 0))
    {
      report_end (self, VGW_CONVERSATION_HUNG_UP, NULL);
      return;
    }
  vgw_info (self->session_id, "engine %s hung up; playing its last %u ms of audio", self->config->name,
            stats.queued_ms);
  self->drain =
      vgw_playout_drain_new (vgw_bridge_get_playout (self->bridge), VGW_PLAYOUT_DRAIN_SLACK_MS, on_drained, self);
}

static void
handle_output (const VgwEngineOutput *output, gpointer user_data)
{
  VgwConversation *self = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_EVENT:
      handle_engine_event (self, output->json, output->place);
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
      vgw_info (self->session_id, "engine %s: %s", self->config->name, vgw_engine_status_to_string (output->status));
      report_notice (self, vgw_engine_status_to_string (output->status), NULL);
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      handle_failure (self, output->error);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      handle_hangup (self);
      break;
    case VGW_ENGINE_OUTPUT_MARK:
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
      break; /* the playout queue's */
    }
}

/* With the rate of the first engine; one that takes over has to have the same. */
static void
make_bridge (VgwConversation *self)
{
  const VgwEngineConfig *config = self->config;

  self->bridge = vgw_bridge_new (vgw_media_get_pacer (self->context->media),
                                 &(VgwAudioFormat){ config->sample_rate_hz }, config->max_playout_ms);
  vgw_playout_set_session_id (vgw_bridge_get_playout (self->bridge), self->session_id);
  self->speech = vgw_caller_speech_new (self->bridge, on_speech_changed, self);
  self->watch =
      vgw_playout_watch_new (vgw_bridge_get_playout (self->bridge),
                             &(VgwPlayoutWatchSetup){ self->func, self->user_data,
                                                      self->context->limits.max_events_per_second, self->has_moments });
}

void
vgw_conversation_use_engine (VgwConversation *self, VgwEngine *engine, const VgwEngineConfig *config)
{
  VgwPlayout *playout;

  g_return_if_fail (VGW_IS_CONVERSATION (self));
  g_return_if_fail (VGW_IS_ENGINE (engine));

  drop_engine (self, "replaced");
  self->config = config;
  self->engine = engine;
  if (self->bridge == NULL)
    make_bridge (self);
  playout = vgw_bridge_get_playout (self->bridge);
  vgw_playout_set_bound (playout, config->max_playout_ms, playout_overflows[config->overflow]);
  vgw_playout_set_may_speed_up (playout, config->may_speed_up);
  if (vgw_engine_config_is_behind_network (config))
    vgw_playout_set_pace (playout, VGW_PLAYOUT_AUTO, config->prebuffer_ms);
  else
    vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  vgw_playout_watch_set_engine (self->watch, engine, handle_output, self);
  vgw_caller_speech_configure (self->speech, config, self->has_moments || VGW_ENGINE_GET_CLASS (engine)->takes_speech);
  vgw_playout_watch_set_turns (self->watch, vgw_caller_speech_is_detected (self->speech));
}

/* --- the client --- */

/* An event after the start. */
static void
pass_event (VgwConversation *self, const char *json)
{
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (GError) error = NULL;

  if (vgw_event_filter_pass (&self->client_events, strlen (json), &error))
    object = vgw_json_parse_object (json, strlen (json), &error);
  if (object != NULL && self->engine != NULL)
    vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = json });
  else if (object == NULL && vgw_event_filter_drop (&self->client_events, self->session_id, "client", error))
    report_error (self, VGW_CONVERSATION_EVENT_REFUSED, error);
}

void
vgw_conversation_handle_event (VgwConversation *self, const char *json)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (VGW_IS_CONVERSATION (self));

  switch (self->state)
    {
    case CONVERSATION_NEW:
      if (!vgw_event_filter_hold (&self->client_events, json, &error)
          && vgw_event_filter_drop (&self->client_events, self->session_id, "client", error))
        report_error (self, VGW_CONVERSATION_EVENT_REFUSED, error);
      break;
    case CONVERSATION_STARTED:
      pass_event (self, json);
      break;
    case CONVERSATION_OVER:
    case CONVERSATION_STOPPED:
      break;
    }
}

void
vgw_conversation_handle_dtmf (VgwConversation *self, char digit, guint duration_ms)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));

  self->stats.counts.keys++;
  report (self, VGW_CONVERSATION_KEY);
  if (self->state == CONVERSATION_STARTED && self->engine != NULL)
    vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { digit, duration_ms } });
}

void
vgw_conversation_interrupt (VgwConversation *self)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));

  if (self->state == CONVERSATION_STARTED)
    vgw_playout_clear (vgw_bridge_get_playout (self->bridge));
}

void
vgw_conversation_get_levels (VgwConversation *self, double *caller, double *bot)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));

  *caller = *bot = 0;
  if (self->bridge != NULL)
    vgw_bridge_get_levels (self->bridge, caller, bot);
}

/* --- life --- */

void
vgw_conversation_watch_moments (VgwConversation *self)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));
  g_return_if_fail (self->bridge == NULL);

  self->has_moments = TRUE;
}

gboolean
vgw_conversation_prepare (VgwConversation *self, GError **error)
{
  VgwEngine *engine;

  g_return_val_if_fail (VGW_IS_CONVERSATION (self), FALSE);

  if (self->bridge != NULL)
    return TRUE;
  self->config = self->grant->engine;
  engine = vgw_engine_create (self->config, &self->context->engine_shared, error);
  if (engine == NULL)
    return FALSE;
  vgw_conversation_use_engine (self, engine, self->config);
  return TRUE;
}

gboolean
vgw_conversation_start (VgwConversation *self)
{
  g_autoptr (VgwConversation) keep = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (VGW_IS_CONVERSATION (self), FALSE);
  g_return_val_if_fail (self->bridge != NULL, FALSE);

  if (self->state != CONVERSATION_NEW)
    return FALSE;
  keep = g_object_ref (self);
  self->state = CONVERSATION_STARTED;
  if (!start_engine (self, &error))
    handle_failure (self, error);
  if (self->state == CONVERSATION_STARTED) /* else it failed or hung up while it was started */
    report (self, VGW_CONVERSATION_STARTED);
  while (self->state == CONVERSATION_STARTED)
    {
      g_autofree char *json = vgw_event_filter_take_held (&self->client_events);

      if (json == NULL)
        break;
      pass_event (self, json);
    }
  return TRUE;
}

void
vgw_conversation_stop (VgwConversation *self, const char *reason)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));

  if (self->state == CONVERSATION_STOPPED)
    return;
  self->state = CONVERSATION_STOPPED;
  if (self->bridge != NULL)
    vgw_bridge_get_call_stats (self->bridge, &self->stats);
  if (self->client_events.n_dropped > 0 || self->engine_events.n_dropped > 0)
    vgw_info (self->session_id, "events dropped client=%" G_GUINT64_FORMAT " engine=%" G_GUINT64_FORMAT,
              self->client_events.n_dropped, self->engine_events.n_dropped);
  g_clear_pointer (&self->drain, vgw_playout_drain_free);
  g_clear_pointer (&self->speech, vgw_caller_speech_free);
  drop_engine (self, reason);
  if (self->watch != NULL)
    vgw_playout_watch_stop (self->watch);
  g_clear_object (&self->watch);
  g_clear_object (&self->bridge);
  vgw_event_filter_clear (&self->client_events);
}

static void
vgw_conversation_dispose (GObject *object)
{
  vgw_conversation_stop (VGW_CONVERSATION (object), "error");
  G_OBJECT_CLASS (vgw_conversation_parent_class)->dispose (object);
}

static void
vgw_conversation_class_init (VgwConversationClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_conversation_dispose;
}

static void
vgw_conversation_init (VgwConversation *self)
{
  vgw_call_stats_init (&self->stats);
  memset (&self->stats.audio, 0, sizeof self->stats.audio);
  memset (&self->stats.counts, 0, sizeof self->stats.counts);
}

VgwConversation *
vgw_conversation_new (const VgwSessionContext *context, const VgwGrant *grant, const char *session_id,
                      VgwConversationFunc func, gpointer user_data)
{
  VgwConversation *self = g_object_new (VGW_TYPE_CONVERSATION, NULL);
  const VgwEventFilter filter = {
    .max_per_second = context->limits.max_events_per_second,
    .max_bytes = context->limits.max_message_bytes,
  };

  self->context = context;
  self->grant = grant;
  self->session_id = session_id;
  self->func = func;
  self->user_data = user_data;
  self->client_events = filter;
  self->engine_events = filter;
  return self;
}

void
vgw_conversation_set_hearing (VgwConversation *self, gboolean is_hearing)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));
  self->is_deaf = !is_hearing;
  connect_audio (self, self->engine);
}

const VgwEngineConfig *
vgw_conversation_get_config (VgwConversation *self)
{
  g_return_val_if_fail (VGW_IS_CONVERSATION (self), NULL);
  return self->config != NULL ? self->config : self->grant->engine;
}

VgwEngine *
vgw_conversation_get_engine (VgwConversation *self)
{
  g_return_val_if_fail (VGW_IS_CONVERSATION (self), NULL);
  return self->engine;
}

VgwCallerSpeech *
vgw_conversation_get_speech (VgwConversation *self)
{
  g_return_val_if_fail (VGW_IS_CONVERSATION (self), NULL);
  return self->speech;
}

VgwBridge *
vgw_conversation_get_bridge (VgwConversation *self)
{
  g_return_val_if_fail (VGW_IS_CONVERSATION (self), NULL);
  return self->bridge;
}

void
vgw_conversation_get_call_stats (VgwConversation *self, VgwCallStats *stats)
{
  g_return_if_fail (VGW_IS_CONVERSATION (self));
  if (self->bridge != NULL)
    vgw_bridge_get_call_stats (self->bridge, &self->stats);
  stats->audio = self->stats.audio;
  stats->setup.first_audio_ms = self->stats.setup.first_audio_ms;
  stats->counts = self->stats.counts;
}
