/* A ring has one writer and one reader: the writer owns the frames from `n_written` on, the reader those before it,
 * from `n_read` on. Both are counters that wrap; the order of the atomic operations publishes the frames. */
#include "media/vgw-audio-monitor.h"

#include <gst/audio/audio.h>
#include <string.h>

#define FRAME_MS 10u  /* of what is pushed: webrtcdsp makes such frames, the playout longer ones */
#define N_FRAMES 256u /* a power of two, so that the counters may wrap; those that a network has held up come at once */
#define MAX_FRAME_SAMPLES (48 * FRAME_MS)
#define GAP_US (60 * G_TIME_SPAN_MILLISECOND)
/* Audio of the caller is continuous; that of one packet is early or late with the network and with the threads, and
 * what follows a late one comes together. To move it at once would take samples out of a word, or put silence in. */
#define MAX_DELAY_US (500 * G_TIME_SPAN_MILLISECOND)
#define MAX_EARLY_US (200 * G_TIME_SPAN_MILLISECOND)
#define WINDOW_US G_TIME_SPAN_SECOND

G_STATIC_ASSERT (N_FRAMES *FRAME_MS >= VGW_AUDIO_MONITOR_MAX_MS);

typedef struct
{
  gint64 end_us; /* monotonic */
  guint n_samples;
  gint16 samples[MAX_FRAME_SAMPLES];
} Frame;

typedef struct
{
  Frame frames[N_FRAMES];
  guint n_written, n_read;      /* atomic */
  guint n_dropped;              /* atomic; samples */
  GstAudioResampler *resampler; /* main thread, as the following; (nullable) where the rates are the same */
  gint64 until_us;              /* the end of what was taken; 0: nothing yet */
  gint64 window_us;             /* taken since the last time that the delay was looked at */
  gint64 least_delay_us;        /* in it: of a frame behind the timeline, negative where it came before its time */
} Ring;

struct _VgwAudioMonitor
{
  gatomicrefcount ref_count;
  guint rate_hz, taken_rate_hz; /* constant */
  gint is_on;                   /* atomic */
  Ring rings[VGW_AUDIO_MONITOR_SENT + 1];
};

void
vgw_audio_monitor_chunk_clear (VgwAudioMonitorChunk *self)
{
  g_clear_pointer (&self->pcm, g_byte_array_unref);
}

VgwAudioMonitor *
vgw_audio_monitor_new (guint rate_hz, guint taken_rate_hz)
{
  VgwAudioMonitor *self = g_new0 (VgwAudioMonitor, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->rate_hz = rate_hz;
  self->taken_rate_hz = taken_rate_hz;
  for (guint i = 0; rate_hz != taken_rate_hz && i < G_N_ELEMENTS (self->rings); i++)
    self->rings[i].resampler =
        gst_audio_resampler_new (GST_AUDIO_RESAMPLER_METHOD_KAISER, GST_AUDIO_RESAMPLER_FLAG_NONE, GST_AUDIO_FORMAT_S16,
                                 1, (gint) rate_hz, (gint) taken_rate_hz, NULL);
  return self;
}

VgwAudioMonitor *
vgw_audio_monitor_ref (VgwAudioMonitor *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_audio_monitor_unref (VgwAudioMonitor *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (self->rings); i++)
    g_clear_pointer (&self->rings[i].resampler, gst_audio_resampler_free);
  g_free (self);
}

gboolean
vgw_audio_monitor_is_free (VgwAudioMonitor *self, guint taken_rate_hz)
{
  return g_atomic_ref_count_compare (&self->ref_count, 1) && self->taken_rate_hz == taken_rate_hz;
}

void
vgw_audio_monitor_set_on (VgwAudioMonitor *self, gboolean is_on)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->rings); i++)
    g_atomic_int_set (&self->rings[i].n_read, g_atomic_int_get (&self->rings[i].n_written));
  g_atomic_int_set (&self->is_on, is_on);
}

