/* Threads: attach, detach and set_audio_func on the main thread; the pump on a pacer thread, together with encoder,
 * SRTP and sending; taps on the thread that received the packet. Lock order: the input's lock (held while the engine's
 * function runs) → locks of that function → the playout queue's lock; the echo estimator's lock is a leaf. The engine's
 * function must not call the bridge's main-thread functions.
 *
 * Time: the frames are the clock of the outgoing stream. The first buffer has the pipeline's running time, every later
 * one exactly 20 ms more, so that RTP timestamps have no jitter, also where the phase follows an engine
 * (vgw-playout-phase.h). In silence nothing is sent but keep-alives (vgw-dtx.h), as buffers with the flag GAP; the next
 * buffer with audio has the flag DISCONT and the elapsed time in its PTS, as the beginning of a talkspurt (RFC 3551
 * section 4.1). */
#include "media/vgw-bridge.h"

#include <gst/audio/audio.h>
#include <stdatomic.h>
#include <string.h>

#include "elements/vgw-push-src.h"
#include "media/vgw-bridge-input.h"
#include "media/vgw-dtx.h"

GST_DEBUG_CATEGORY (vgw_bridge_debug);
#define GST_CAT_DEFAULT vgw_bridge_debug

#define FRAME_DURATION ((GstClockTime) VGW_FRAME_MS * GST_MSECOND)
#define MAX_RATE_HZ 48000u
#define MAX_FRAME_SAMPLES (MAX_RATE_HZ * VGW_FRAME_MS / 1000)
/* Between the frames' time and the pipeline's: more is corrected in the next silence. */
#define MAX_CLOCK_DEVIATION (10 * GST_MSECOND)

struct _VgwBridge
{
  GObject parent_instance;

  /* constant */
  VgwPacer *pacer;
  VgwAudioFormat format;
  VgwPlayout *playout;
  VgwBridgeInput *input;
  VgwAudioMonitor *audio_monitors[VGW_BRIDGE_MAX_MONITORS]; /* atomic (nullable); once set they are constant */
  gint64 attached_us;                                       /* main thread; of the first peer; 0 before */
  _Atomic gint64 first_sent_us;                             /* of the engine's audio; 0 before */

  /* main thread; pcm_in and tap are also read by the pump, and constant while that is registered */
  GstAppSink *pcm_out;
  VgwPushSrc *pcm_in;
  VgwBridgeTap *tap; /* owned by pcm_out */
  guint pacer_id;
  GstAppSink *old_pcm_out; /* (nullable) in use until there is audio from pcm_out */
  VgwBridgeTap *old_tap;   /* owned by old_pcm_out */

  /* pacer thread while registered */
  gboolean is_timed; /* the times are set */
  gboolean is_talking;
  GstClockTime next_pts; /* of the present frame, while it is pumped */
  GstClockTime end_pts;  /* of the last buffer */
  VgwDtx dtx;
};

G_DEFINE_TYPE (VgwBridge, vgw_bridge, G_TYPE_OBJECT)

/* Relates the frames to the pipeline's running time. FALSE while the pipeline has none. Pacer thread. */
static gboolean
start_time (VgwBridge *self)
{
  GstElement *element = GST_ELEMENT (self->pcm_in);
  GstClockTime now = gst_element_get_current_running_time (element);
  GstState state;

  /* before PLAYING an element may have a clock, but no base time */
  gst_element_get_state (element, &state, NULL, 0);
  if (state != GST_STATE_PLAYING || !GST_CLOCK_TIME_IS_VALID (now))
    return FALSE;
  self->next_pts = self->is_timed ? MAX (now, self->end_pts) : now;
  self->is_timed = TRUE;
  return TRUE;
}

/* How much the frames are ahead of the pipeline's clock. */
static GstClockTimeDiff
get_lead (VgwBridge *self)
{
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self->pcm_in));

  return GST_CLOCK_TIME_IS_VALID (now) ? GST_CLOCK_DIFF (now, self->next_pts) : 0;
}

