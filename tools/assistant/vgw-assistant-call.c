#include "assistant/vgw-assistant-call.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "assistant/vgw-assistant-dialogue.h"
#include "assistant/vgw-assistant-listener.h"
#include "assistant/vgw-assistant-resampler.h"
#include "assistant/vgw-assistant-speaker.h"
#include "assistant/vgw-assistant-sphinx.h"

/* The audio kept from before an interruption: the caller has spoken for that long when `cleared` arrives
 * (engine.speech-start-ms and the time of the detection). */
#define RECENT_MS 1000

struct _VgwAssistantCall
{
  gatomicrefcount ref_count; /* the owner's, the thread's, and one for each message under way */
  VgwAssistantModels *models;
  char *session_id;
  guint rate_hz;
  gboolean should_greet;
  GMainContext *context;

  /* main thread only */
  VgwAssistantCallFuncs funcs;
  gpointer user_data;
  gboolean is_stopped;

  GMutex lock;
  GCond wake;
  GArray *queue;           /* guarded by lock; gint16 at the session's rate */
  gboolean is_speaking;    /* guarded by lock; input may be its own echo: only the last of it is kept in the queue */
  gboolean should_stop;    /* guarded by lock */
  guint64 dropped_samples; /* guarded by lock */

  /* the call's thread only */
  VgwAssistantListener *listener;
  VgwAssistantResampler *resampler; /* to the recogniser's rate */
  VgwAssistantMode mode;
  GArray *batch; /* swapped with `queue` */
  GArray *voice; /* at the recogniser's rate, with an incomplete block at its end */
};

/* From the call's thread to the main thread. */
typedef struct
{
  VgwAssistantCall *call;
  char *understood; /* (nullable) */
  char *text;       /* (nullable) of `speech` */
  GArray *speech;
  gboolean is_goodbye;
  GError *error; /* (nullable) */
} Message;

static void
call_unref (VgwAssistantCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  vgw_assistant_models_unref (self->models);
  g_main_context_unref (self->context);
  g_array_unref (self->queue);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_free (self->session_id);
  g_free (self);
}

static void
message_free (Message *message)
{
  call_unref (message->call);
  g_free (message->understood);
  g_free (message->text);
  g_clear_pointer (&message->speech, g_array_unref);
  g_clear_error (&message->error);
  g_free (message);
}

/* Each function may end the call: the message holds a reference, and is_stopped is checked again. */
static gboolean
deliver (gpointer user_data)
{
  Message *message = user_data;
  VgwAssistantCall *self = message->call;

  if (message->understood != NULL && !self->is_stopped)
    self->funcs.understood (message->understood, self->user_data);
  if (message->text != NULL && !self->is_stopped)
    self->funcs.say (message->text, (const gint16 *) message->speech->data, message->speech->len, message->is_goodbye,
                     self->user_data);
  if (message->error != NULL && !self->is_stopped)
    self->funcs.failed (message->error, self->user_data);
  return G_SOURCE_REMOVE;
}

/* @message (transfer full) */
static void
post (VgwAssistantCall *self, Message *message)
{
  GSource *source = g_idle_source_new ();

  g_atomic_ref_count_inc (&self->ref_count);
  message->call = self;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, deliver, message, (GDestroyNotify) message_free);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

/* --- the call's thread --- */

static gboolean
should_go_on (VgwAssistantCall *self)
{
  gboolean should_stop;

  g_mutex_lock (&self->lock);
  should_stop = self->should_stop;
  g_mutex_unlock (&self->lock);
  return !should_stop;
}

static void
fail (VgwAssistantCall *self, GError *error)
{
  Message *message = g_new0 (Message, 1);

  message->error = error;
  post (self, message);
}

/* Stops recognition until vgw_assistant_call_listen (), and adds @text and its speech to @message. */
static void
say (VgwAssistantCall *self, Message *message, const char *text)
{
  g_mutex_lock (&self->lock);
  self->is_speaking = TRUE;
  g_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->lock);

  vgw_assistant_listener_reset (self->listener);
  g_array_set_size (self->voice, 0);
  message->text = g_strdup (text);
  message->speech = vgw_assistant_speak (text, self->rate_hz);
}

