/* The PCM of engines: signed 16 bit, host byte order (little endian on every supported platform), mono. */
#pragma once

#include <glib.h>

#define VGW_FRAME_MS 20 /* one RTP packet, one call of the pacer, one playout frame */
#define VGW_FRAME_US ((gint64) VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  guint rate_hz; /* 8000, 16000, 24000 or 48000 */
} VgwAudioFormat;

/* Whether no sample is louder than @peak. */
static inline gboolean
vgw_audio_is_quiet (const gint16 *samples, gsize n_samples, gint16 peak)
{
  for (gsize i = 0; i < n_samples; i++)
    {
      if (samples[i] > peak || samples[i] < -peak)
        return FALSE;
    }
  return TRUE;
}

static inline gsize
vgw_audio_format_frame_samples (const VgwAudioFormat *format)
{
  return (gsize) format->rate_hz * VGW_FRAME_MS / 1000;
}
