#include "session/vgw-call-mixer.h"

#include <string.h>

#define TOLERANCE_US (5 * G_TIME_SPAN_MILLISECOND)

struct _VgwCallMixer
{
  guint rate_hz;
  gint64 zero_us;
  gint64 n_taken;  /* frames */
  GArray *waiting; /* gint16, interleaved, from frame n_taken on */
  struct
  {
    gint64 end_us;
    gint64 end; /* the frame after the last piece */
  } channels[VGW_CALL_MIXER_CHANNELS];
};

VgwCallMixer *
vgw_call_mixer_new (guint rate_hz, gint64 zero_us)
{
  VgwCallMixer *self = g_new0 (VgwCallMixer, 1);

  self->rate_hz = rate_hz;
  self->zero_us = zero_us;
  self->waiting = g_array_new (FALSE, TRUE, sizeof (gint16));
  return self;
}

void
vgw_call_mixer_free (VgwCallMixer *self)
{
  g_array_unref (self->waiting);
  g_free (self);
}

static gint64
to_frame (const VgwCallMixer *self, gint64 time_us)
{
  return (time_us - self->zero_us) * self->rate_hz / G_USEC_PER_SEC;
}

static gint64
get_max_ahead (const VgwCallMixer *self)
{
  return (gint64) self->rate_hz * VGW_CALL_MIXER_MAX_AHEAD_MS / 1000;
}

static void
write_samples (VgwCallMixer *self, guint channel, gint64 at, const gint16 *samples, gsize n_samples)
{
  gsize first = (gsize) (at - self->n_taken);
  gsize n_needed = (first + n_samples) * VGW_CALL_MIXER_CHANNELS;

  if (n_samples == 0)
    return;
  if (n_needed > self->waiting->len)
    g_array_set_size (self->waiting, (guint) n_needed);
  for (gsize i = 0; i < n_samples; i++)
    g_array_index (self->waiting, gint16, (first + i) * VGW_CALL_MIXER_CHANNELS + channel) = samples[i];
}

gsize
vgw_call_mixer_add (VgwCallMixer *self, guint channel, const gint16 *samples, gsize n_samples, gint64 start_us)
{
  gint64 at, begin, end, bound = self->n_taken + get_max_ahead (self);
  gboolean is_next;

  g_return_val_if_fail (channel < VGW_CALL_MIXER_CHANNELS, 0);

  is_next = self->channels[channel].end > 0 && ABS (start_us - self->channels[channel].end_us) <= TOLERANCE_US;
  at = is_next ? self->channels[channel].end : to_frame (self, start_us);
  begin = MAX (at, MAX (self->channels[channel].end, self->n_taken));
  end = MIN (at + (gint64) n_samples, bound);
  self->channels[channel].end_us = start_us + (gint64) n_samples * G_USEC_PER_SEC / self->rate_hz;
  self->channels[channel].end = MAX (at + (gint64) n_samples, self->channels[channel].end);
  if (begin >= end)
    return n_samples;
  write_samples (self, channel, begin, samples + (begin - at), (gsize) (end - begin));
  return n_samples - (gsize) (end - begin);
}

void
vgw_call_mixer_cut (VgwCallMixer *self, gint64 from_us)
{
  gint64 from = MAX (to_frame (self, from_us), self->n_taken);
  guint n_values = (guint) MIN (from - self->n_taken, get_max_ahead (self)) * VGW_CALL_MIXER_CHANNELS;

  if (n_values < self->waiting->len)
    g_array_set_size (self->waiting, n_values);
  for (guint i = 0; i < VGW_CALL_MIXER_CHANNELS; i++)
    {
      self->channels[i].end = MIN (self->channels[i].end, from);
      self->channels[i].end_us = MIN (self->channels[i].end_us, from_us);
    }
}

gsize
vgw_call_mixer_take (VgwCallMixer *self, gint64 until_us, GArray *frames)
{
  gint64 n_frames = CLAMP (to_frame (self, until_us) - self->n_taken, 0, get_max_ahead (self));
  guint n_values = (guint) n_frames * VGW_CALL_MIXER_CHANNELS;
  guint n_waiting = MIN (self->waiting->len, n_values);
  guint at = frames->len;

  if (n_frames == 0)
    return 0;
  g_array_set_size (frames, at + n_values);
  memset (&g_array_index (frames, gint16, at), 0, n_values * sizeof (gint16));
  if (n_waiting > 0)
    {
      memcpy (&g_array_index (frames, gint16, at), self->waiting->data, n_waiting * sizeof (gint16));
      g_array_remove_range (self->waiting, 0, n_waiting);
    }
  self->n_taken += n_frames;
  return (gsize) n_frames;
}