static void
answer (VgwAssistantCall *self, const char *words, VgwAssistantVerdict verdict)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (VgwAssistantReply) reply = NULL;
  Message *message;

  switch (verdict)
    {
    case VGW_ASSISTANT_VERDICT_COMMAND:
      reply = vgw_assistant_dialogue_answer_command (words, now);
      break;
    case VGW_ASSISTANT_VERDICT_DICTATION:
      reply = vgw_assistant_dialogue_answer_dictation (words, self->mode == VGW_ASSISTANT_MODE_DICTATION);
      break;
    case VGW_ASSISTANT_VERDICT_UNSURE:
      reply = vgw_assistant_dialogue_ask_again (words, self->mode == VGW_ASSISTANT_MODE_DICTATION);
      break;
    }
  if (reply->text == NULL)
    return;

  self->mode = reply->asks_for_text ? VGW_ASSISTANT_MODE_DICTATION : VGW_ASSISTANT_MODE_COMMAND;
  message = g_new0 (Message, 1);
  message->understood = g_strdup (words);
  message->is_goodbye = reply->is_goodbye;
  say (self, message, reply->text);
  post (self, message);
}

static gboolean
understand (VgwAssistantCall *self, GArray *utterance)
{
  GError *error = NULL;
  VgwAssistantVerdict verdict;
  g_autofree char *words = vgw_assistant_models_recognise (self->models, self->mode, (const gint16 *) utterance->data,
                                                           utterance->len, &verdict, &error);

  if (words == NULL)
    {
      fail (self, error);
      return FALSE;
    }
  vgw_debug (self->session_id, "assistant: %u ms understood as %s \"%s\"",
             utterance->len / (VGW_ASSISTANT_RATE_HZ / 1000),
             verdict == VGW_ASSISTANT_VERDICT_COMMAND     ? "command"
             : verdict == VGW_ASSISTANT_VERDICT_DICTATION ? "dictation"
                                                          : "perhaps",
             words);
  if (should_go_on (self))
    answer (self, words, verdict);
  return TRUE;
}

/* Recognises `voice` block by block; FALSE when the call cannot continue. */
static gboolean
recognise_voice (VgwAssistantCall *self)
{
  guint at = 0;

  while (at + VGW_ASSISTANT_BLOCK_SAMPLES <= self->voice->len)
    {
      g_autoptr (GArray) utterance = vgw_assistant_listener_push (
          self->listener, &g_array_index (self->voice, gint16, at), VGW_ASSISTANT_BLOCK_SAMPLES);

      at += VGW_ASSISTANT_BLOCK_SAMPLES;
      if (utterance != NULL && !understand (self, utterance))
        return FALSE;
      /* an answer has emptied `voice`: what came after the question is not recognised */
    }
  if (self->voice->len > 0)
    g_array_remove_range (self->voice, 0, MIN (at, self->voice->len));
  return TRUE;
}

/* Waits for the caller's audio and moves it to `batch`; FALSE when the call ends. */
static gboolean
wait_for_audio (VgwAssistantCall *self)
{
  GArray *batch;
  gboolean should_stop;

  g_array_set_size (self->batch, 0);
  g_mutex_lock (&self->lock);
  while ((self->queue->len == 0 || self->is_speaking) && !self->should_stop)
    g_cond_wait (&self->wake, &self->lock);
  batch = self->queue;
  self->queue = self->batch;
  self->batch = batch;
  should_stop = self->should_stop;
  g_mutex_unlock (&self->lock);
  return !should_stop;
}

static void
greet (VgwAssistantCall *self)
{
  Message *message = g_new0 (Message, 1);

  say (self, message, vgw_assistant_dialogue_greet ());
  post (self, message);
}

static void
converse (VgwAssistantCall *self)
{
  if (self->should_greet)
    greet (self);
  while (wait_for_audio (self))
    {
      vgw_assistant_resampler_push (self->resampler, (const gint16 *) self->batch->data, self->batch->len, self->voice);
      if (!recognise_voice (self))
        return;
    }
}