static void
push_frame (VgwBridge *self, const gint16 *samples, gsize n_samples, GstBufferFlags flags)
{
  GstBuffer *buffer = gst_buffer_new_memdup (samples, n_samples * sizeof (gint16));
  GstFlowReturn flow;

  GST_BUFFER_PTS (buffer) = self->next_pts;
  GST_BUFFER_DURATION (buffer) = FRAME_DURATION;
  GST_BUFFER_FLAG_SET (buffer, flags);
  self->end_pts = self->next_pts + FRAME_DURATION;
  flow = vgw_push_src_push (self->pcm_in, buffer);
  if (flow != GST_FLOW_OK)
    GST_DEBUG_OBJECT (self->pcm_in, "frame of %" GST_TIME_FORMAT " refused: %s", GST_TIME_ARGS (self->next_pts),
                      gst_flow_get_name (flow));
}

static GstBufferFlags
get_flags (const VgwBridge *self, VgwDtxStep step)
{
  if (step == VGW_DTX_KEEP_ALIVE)
    return GST_BUFFER_FLAG_GAP;
  return self->is_talking ? 0 : GST_BUFFER_FLAG_DISCONT;
}

/* Pacer thread. */
static void
note_sent (VgwBridge *self)
{
  if (atomic_load_explicit (&self->first_sent_us, memory_order_relaxed) == 0)
    atomic_store_explicit (&self->first_sent_us, g_get_monotonic_time (), memory_order_relaxed);
}

/* What the engine says in this frame, to those who listen in. Pacer thread. */
static void
note_frame (VgwBridge *self, const gint16 *samples, gsize n_samples)
{
  vgw_echo_estimator_add_sent (vgw_bridge_input_get_echo_estimator (self->input), samples, n_samples);
  for (guint i = 0; i < VGW_BRIDGE_MAX_MONITORS; i++)
    {
      VgwAudioMonitor *audio_monitor = g_atomic_pointer_get (&self->audio_monitors[i]);

      if (audio_monitor == NULL)
        break;
      vgw_audio_monitor_push (audio_monitor, VGW_AUDIO_MONITOR_SENT, samples, n_samples, g_get_monotonic_time ());
    }
  if (n_samples > 0)
    note_sent (self);
}

/* The frame with the first @n_popped of its @samples from the engine. Pacer thread. */
static void
send_frame (VgwBridge *self, gint16 *samples, gsize n_popped)
{
  gsize n_samples = vgw_audio_format_frame_samples (&self->format);
  VgwDtxStep step = vgw_dtx_step (&self->dtx, samples, n_popped);

  if (step != VGW_DTX_NOTHING)
    {
      GstClockTimeDiff lead = self->is_talking ? 0 : get_lead (self);

      if (ABS (lead) > (GstClockTimeDiff) MAX_CLOCK_DEVIATION)
        start_time (self);
      memset (samples + n_popped, 0, (n_samples - n_popped) * sizeof (gint16));
      push_frame (self, samples, n_samples, get_flags (self, step));
    }
  self->is_talking = step == VGW_DTX_SEND;
  self->next_pts += FRAME_DURATION;
}

/* Frames that went out early, each at the start of its utterance, add up where the silence between is too short for the
 * stream to pause: there the next one is later. */
static gint64
get_delay_us (VgwBridge *self)
{
  gint64 ahead_us = get_lead (self) / GST_USECOND - VGW_FRAME_US; /* not in CLAMP (), which evaluates it three times */

  return CLAMP (ahead_us, 0, VGW_FRAME_US);
}

/* Pacer thread. */
static gint64
pump (gint64 due_us, gpointer user_data)
{
  VgwBridge *self = user_data;
  gint16 samples[MAX_FRAME_SAMPLES];
  gsize n_popped;
  gint64 next_us;

  vgw_bridge_input_tick (self->input, self->tap);
  if (!self->is_timed && !start_time (self))
    return due_us + VGW_FRAME_US;
  if (!vgw_playout_pop_due (self->playout, due_us, samples, vgw_audio_format_frame_samples (&self->format), &n_popped,
                            &next_us))
    return next_us;
  note_frame (self, samples, n_popped);
  send_frame (self, samples, n_popped);
  return next_us + (n_popped == 0 && self->is_talking ? get_delay_us (self) : 0);
}

/* The thread that pushes the engine's audio. */
static void
on_playout_ready (gpointer user_data)
{
  VgwBridge *self = user_data;

  vgw_pacer_hurry (self->pacer, self->pacer_id);
}

static void
start_pump (VgwBridge *self)
{
  self->pacer_id = vgw_pacer_add (self->pacer, pump, self);
  vgw_playout_set_ready_func (self->playout, on_playout_ready, self);
}

