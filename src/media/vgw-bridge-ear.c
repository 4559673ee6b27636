#include "media/vgw-bridge-ear.h"

#include "base/vgw-audio-format.h"

GST_DEBUG_CATEGORY_EXTERN (vgw_bridge_debug);
#define GST_CAT_DEFAULT vgw_bridge_debug

/* A caller who sends more than real time (packets of 120 ms by the thousand, sequence numbers that jump so that gaps
 * are concealed) must not fill an engine's memory: so much may come in a burst, and a little more than real time in the
 * long run, since clocks differ. */
#define MAX_BURST_US (5 * G_TIME_SPAN_SECOND) /* what a network that stood still for so long brings at once */
#define REFILL_PERCENT 105
/* Silence for a gap comes out of the same credit, and leaves this much for the audio behind it. */
#define FILL_RESERVE_US G_TIME_SPAN_SECOND
/* Timestamps are rounded to the codec's clock, packets are 2.5 ms at least (RFC 6716); what is below adds up until it
 * is more. */
#define GAP_TOLERANCE_US 2000
/* Nothing has come for so long: silence is heard in real time until something does. Longer than networks stand still,
 * for what they bring late then comes behind the silence. */
#define SILENT_AFTER_US G_TIME_SPAN_SECOND
#define SILENCE_LAG_US (60 * G_TIME_SPAN_MILLISECOND) /* so that what comes again is not late for its own time */
#define SILENCE_SAMPLES 960                           /* at one call of the function: 20 ms at 48 kHz */

struct _VgwBridgeEar
{
  gatomicrefcount ref_count;
  guint rate_hz; /* constant */
  VgwEchoEstimator *echo_estimator;

  GMutex lock;
  /* guarded by lock */
  VgwBridgeAudioFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  gint64 credit_us;   /* how much may be heard now */
  gint64 credited_us; /* when that was reckoned, in monotonic time */
  gboolean is_dropping;
  gint64 last_heard_us;    /* when the present function heard the caller last, in monotonic time; 0: never */
  gint64 until_us;         /* up to when it has heard something, silence included; 0: nothing yet */
  gint64 listens_since_us; /* of the first tick with the present function, or 0 */
  gboolean is_silent;      /* silence is heard in real time */
  guint64 n_heard, n_filled;
  VgwBridgeTap *retiring; /* (nullable) heard until something comes from another one */
};

/* The appsink owns it, since a streaming thread may still be in the callback when the bridge has let go. */
struct _VgwBridgeTap
{
  VgwBridgeEar *ear;
  /* guarded by ear->lock */
  gboolean is_attached;
  gboolean is_timed; /* base_pts and n_since are set */
  GstClockTime base_pts;
  guint64 n_since; /* samples heard since base_pts, silence included */
};

VgwBridgeEar *
vgw_bridge_ear_new (guint rate_hz)
{
  VgwBridgeEar *self = g_new0 (VgwBridgeEar, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->rate_hz = rate_hz;
  self->echo_estimator = vgw_echo_estimator_new (rate_hz);
  self->credit_us = MAX_BURST_US;
  self->credited_us = g_get_monotonic_time ();
  g_mutex_init (&self->lock);
  return self;
}

void
vgw_bridge_ear_unref (VgwBridgeEar *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vgw_echo_estimator_free (self->echo_estimator);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_bridge_ear_set_func (VgwBridgeEar *self, VgwBridgeAudioFunc func, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify old_destroy;
  gpointer old_user_data;

  g_mutex_lock (&self->lock);
  old_destroy = self->destroy;
  old_user_data = self->user_data;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  self->last_heard_us = 0;
  self->until_us = 0;
  self->listens_since_us = 0;
  self->is_silent = FALSE;
  g_mutex_unlock (&self->lock);
  if (old_destroy != NULL)
    old_destroy (old_user_data);
}

/* --- hearing; lock held ------------------------------------------------------------------------------------------- */

static gint64
samples_to_us (const VgwBridgeEar *self, guint64 n_samples)
{
  return (gint64) gst_util_uint64_scale (n_samples, G_USEC_PER_SEC, self->rate_hz);
}

static void
refill (VgwBridgeEar *self, gint64 now_us)
{
  self->credit_us = MIN (MAX_BURST_US, self->credit_us + (now_us - self->credited_us) * REFILL_PERCENT / 100);
  self->credited_us = now_us;
}

/* Whether @n_samples more are no more than a caller can say. */
static gboolean
is_affordable (VgwBridgeEar *self, gsize n_samples)
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

/* Has @gap_us of silence heard, or as much as is allowed. Returns how many samples. */
static gsize
fill (VgwBridgeEar *self, gint64 gap_us)
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

      vgw_echo_estimator_heard (self->echo_estimator, silence, n);
      self->func (silence, n, self->user_data);
      n_left -= n;
    }
  return n_samples;
}

/* The time that @pts is ahead of the samples heard through @tap; negative where it is behind. */
static gint64
get_gap_us (const VgwBridgeTap *tap, GstClockTime pts)
{
  GstClockTime heard = gst_util_uint64_scale (tap->n_since, GST_SECOND, tap->ear->rate_hz);

  return GST_CLOCK_DIFF (tap->base_pts + heard, pts) / (gint64) GST_USECOND;
}

/* The first buffer of a tap, or after a time without a function: the only clock that it shares with what was heard
 * before is ours. */
static void
start_time (VgwBridgeTap *tap, GstClockTime pts, gsize n_samples, gint64 now_us)
{
  VgwBridgeEar *ear = tap->ear;
  gint64 gap_us = ear->until_us != 0 ? now_us - ear->until_us - samples_to_us (ear, n_samples) : 0;

  if (gap_us > VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)
    fill (ear, gap_us);
  tap->base_pts = pts;
  tap->n_since = 0;
  tap->is_timed = TRUE;
}

