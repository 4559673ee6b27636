#include "media/vgw-bridge-input.h"

#include "base/vgw-audio-format.h"

GST_DEBUG_CATEGORY_EXTERN (vgw_bridge_debug);
#define GST_CAT_DEFAULT vgw_bridge_debug

/* A caller who sends audio faster than real time (thousands of packets of 120 ms, or jumps of the sequence number that
 * are concealed) must not fill an engine's memory: the limit is a burst, and then a little more than real time, since
 * clocks differ. */
#define MAX_BURST_US (5 * G_TIME_SPAN_SECOND) /* after a network stall of that length */
#define REFILL_PERCENT 105
/* Silence for a gap uses the same credit, except this reserve for the audio after it. */
#define FILL_RESERVE_US G_TIME_SPAN_SECOND
/* Timestamps are rounded to the codec's clock, and packets have at least 2.5 ms (RFC 6716). Smaller gaps accumulate. */
#define GAP_TOLERANCE_US 2000
/* The time without audio after which silence is delivered in real time. Longer than usual network stalls, since delayed
 * audio is then placed after the silence. A sender that says that it pauses (the flag GAP, of vgwopusdec) is not waited
 * for: an engine that waits for the end of an utterance would learn of it up to 400 ms late, with the next packet. */
#define SILENT_AFTER_US G_TIME_SPAN_SECOND
#define SILENCE_LAG_US                                                                                                 \
  (60 * G_TIME_SPAN_MILLISECOND) /* the silence ends this much before now, so that new audio is not late */
#define PAUSE_LAG_US (120 * G_TIME_SPAN_MILLISECOND) /* the same where the caller is still sending, if rarely: jitter */
#define SILENCE_SAMPLES 960                          /* per call of the function: 20 ms at 48 kHz */

struct _VgwBridgeInput
{
  gatomicrefcount ref_count;
  guint rate_hz; /* constant */
  VgwEchoEstimator *echo_estimator;

  GMutex lock;
  /* guarded by lock */
  VgwBridgeAudioFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  gint64 credit_us;   /* audio that may be delivered now */
  gint64 credited_us; /* monotonic time of credit_us */
  gboolean is_dropping;
  gint64 last_received_us; /* monotonic time of the last audio delivered; 0: never */
  gint64 until_us;         /* end of what was delivered to it, silence included; 0: nothing yet */
  gint64 since_us;         /* time of the first tick with the present function, or 0 */
  gint64 lag_us;           /* of the silence that is delivered in real time; 0: none is */
  guint n_funcs;           /* times that it was set */
  guint64 n_received, n_filled;
  VgwAudioMonitor *audio_monitors[VGW_BRIDGE_MAX_MONITORS]; /* (nullable) */
  VgwBridgeTap *retiring; /* (nullable) delivered until there is audio of another one */
};

/* Owned by the appsink, since a streaming thread may still be in the callback after the detach. */
struct _VgwBridgeTap
{
  VgwBridgeInput *input;
  /* guarded by input->lock */
  gboolean is_attached;
  gboolean is_timed; /* base_pts and n_since are set, with the function that was number n_funcs */
  guint n_funcs;
  GstClockTime base_pts;
  guint64 n_since; /* samples delivered since base_pts, silence included */
};