/* Afterwards neither the pump nor on_playout_ready () is running. */
static void
stop_pump (VgwBridge *self)
{
  vgw_playout_set_ready_func (self->playout, NULL, NULL);
  vgw_pacer_remove (self->pacer, self->pacer_id);
  self->pacer_id = 0;
}

static void
detach_old (VgwBridge *self)
{
  if (self->old_pcm_out == NULL)
    return;
  vgw_bridge_input_detach (self->input, self->old_pcm_out, self->old_tap);
  self->old_tap = NULL;
  g_clear_object (&self->old_pcm_out);
}

static void
vgw_bridge_dispose (GObject *object)
{
  VgwBridge *self = VGW_BRIDGE (object);

  detach_old (self);
  vgw_bridge_detach (self, self->pcm_out);
  if (self->input != NULL)
    vgw_bridge_set_audio_func (self, NULL, NULL, NULL);
  G_OBJECT_CLASS (vgw_bridge_parent_class)->dispose (object);
}

static void
vgw_bridge_finalize (GObject *object)
{
  VgwBridge *self = VGW_BRIDGE (object);

  g_clear_pointer (&self->input, vgw_bridge_input_unref);
  g_clear_pointer (&self->playout, vgw_playout_unref);
  for (guint i = 0; i < VGW_BRIDGE_MAX_MONITORS; i++)
    g_clear_pointer (&self->audio_monitors[i], vgw_audio_monitor_unref);
  G_OBJECT_CLASS (vgw_bridge_parent_class)->finalize (object);
}

static void
vgw_bridge_class_init (VgwBridgeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (vgw_bridge_debug, "vgwbridge", 0, "the two ends of a call");
  object_class->dispose = vgw_bridge_dispose;
  object_class->finalize = vgw_bridge_finalize;
}

static void
vgw_bridge_init (VgwBridge *self)
{
}

VgwBridge *
vgw_bridge_new (VgwPacer *pacer, const VgwAudioFormat *format, guint max_playout_ms)
{
  VgwBridge *self;

  g_return_val_if_fail (pacer != NULL && format != NULL, NULL);
  g_return_val_if_fail (format->rate_hz > 0 && format->rate_hz <= MAX_RATE_HZ, NULL);

  self = g_object_new (VGW_TYPE_BRIDGE, NULL);
  self->pacer = pacer;
  self->format = *format;
  self->playout = vgw_playout_new (format, max_playout_ms);
  self->input = vgw_bridge_input_new (format->rate_hz);
  return self;
}

void
vgw_bridge_ignore_audio (const gint16 *samples, gsize n_samples, gpointer user_data)
{
}

void
vgw_bridge_set_audio_func (VgwBridge *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy)
{
  g_return_if_fail (VGW_IS_BRIDGE (self));
  vgw_bridge_input_set_func (self->input, func, user_data, destroy);
}

void
vgw_bridge_get_input_stats (VgwBridge *self, VgwBridgeInputStats *stats)
{
  g_return_if_fail (VGW_IS_BRIDGE (self));
  vgw_bridge_input_get_stats (self->input, stats);
}

gboolean
vgw_bridge_may_be_echo (VgwBridge *self, guint margin_db)
{
  g_return_val_if_fail (VGW_IS_BRIDGE (self), FALSE);
  return vgw_echo_estimator_may_be_echo (vgw_bridge_input_get_echo_estimator (self->input), margin_db);
}

void
vgw_bridge_get_levels (VgwBridge *self, double *received, double *sent)
{
  g_return_if_fail (VGW_IS_BRIDGE (self));
  vgw_echo_estimator_get_levels (vgw_bridge_input_get_echo_estimator (self->input), received, sent);
}

void
vgw_bridge_get_call_stats (VgwBridge *self, VgwCallStats *stats)
{
  VgwBridgeInputStats input;
  VgwPlayoutStats playout;
  gint64 first_sent_us = atomic_load_explicit (&self->first_sent_us, memory_order_relaxed);

  g_return_if_fail (VGW_IS_BRIDGE (self));

  vgw_bridge_input_get_stats (self->input, &input);
  vgw_playout_get_stats (self->playout, &playout);
  stats->audio.caller_ms = (gint64) input.received_ms;
  stats->audio.played_ms = (gint64) playout.played_ms;
  stats->audio.dropped_ms = (gint64) playout.dropped_ms;
  stats->audio.queued_ms = playout.queued_ms;
  stats->audio.shortened_pauses_ms = (gint64) playout.shortened_pauses_ms;
  stats->audio.shortened_speech_ms = (gint64) playout.shortened_speech_ms;
  if (first_sent_us != 0)
    stats->setup.first_audio_ms = (first_sent_us - self->attached_us) / G_TIME_SPAN_MILLISECOND;
  vgw_bridge_get_levels (self, &stats->audio.caller_level, &stats->audio.bot_level);
}