void
vgw_audio_monitor_push (VgwAudioMonitor *self, VgwAudioMonitorDirection direction, const gint16 *samples,
                        gsize n_samples, gint64 now_us)
{
  Ring *ring = &self->rings[direction];

  if (!g_atomic_int_get (&self->is_on))
    return;
  while (n_samples > 0)
    {
      guint n_written = g_atomic_int_get (&ring->n_written);
      Frame *frame = &ring->frames[n_written % N_FRAMES];

      if (n_written - (guint) g_atomic_int_get (&ring->n_read) == N_FRAMES)
        {
          g_atomic_int_add (&ring->n_dropped, (gint) n_samples);
          return;
        }
      frame->n_samples = (guint) MIN (n_samples, MAX_FRAME_SAMPLES);
      memcpy (frame->samples, samples, frame->n_samples * sizeof (gint16));
      samples += frame->n_samples;
      n_samples -= frame->n_samples;
      frame->end_us = now_us - (gint64) n_samples * G_USEC_PER_SEC / self->rate_hz;
      g_atomic_int_set (&ring->n_written, n_written + 1);
    }
}

static void
append (Ring *ring, const Frame *frame, GByteArray *pcm)
{
  gpointer in[] = { (gpointer) frame->samples };
  gpointer out[1];
  gsize n_out = frame->n_samples;
  guint at = pcm->len;

  if (ring->resampler != NULL)
    n_out = gst_audio_resampler_get_out_frames (ring->resampler, frame->n_samples);
  g_byte_array_set_size (pcm, at + (guint) (n_out * sizeof (gint16)));
  out[0] = pcm->data + at;
  if (ring->resampler != NULL)
    gst_audio_resampler_resample (ring->resampler, in, frame->n_samples, out, n_out);
  else
    memcpy (out[0], frame->samples, n_out * sizeof (gint16));
}

/* Notes frames that continue the timeline and are at least @delay_us behind it. Returns: how far it is to be moved */
static gint64
note_delay (Ring *ring, gint64 taken_us, gint64 delay_us, gint64 max_delay_us)
{
  gint64 shift_us = 0;

  ring->least_delay_us = ring->window_us == 0 ? delay_us : MIN (ring->least_delay_us, delay_us);
  ring->window_us += taken_us;
  if (ring->window_us >= WINDOW_US)
    max_delay_us = GAP_US;
  if (ring->least_delay_us > max_delay_us || -ring->least_delay_us > MIN (max_delay_us, MAX_EARLY_US))
    shift_us = ring->least_delay_us;
  if (ring->window_us >= WINDOW_US || shift_us != 0)
    ring->window_us = 0;
  return shift_us;
}

gboolean
vgw_audio_monitor_take (VgwAudioMonitor *self, VgwAudioMonitorDirection direction, VgwAudioMonitorChunk *chunk)
{
  Ring *ring = &self->rings[direction];
  guint n_read = g_atomic_int_get (&ring->n_read);
  guint n_written = g_atomic_int_get (&ring->n_written);
  gint64 max_delay_us = direction == VGW_AUDIO_MONITOR_SENT ? GAP_US : MAX_DELAY_US;
  gint64 until_us = ring->until_us, taken_us = 0, latest_us = G_MAXINT64;
  guint n_taken = 0;
  gboolean is_new = FALSE;

  *chunk = (VgwAudioMonitorChunk){ g_byte_array_new (), 0, 0 };
  for (; n_read + n_taken != n_written; n_taken++)
    {
      const Frame *frame = &ring->frames[(n_read + n_taken) % N_FRAMES];
      gint64 length_us = (gint64) frame->n_samples * G_USEC_PER_SEC / self->rate_hz;
      gboolean has_gap = until_us == 0 || frame->end_us - length_us - until_us > max_delay_us;

      if (has_gap && n_taken > 0)
        break;
      is_new = is_new || has_gap;
      until_us = has_gap ? frame->end_us : until_us + length_us;
      taken_us += length_us;
      latest_us = MIN (latest_us, frame->end_us - taken_us);
      append (ring, frame, chunk->pcm);
    }
  if (n_taken == 0)
    {
      vgw_audio_monitor_chunk_clear (chunk);
      return FALSE;
    }
  if (is_new)
    ring->window_us = 0;
  /* audio is not later than its arrival: of frames that were delayed and came together, the first are of before */
  chunk->start_us =
      is_new ? latest_us : ring->until_us + note_delay (ring, taken_us, latest_us - ring->until_us, max_delay_us);
  chunk->end_us = chunk->start_us + taken_us;
  ring->until_us = chunk->end_us;
  g_atomic_int_set (&ring->n_read, n_read + n_taken);
  return TRUE;
}

guint64
vgw_audio_monitor_count_dropped_ms (VgwAudioMonitor *self)
{
  guint64 n_dropped = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->rings); i++)
    n_dropped += (guint) g_atomic_int_get (&self->rings[i].n_dropped);
  return n_dropped * 1000 / self->rate_hz;
}
