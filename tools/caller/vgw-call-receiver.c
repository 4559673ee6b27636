#include "caller/vgw-call-receiver.h"

#include <gst/app/gstappsink.h>
#include <gst/rtp/gstrtpbuffer.h>

#include "base/vgw-audio-format.h"
#include "caller/vgw-call-codec.h"

#define MIN_PAUSE_MS 15

struct _VgwCallReceiver
{
  guint rtp_clock_rate_hz;
  VgwCallReceiverFunc func;
  gpointer user_data;
  VgwWavFile *wav; /* (nullable) borrowed; the appsink's streaming thread only */

  GMutex lock;
  VgwRtpCounter received; /* guarded by lock */
  VgwLevelMeter level;    /* guarded by lock */
  VgwTimeline heard;      /* guarded by lock */

  guint64 n_silent;      /* samples of pauses; the appsink's streaming thread only, as is the next */
  GstClockTime heard_to; /* end of the received audio, in the stream's time, or GST_CLOCK_TIME_NONE */
};

static void
count_received (VgwCallReceiver *self, GstBuffer *buffer, gint64 now_us)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    return;
  g_mutex_lock (&self->lock);
  vgw_rtp_counter_add (&self->received, gst_rtp_buffer_get_seq (&rtp), gst_rtp_buffer_get_timestamp (&rtp), now_us,
                       self->rtp_clock_rate_hz);
  g_mutex_unlock (&self->lock);
  gst_rtp_buffer_unmap (&rtp);
}

static GstPadProbeReturn
on_rtp_received (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const gint64 now_us = g_get_monotonic_time ();
  GstBufferList *list;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) == 0)
    {
      count_received (user_data, GST_PAD_PROBE_INFO_BUFFER (info), now_us);
      return GST_PAD_PROBE_OK;
    }
  list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    count_received (user_data, gst_buffer_list_get (list, i), now_us);
  return GST_PAD_PROBE_OK;
}

/* Packets are counted where they enter rtpbin, before the jitter buffer. */
static void
on_rtpbin_pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  if (g_str_has_prefix (GST_OBJECT_NAME (pad), "recv_rtp_sink_"))
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp_received, user_data,
                       NULL);
}

/* The length in samples of the pause before @buffer: a gateway sends nothing while its bot is silent. Deviations of
 * less than a frame are due to the jitter buffer's estimate of the clock. */
static guint64
measure_pause (VgwCallReceiver *self, GstBuffer *buffer)
{
  GstClockTime start = GST_BUFFER_PTS (buffer);
  GstClockTime previous = self->heard_to;
  GstClockTime length =
      gst_util_uint64_scale (gst_buffer_get_size (buffer) / sizeof (gint16), GST_SECOND, VGW_CALL_OUTPUT_RATE_HZ);

  self->heard_to = GST_CLOCK_TIME_IS_VALID (start) ? start + length : GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID (start) || !GST_CLOCK_TIME_IS_VALID (previous)
      || start < previous + MIN_PAUSE_MS * GST_MSECOND)
    return 0;
  return gst_util_uint64_scale (start - previous, VGW_CALL_OUTPUT_RATE_HZ, GST_SECOND);
}

static void
write_silence (VgwCallReceiver *self, guint64 n_samples)
{
  static const gint16 silence[VGW_CALL_OUTPUT_RATE_HZ / 10];

  for (; n_samples > 0; n_samples -= MIN (n_samples, G_N_ELEMENTS (silence)))
    vgw_wav_file_push (self->wav, silence, MIN (n_samples, G_N_ELEMENTS (silence)));
}

static void
take_samples (VgwCallReceiver *self, const gint16 *samples, gsize n_samples)
{
  const gint64 now_us = g_get_monotonic_time ();
  gboolean is_first, is_first_voice;

  g_mutex_lock (&self->lock);
  vgw_timeline_add (&self->heard, now_us,
                    (gint64) ((self->level.n_samples + self->n_silent) * G_USEC_PER_SEC / VGW_CALL_OUTPUT_RATE_HZ));
  is_first = self->level.n_samples == 0;
  is_first_voice = self->level.n_voiced_windows == 0;
  is_first_voice = vgw_level_meter_add (&self->level, samples, n_samples) && is_first_voice;
  g_mutex_unlock (&self->lock);

  if (is_first)
    self->func (VGW_CALL_RECEIVER_FIRST_AUDIO, self->user_data);
  if (is_first_voice)
    self->func (VGW_CALL_RECEIVER_FIRST_VOICE, self->user_data);
  if (self->wav != NULL)
    vgw_wav_file_push (self->wav, samples, n_samples);
}

static GstFlowReturn
on_audio (GstAppSink *sink, gpointer user_data)
{
  g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (sink, 0);
  GstMapInfo map;

  if (sample != NULL && gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    {
      VgwCallReceiver *self = user_data;
      guint64 n_silent = measure_pause (self, gst_sample_get_buffer (sample));

      self->n_silent += n_silent;
      if (self->wav != NULL)
        write_silence (self, n_silent);
      take_samples (self, (const gint16 *) (gconstpointer) map.data, map.size / sizeof (gint16));
      gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    }
  return GST_FLOW_OK;
}

VgwCallReceiver *
vgw_call_receiver_new (guint rtp_clock_rate_hz, VgwWavFile *wav, VgwCallReceiverFunc func, gpointer user_data)
{
  VgwCallReceiver *self = g_new0 (VgwCallReceiver, 1);

  g_mutex_init (&self->lock);
  self->heard_to = GST_CLOCK_TIME_NONE;
  self->rtp_clock_rate_hz = rtp_clock_rate_hz;
  self->wav = wav;
  self->func = func;
  self->user_data = user_data;
  self->level.samples_per_window = VGW_CALL_OUTPUT_RATE_HZ * VGW_FRAME_MS / 1000;
  return self;
}

void
vgw_call_receiver_free (VgwCallReceiver *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_call_receiver_attach (VgwCallReceiver *self, GstElement *rtpbin, GstElement *appsink)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_audio };

  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad_added), self);
  gst_app_sink_set_callbacks (GST_APP_SINK (appsink), &callbacks, self, NULL);
}

void
vgw_call_receiver_get (VgwCallReceiver *self, VgwRtpCounter *received, VgwLevelMeter *level, gint64 *heard_start_us)
{
  g_mutex_lock (&self->lock);
  *received = self->received;
  *level = self->level;
  *heard_start_us = vgw_timeline_get_start_us (&self->heard);
  g_mutex_unlock (&self->lock);
}