/* Brings the time of the samples to @pts. */
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
      tap->n_since += fill (tap->ear, gap_us);
      gap_us = get_gap_us (tap, pts);
    }
  /* more than may be filled, or a step back */
  if (ABS (gap_us) > GAP_TOLERANCE_US)
    {
      tap->base_pts = pts;
      tap->n_since = 0;
    }
}

static void
hear (VgwBridgeTap *tap, GstClockTime pts, const gint16 *samples, gsize n_samples)
{
  VgwBridgeEar *ear = tap->ear;
  gint64 now_us = g_get_monotonic_time ();

  refill (ear, now_us);
  if (ear->credit_us >= samples_to_us (ear, n_samples))
    follow_time (tap, pts, n_samples, now_us);
  if (!is_affordable (ear, n_samples))
    {
      tap->is_timed = FALSE; /* what is dropped as too much is no gap */
      return;
    }
  vgw_echo_estimator_heard (ear->echo_estimator, samples, n_samples);
  ear->func (samples, n_samples, ear->user_data);
  tap->n_since += n_samples;
  ear->n_heard += n_samples;
  ear->last_heard_us = now_us;
  ear->until_us = now_us;
  ear->is_silent = FALSE;
}

/* What an engine hears of a caller who sends nothing at all. */
static void
hear_nothing (VgwBridgeTap *tap)
{
  VgwBridgeEar *ear = tap->ear;
  gint64 now_us = g_get_monotonic_time ();
  gint64 from_us;

  if (ear->listens_since_us == 0)
    ear->listens_since_us = now_us;
  from_us = ear->until_us != 0 ? ear->until_us : ear->listens_since_us;
  if (!ear->is_silent && now_us - from_us < SILENT_AFTER_US)
    return;
  ear->is_silent = TRUE;
  if (now_us - from_us < SILENCE_LAG_US + VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)
    return;
  refill (ear, now_us);
  tap->n_since += fill (ear, now_us - SILENCE_LAG_US - from_us);
  ear->until_us = now_us - SILENCE_LAG_US;
}

/* --- streaming thread --------------------------------------------------------------------------------------------- */

static void
hear_buffer (VgwBridgeTap *tap, GstBuffer *buffer)
{
  VgwBridgeEar *ear = tap->ear;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_mutex_lock (&ear->lock);
  if (ear->retiring != NULL && ear->retiring != tap)
    {
      ear->retiring->is_attached = FALSE;
      ear->retiring = NULL;
    }
  /* asked under the lock: once detach has returned nothing passes */
  if (!tap->is_attached || ear->func == NULL)
    tap->is_timed = FALSE;
  else if (map.size >= sizeof (gint16))
    hear (tap, GST_BUFFER_PTS (buffer), (const gint16 *) map.data, map.size / sizeof (gint16));
  g_mutex_unlock (&ear->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstFlowReturn
on_new_sample (GstAppSink *pcm_out, gpointer user_data)
{
  GstSample *sample;

  while ((sample = gst_app_sink_try_pull_sample (pcm_out, 0)) != NULL)
    {
      if (gst_sample_get_buffer (sample) != NULL)
        hear_buffer (user_data, gst_sample_get_buffer (sample));
      gst_sample_unref (sample);
    }
  return GST_FLOW_OK;
}

static void
tap_free (gpointer data)
{
  VgwBridgeTap *tap = data;

  vgw_bridge_ear_unref (tap->ear);
  g_free (tap);
}

/* --- pacer thread ------------------------------------------------------------------------------------------------- */

void
vgw_bridge_ear_tick (VgwBridgeEar *self, VgwBridgeTap *tap)
{
  /* the lock is held while something is being heard: there is no need for silence then, and the other calls wait */
  if (!g_mutex_trylock (&self->lock))
    return;
  if (tap->is_attached && self->func != NULL)
    hear_nothing (tap);
  g_mutex_unlock (&self->lock);
}

/* --- main thread -------------------------------------------------------------------------------------------------- */

VgwBridgeTap *
vgw_bridge_ear_attach (VgwBridgeEar *self, GstAppSink *pcm_out)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  VgwBridgeTap *tap = g_new0 (VgwBridgeTap, 1);
  GstSample *stale;

  while ((stale = gst_app_sink_try_pull_sample (pcm_out, 0)) != NULL) /* from before */
    gst_sample_unref (stale);
  g_atomic_ref_count_inc (&self->ref_count);
  tap->ear = self;
  tap->is_attached = TRUE;
  gst_app_sink_set_callbacks (pcm_out, &callbacks, tap, tap_free);
  return tap;
}

void
vgw_bridge_ear_retire (VgwBridgeEar *self, VgwBridgeTap *tap)
{
  g_mutex_lock (&self->lock);
  self->retiring = tap;
  g_mutex_unlock (&self->lock);
}

void
vgw_bridge_ear_detach (VgwBridgeEar *self, GstAppSink *pcm_out, VgwBridgeTap *tap)
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
vgw_bridge_ear_get_echo_estimator (VgwBridgeEar *self)
{
  return self->echo_estimator;
}

void
vgw_bridge_ear_get_heard (VgwBridgeEar *self, VgwBridgeHeard *heard)
{
  g_mutex_lock (&self->lock);
  heard->heard_ms = (guint64) samples_to_us (self, self->n_heard) / 1000;
  heard->filled_ms = (guint64) samples_to_us (self, self->n_filled) / 1000;
  heard->last_us = self->last_heard_us;
  g_mutex_unlock (&self->lock);
}
