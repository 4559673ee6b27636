#include "engine/vgw-engine-assistant.h"

#include "base/vgw-json.h"
#include "engine/vgw-assistant-call.h"

/* Where the queue tells by a mark when it has played, the clock is only there for a mark that never comes. */
#define MARK_SLACK_MS 10000
#define MARK_NAME "assistant"

struct _VgwEngineAssistant
{
  VgwEngine parent_instance;

  VgwAssistantModels *models;
  VgwAssistantCall *call; /* set in start (), cleared in stop (), both while no push_audio () runs */
  guint rate_hz;

  /* main thread only */
  GMainContext *context;
  GSource *speech_end;     /* (nullable) while it speaks: when that is over at the latest */
  gint64 speech_end_us;    /* when the queue has played everything, if it plays in real time */
  gboolean has_marks;      /* the queue has answered a mark before */
  gboolean is_leaving;     /* it has said goodbye */
  gboolean is_interrupted; /* what it says is cleared, for the caller speaks */
};

G_DEFINE_TYPE (VgwEngineAssistant, vgw_engine_assistant, VGW_TYPE_ENGINE)

static void
clear_speech_end (VgwEngineAssistant *self)
{
  if (self->speech_end != NULL)
    g_source_destroy (self->speech_end);
  g_clear_pointer (&self->speech_end, g_source_unref);
}

static gboolean
on_speech_end (gpointer user_data)
{
  VgwEngineAssistant *self = user_data;

  clear_speech_end (self);
  if (self->is_leaving)
    vgw_engine_emit (VGW_ENGINE (self), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
  else if (self->call != NULL)
    vgw_assistant_call_listen (self->call, self->is_interrupted);
  return G_SOURCE_REMOVE;
}

/* The one place that knows when what was said has been heard. */
static void
expect_speech_end (VgwEngineAssistant *self, guint delay_ms)
{
  clear_speech_end (self);
  self->speech_end = g_timeout_source_new (delay_ms);
  g_source_set_callback (self->speech_end, on_speech_end, self, NULL);
  g_source_attach (self->speech_end, self->context);
}

static void
emit_transcript (VgwEngineAssistant *self, const char *role, const char *text, gboolean is_final)
{
  g_autoptr (JsonObject) event = json_object_new ();
  g_autofree char *json = NULL;

  json_object_set_string_member (event, "type", "transcript");
  json_object_set_string_member (event, "role", role);
  json_object_set_string_member (event, "text", text);
  if (is_final)
    json_object_set_boolean_member (event, "final", TRUE);
  json = vgw_json_object_to_text (event);
  vgw_engine_emit (VGW_ENGINE (self), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = json });
}

static void
on_heard (const char *text, gpointer user_data)
{
  emit_transcript (user_data, "user", text, TRUE);
}

static void
on_say (const char *text, const gint16 *samples, gsize n_samples, gboolean is_goodbye, gpointer user_data)
{
  VgwEngineAssistant *self = user_data;
  gint64 now_us = g_get_monotonic_time ();

  self->is_leaving = is_goodbye;
  self->is_interrupted = FALSE;
  self->speech_end_us = MAX (self->speech_end_us, now_us) + (gint64) n_samples * G_USEC_PER_SEC / self->rate_hz;
  expect_speech_end (self, (self->speech_end_us - now_us) / G_TIME_SPAN_MILLISECOND + VGW_ASSISTANT_ECHO_TAIL_MS
                               + (self->has_marks ? MARK_SLACK_MS : 0));
  vgw_engine_play (VGW_ENGINE (self), samples, n_samples);
  vgw_engine_emit (VGW_ENGINE (self), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = MARK_NAME });
  emit_transcript (self, "bot", text, FALSE);
}

static void
on_failed (const GError *error, gpointer user_data)
{
  vgw_engine_emit (user_data, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_FAILED, .error = error });
}

static gboolean
vgw_engine_assistant_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  static const VgwAssistantCallFuncs funcs = { on_heard, on_say, on_failed };
  VgwEngineAssistant *self = VGW_ENGINE_ASSISTANT (engine);

  self->rate_hz = start->format.rate_hz;
  self->context = g_main_context_ref_thread_default ();
  self->call = vgw_assistant_call_start (self->models, start->session_id, self->rate_hz, &funcs, self, error);
  return self->call != NULL;
}

static void
vgw_engine_assistant_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
  vgw_assistant_call_push (VGW_ENGINE_ASSISTANT (engine)->call, samples, n_samples);
}

/* A cleared queue is barge-in: the caller speaks, and is listened to at once. */
static void
vgw_engine_assistant_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  VgwEngineAssistant *self = VGW_ENGINE_ASSISTANT (engine);
  const VgwPlayoutEvent *event = input->playout;

  if (input->type != VGW_ENGINE_INPUT_PLAYOUT
      || (event->type != VGW_PLAYOUT_MARK && event->type != VGW_PLAYOUT_CLEARED))
    return;

  self->has_marks = TRUE;
  self->is_interrupted = event->type == VGW_PLAYOUT_CLEARED;
  self->speech_end_us = g_get_monotonic_time ();
  if (self->speech_end != NULL)
    expect_speech_end (self, event->type == VGW_PLAYOUT_MARK ? VGW_ASSISTANT_ECHO_TAIL_MS : 0);
}

static void
vgw_engine_assistant_stop (VgwEngine *engine, const char *reason)
{
  VgwEngineAssistant *self = VGW_ENGINE_ASSISTANT (engine);

  clear_speech_end (self);
  g_clear_pointer (&self->call, vgw_assistant_call_stop);
}

static void
vgw_engine_assistant_finalize (GObject *object)
{
  VgwEngineAssistant *self = VGW_ENGINE_ASSISTANT (object);

  g_clear_pointer (&self->context, g_main_context_unref);
  vgw_assistant_models_unref (self->models);
  G_OBJECT_CLASS (vgw_engine_assistant_parent_class)->finalize (object);
}

static void
vgw_engine_assistant_class_init (VgwEngineAssistantClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_engine_assistant_finalize;
  engine_class->start = vgw_engine_assistant_start;
  engine_class->push_audio = vgw_engine_assistant_push_audio;
  engine_class->takes_playout = TRUE;
  engine_class->handle = vgw_engine_assistant_handle;
  engine_class->stop = vgw_engine_assistant_stop;
}

static void
vgw_engine_assistant_init (VgwEngineAssistant *self)
{
}

VgwEngine *
vgw_engine_assistant_new (VgwAssistantModels *models)
{
  VgwEngineAssistant *self = g_object_new (VGW_TYPE_ENGINE_ASSISTANT, NULL);

  self->models = models != NULL ? vgw_assistant_models_ref (models) : vgw_assistant_models_new (NULL, NULL);
  return VGW_ENGINE (self);
}