VgwBridgeInput *
vgw_bridge_input_new (guint rate_hz)
{
  VgwBridgeInput *self = g_new0 (VgwBridgeInput, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->rate_hz = rate_hz;
  self->echo_estimator = vgw_echo_estimator_new (rate_hz);
  self->credit_us = MAX_BURST_US;
  self->credited_us = g_get_monotonic_time ();
  g_mutex_init (&self->lock);
  return self;
}

void
vgw_bridge_input_unref (VgwBridgeInput *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vgw_echo_estimator_free (self->echo_estimator);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_bridge_input_set_func (VgwBridgeInput *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify old_destroy;
  gpointer old_user_data;

  g_mutex_lock (&self->lock);
  old_destroy = self->destroy;
  old_user_data = self->user_data;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  self->until_us = 0;
  self->since_us = 0;
  self->lag_us = 0;
  self->n_funcs++;
  g_mutex_unlock (&self->lock);
  if (old_destroy != NULL)
    old_destroy (old_user_data);
}

void
vgw_bridge_input_set_audio_monitor (VgwBridgeInput *self, guint i, VgwAudioMonitor *audio_monitor)
{
  g_mutex_lock (&self->lock);
  self->audio_monitors[i] = audio_monitor;
  g_mutex_unlock (&self->lock);
}

/* --- delivering; lock held ---------------------------------------------------------------------------------------- */

static gint64
samples_to_us (const VgwBridgeInput *self, guint64 n_samples)
{
  return (gint64) gst_util_uint64_scale (n_samples, G_USEC_PER_SEC, self->rate_hz);
}

static void
refill (VgwBridgeInput *self, gint64 now_us)
{
  self->credit_us = MIN (MAX_BURST_US, self->credit_us + (now_us - self->credited_us) * REFILL_PERCENT / 100);
  self->credited_us = now_us;
}

/* Whether the credit covers @n_samples. */
static gboolean
is_affordable (VgwBridgeInput *self, gsize n_samples)
{
  gint64 needed_us = samples_to_us (self, n_samples);
  gboolean is_dropping = needed_us > self->credit_us;

  if (is_dropping && !self->is_dropping)
    GST_WARNING ("caller audio arrives faster than real time: dropping the excess");
  self->is_dropping = is_dropping;
  if (!is_dropping)
    self->credit_us -= needed_us;
  return !is_dropping;
}

static void
hand_over (VgwBridgeInput *self, const gint16 *samples, gsize n_samples, gint64 now_us)
{
  vgw_echo_estimator_add_received (self->echo_estimator, samples, n_samples);
  for (guint i = 0; i < VGW_BRIDGE_MAX_MONITORS && self->audio_monitors[i] != NULL; i++)
    vgw_audio_monitor_push (self->audio_monitors[i], VGW_AUDIO_MONITOR_RECEIVED, samples, n_samples, now_us);
  self->func (samples, n_samples, self->user_data);
}

/* Delivers @gap_us of silence, or as much as the credit allows. Returns the number of samples. */
static gsize
fill (VgwBridgeInput *self, gint64 gap_us, gint64 now_us)
{
  static const gint16 silence[SILENCE_SAMPLES];
  gint64 fill_us = CLAMP (gap_us, 0, MAX (self->credit_us - FILL_RESERVE_US, 0));
  gsize n_samples = gst_util_uint64_scale_round ((guint64) fill_us, self->rate_hz, G_USEC_PER_SEC);

  GST_DEBUG ("a gap of %" G_GINT64_FORMAT " µs: %" G_GSIZE_FORMAT " samples of silence", gap_us, n_samples);
  self->credit_us -= fill_us;
  self->n_filled += n_samples;
  for (gsize n_left = n_samples; n_left > 0;)
    {
      gsize n = MIN (n_left, (gsize) self->rate_hz * VGW_FRAME_MS / 1000);

      hand_over (self, silence, n, now_us);
      n_left -= n;
    }
  return n_samples;
}

/* The difference of @pts to the samples delivered through @tap; negative where it is earlier. */
static gint64
get_gap_us (const VgwBridgeTap *tap, GstClockTime pts)
{
  GstClockTime received = gst_util_uint64_scale (tap->n_since, GST_SECOND, tap->input->rate_hz);

  return GST_CLOCK_DIFF (tap->base_pts + received, pts) / (gint64) GST_USECOND;
}

/* The first buffer of a tap, or after a time without a function: its timestamps are not related to earlier ones, so
 * that the monotonic clock is used. */
static void
start_time (VgwBridgeTap *tap, GstClockTime pts, gsize n_samples, gint64 now_us)
{
  VgwBridgeInput *input = tap->input;
  gint64 gap_us = input->until_us != 0 ? now_us - input->until_us - samples_to_us (input, n_samples) : 0;

  if (gap_us > VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)
    fill (input, gap_us, now_us);
  tap->base_pts = pts;
  tap->n_since = 0;
  tap->is_timed = TRUE;
}

/* Fills the gap up to @pts. */
static void
follow_time (VgwBridgeTap *tap, GstClockTime pts, gsize n_samples, gint64 now_us)
{
  gint64 gap_us;

  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return;
  if (!tap->is_timed)
    {
      start_time (tap, pts, n_samples, now_us);
      return;
    }
  gap_us = get_gap_us (tap, pts);
  if (gap_us > GAP_TOLERANCE_US)
    {
      tap->n_since += fill (tap->input, gap_us, now_us);
      gap_us = get_gap_us (tap, pts);
    }
  /* more than may be filled, or a step back */
  if (ABS (gap_us) > GAP_TOLERANCE_US)
    {
      tap->base_pts = pts;
      tap->n_since = 0;
    }
}

/* @is_pausing: the caller sends nothing after it. */
static void
deliver (VgwBridgeTap *tap, GstClockTime pts, const gint16 *samples, gsize n_samples, gboolean is_pausing)
{
  VgwBridgeInput *input = tap->input;
  gint64 now_us = g_get_monotonic_time ();

  tap->is_timed &= tap->n_funcs == input->n_funcs;
  tap->n_funcs = input->n_funcs;
  refill (input, now_us);
  if (input->credit_us >= samples_to_us (input, n_samples))
    follow_time (tap, pts, n_samples, now_us);
  if (!is_affordable (input, n_samples))
    {
      tap->is_timed = FALSE; /* dropped excess is not a gap */
      return;
    }
  hand_over (input, samples, n_samples, now_us);
  tap->n_since += n_samples;
  input->n_received += n_samples;
  input->last_received_us = now_us;
  input->until_us = now_us;
  input->lag_us = is_pausing ? PAUSE_LAG_US : 0;
}

/* Delivers silence for a caller who sends nothing. */
static void
deliver_silence (VgwBridgeTap *tap)
{
  VgwBridgeInput *input = tap->input;
  gint64 now_us = g_get_monotonic_time ();
  gint64 from_us;

  if (input->since_us == 0)
    input->since_us = now_us;
  from_us = input->until_us != 0 ? input->until_us : input->since_us;
  if (input->lag_us == 0 && now_us - from_us < SILENT_AFTER_US)
    return;
  if (input->lag_us == 0)
    input->lag_us = SILENCE_LAG_US;
  if (now_us - from_us < input->lag_us + VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)
    return;
  refill (input, now_us);
  tap->n_since += fill (input, now_us - input->lag_us - from_us, now_us);
  input->until_us = now_us - input->lag_us;
}

/* --- streaming thread --------------------------------------------------------------------------------------------- */

static void
deliver_buffer (VgwBridgeTap *tap, GstBuffer *buffer)
{
  VgwBridgeInput *input = tap->input;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_mutex_lock (&input->lock);
  if (tap->is_attached && input->retiring != NULL && input->retiring != tap)
    {
      input->retiring->is_attached = FALSE;
      input->retiring = NULL;
    }
  /* checked with the lock held: nothing is delivered after detach () */
  if (!tap->is_attached || input->func == NULL)
    tap->is_timed = FALSE;
  else if (map.size >= sizeof (gint16))
    deliver (tap, GST_BUFFER_PTS (buffer), (const gint16 *) map.data, map.size / sizeof (gint16),
             GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP));
  g_mutex_unlock (&input->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstFlowReturn
on_new_sample (GstAppSink *pcm_out, gpointer user_data)
{
  GstSample *sample;

  while ((sample = gst_app_sink_try_pull_sample (pcm_out, 0)) != NULL)
    {
      if (gst_sample_get_buffer (sample) != NULL)
        deliver_buffer (user_data, gst_sample_get_buffer (sample));
      gst_sample_unref (sample);
    }
  return GST_FLOW_OK;
}

static void
tap_free (gpointer data)
{
  VgwBridgeTap *tap = data;

  vgw_bridge_input_unref (tap->input);
  g_free (tap);
}

/* --- pacer thread ------------------------------------------------------------------------------------------------- */

void
vgw_bridge_input_tick (VgwBridgeInput *self, VgwBridgeTap *tap)
{
  /* where the lock is held audio is being delivered: no silence is needed, and the pacer must not wait */
  if (!g_mutex_trylock (&self->lock))
    return;
  if (tap->is_attached && self->func != NULL)
    deliver_silence (tap);
  g_mutex_unlock (&self->lock);
}

/* --- main thread -------------------------------------------------------------------------------------------------- */

VgwBridgeTap *
vgw_bridge_input_attach (VgwBridgeInput *self, GstAppSink *pcm_out)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  VgwBridgeTap *tap = g_new0 (VgwBridgeTap, 1);
  GstSample *stale;

  while ((stale = gst_app_sink_try_pull_sample (pcm_out, 0)) != NULL) /* from before */
    gst_sample_unref (stale);
  g_atomic_ref_count_inc (&self->ref_count);
  tap->input = self;
  tap->is_attached = TRUE;
  gst_app_sink_set_callbacks (pcm_out, &callbacks, tap, tap_free);
  return tap;
}

void
vgw_bridge_input_retire (VgwBridgeInput *self, VgwBridgeTap *tap)
{
  g_mutex_lock (&self->lock);
  self->retiring = tap;
  g_mutex_unlock (&self->lock);
}

void
vgw_bridge_input_detach (VgwBridgeInput *self, GstAppSink *pcm_out, VgwBridgeTap *tap)
{
  GstAppSinkCallbacks none = { 0 };

  g_mutex_lock (&self->lock);
  tap->is_attached = FALSE;
  if (self->retiring == tap)
    self->retiring = NULL;
  g_mutex_unlock (&self->lock);
  gst_app_sink_set_callbacks (pcm_out, &none, NULL, NULL);
}

VgwEchoEstimator *
vgw_bridge_input_get_echo_estimator (VgwBridgeInput *self)
{
  return self->echo_estimator;
}

void
vgw_bridge_input_get_stats (VgwBridgeInput *self, VgwBridgeInputStats *stats)
{
  g_mutex_lock (&self->lock);
  stats->received_ms = (guint64) samples_to_us (self, self->n_received) / 1000;
  stats->filled_ms = (guint64) samples_to_us (self, self->n_filled) / 1000;
  stats->last_us = self->last_received_us;
  g_mutex_unlock (&self->lock);
}