VgwAudioMonitor *
vgw_bridge_add_audio_monitor (VgwBridge *self, guint taken_rate_hz)
{
  g_return_val_if_fail (VGW_IS_BRIDGE (self), NULL);

  for (guint i = 0; i < VGW_BRIDGE_MAX_MONITORS; i++)
    {
      VgwAudioMonitor *audio_monitor = self->audio_monitors[i];

      if (audio_monitor != NULL && vgw_audio_monitor_is_free (audio_monitor, taken_rate_hz))
        return vgw_audio_monitor_ref (audio_monitor);
      if (audio_monitor != NULL)
        continue;
      audio_monitor = vgw_audio_monitor_new (self->format.rate_hz, taken_rate_hz);
      g_atomic_pointer_set (&self->audio_monitors[i], audio_monitor);
      vgw_bridge_input_set_audio_monitor (self->input, i, audio_monitor);
      return vgw_audio_monitor_ref (audio_monitor);
    }
  return NULL;
}

VgwPlayout *
vgw_bridge_get_playout (VgwBridge *self)
{
  g_return_val_if_fail (VGW_IS_BRIDGE (self), NULL);
  return self->playout;
}

const VgwAudioFormat *
vgw_bridge_get_format (VgwBridge *self)
{
  g_return_val_if_fail (VGW_IS_BRIDGE (self), NULL);
  return &self->format;
}

void
vgw_bridge_prepare (GstAppSink *pcm_out, VgwPushSrc *pcm_in, const VgwAudioFormat *format)
{
  g_autoptr (GstCaps) caps =
      gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, GST_AUDIO_NE (S16), "layout", G_TYPE_STRING,
                           "interleaved", "rate", G_TYPE_INT, (gint) format->rate_hz, "channels", G_TYPE_INT, 1, NULL);

  g_return_if_fail (GST_IS_APP_SINK (pcm_out) && VGW_IS_PUSH_SRC (pcm_in));

  g_object_set (pcm_out, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "emit-signals", FALSE, "drop",
                TRUE, "max-buffers", 2u, "wait-on-eos", FALSE, NULL);
  gst_app_sink_set_caps (pcm_out, caps);
  vgw_push_src_set_caps (pcm_in, caps);
}

void
vgw_bridge_attach (VgwBridge *self, GstAppSink *pcm_out, VgwPushSrc *pcm_in, gboolean may_use_dtx)
{
  g_return_if_fail (VGW_IS_BRIDGE (self));
  g_return_if_fail (GST_IS_APP_SINK (pcm_out) && VGW_IS_PUSH_SRC (pcm_in));

  detach_old (self);
  if (self->pcm_out != NULL)
    {
      stop_pump (self);
      vgw_bridge_input_retire (self->input, self->tap);
      self->old_tap = self->tap;
      self->old_pcm_out = g_steal_pointer (&self->pcm_out);
      g_clear_object (&self->pcm_in);
    }
  self->pcm_out = g_object_ref (pcm_out);
  self->pcm_in = g_object_ref (pcm_in);
  self->tap = vgw_bridge_input_attach (self->input, pcm_out);
  self->is_timed = FALSE;
  self->is_talking = FALSE;
  vgw_dtx_start (&self->dtx, may_use_dtx && vgw_dtx_is_possible (pcm_in));
  if (self->attached_us == 0)
    self->attached_us = g_get_monotonic_time ();
  start_pump (self);
}

void
vgw_bridge_detach (VgwBridge *self, GstAppSink *pcm_out)
{
  g_return_if_fail (VGW_IS_BRIDGE (self));

  if (pcm_out != NULL && pcm_out == self->old_pcm_out)
    detach_old (self);
  if (self->pcm_out == NULL || self->pcm_out != pcm_out)
    return;
  stop_pump (self);

  vgw_bridge_input_detach (self->input, self->pcm_out, self->tap);
  self->tap = NULL;
  g_clear_object (&self->pcm_out);
  g_clear_object (&self->pcm_in);
}