static gpointer
call_thread (gpointer user_data)
{
  VgwAssistantCall *self = user_data;

  if (should_go_on (self))
    {
      self->listener = vgw_assistant_listener_new ();
      self->resampler = vgw_assistant_resampler_new (self->rate_hz, VGW_ASSISTANT_RATE_HZ);
      self->batch = g_array_new (FALSE, FALSE, sizeof (gint16));
      self->voice = g_array_new (FALSE, FALSE, sizeof (gint16));
      converse (self);
      vgw_assistant_listener_free (self->listener);
      vgw_assistant_resampler_free (self->resampler);
      g_array_unref (self->batch);
      g_array_unref (self->voice);
    }
  call_unref (self);
  return NULL;
}

/* --- the owner's side --- */

VgwAssistantCall *
vgw_assistant_call_start (VgwAssistantModels *models, const char *session_id, guint rate_hz, gboolean should_greet,
                          const VgwAssistantCallFuncs *funcs, gpointer user_data, GError **error)
{
  VgwAssistantCall *self = g_new0 (VgwAssistantCall, 1);
  g_autoptr (GError) thread_error = NULL;
  GThread *thread;

  g_atomic_ref_count_init (&self->ref_count);
  self->models = vgw_assistant_models_ref (models);
  self->session_id = g_strdup (session_id);
  self->rate_hz = rate_hz;
  self->context = g_main_context_ref_thread_default ();
  self->funcs = *funcs;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->queue = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->should_greet = should_greet;
  self->is_speaking = should_greet;

  g_atomic_ref_count_inc (&self->ref_count);
  thread = g_thread_try_new ("vgw-assistant", call_thread, self, &thread_error);
  if (thread == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "assistant: %s", thread_error->message);
      call_unref (self);
      call_unref (self);
      return NULL;
    }
  g_thread_unref (thread);
  return self;
}

/* Lock held. */
static void
keep_recent (VgwAssistantCall *self, const gint16 *samples, gsize n_samples)
{
  guint max_samples = self->rate_hz * RECENT_MS / 1000;

  g_array_append_vals (self->queue, samples, n_samples);
  if (self->queue->len > 2 * max_samples) /* not at each frame */
    g_array_remove_range (self->queue, 0, self->queue->len - max_samples);
}

void
vgw_assistant_call_push (VgwAssistantCall *self, const gint16 *samples, gsize n_samples)
{
  gsize max_samples = (gsize) self->rate_hz * VGW_ASSISTANT_QUEUE_MS / 1000;
  gboolean is_first_loss = FALSE;

  g_mutex_lock (&self->lock);
  if (self->is_speaking)
    keep_recent (self, samples, n_samples);
  else if (self->queue->len + n_samples <= max_samples)
    {
      g_array_append_vals (self->queue, samples, n_samples);
      g_cond_signal (&self->wake);
    }
  else
    {
      is_first_loss = self->dropped_samples == 0;
      self->dropped_samples += n_samples;
    }
  g_mutex_unlock (&self->lock);

  if (is_first_loss)
    vgw_warning (self->session_id, "assistant: recognition is %d ms behind: dropping caller audio",
                 VGW_ASSISTANT_QUEUE_MS);
}

void
vgw_assistant_call_listen (VgwAssistantCall *self, gboolean is_interrupted)
{
  guint max_samples = is_interrupted ? self->rate_hz * RECENT_MS / 1000 : 0;

  g_mutex_lock (&self->lock);
  if (self->is_speaking && self->queue->len > max_samples)
    g_array_remove_range (self->queue, 0, self->queue->len - max_samples);
  self->is_speaking = FALSE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
}

guint64
vgw_assistant_call_get_dropped (VgwAssistantCall *self)
{
  guint64 dropped_samples;

  g_mutex_lock (&self->lock);
  dropped_samples = self->dropped_samples;
  g_mutex_unlock (&self->lock);
  return dropped_samples;
}

void
vgw_assistant_call_stop (VgwAssistantCall *self)
{
  guint64 dropped_samples = vgw_assistant_call_get_dropped (self);

  self->is_stopped = TRUE;
  g_mutex_lock (&self->lock);
  self->should_stop = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);

  if (dropped_samples > 0)
    vgw_info (self->session_id, "assistant: %" G_GUINT64_FORMAT " ms of caller audio were dropped",
              dropped_samples * 1000 / self->rate_hz);
  call_unref (self);
}
