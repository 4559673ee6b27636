/* A copy of both directions of a call's audio for the main thread: what the caller says, and what the caller hears when
 * it is sent. The threads that carry audio never wait for it: each direction has a ring of frames without a lock, and
 * what does not fit is dropped and counted. */
#pragma once

#include <glib.h>

#define VGW_AUDIO_MONITOR_RATE_HZ 24000 /* of what is taken */
#define VGW_AUDIO_MONITOR_MAX_MS 1000u  /* that wait in each direction */

typedef struct _VgwAudioMonitor VgwAudioMonitor; /* reference counted */

typedef enum
{
  VGW_AUDIO_MONITOR_RECEIVED, /* of the caller */
  VGW_AUDIO_MONITOR_SENT,     /* to the caller, but for silence where nothing is played */
} VgwAudioMonitorDirection;

/* Audio without a gap. */
typedef struct
{
  GByteArray *pcm;         /* s16le mono at VGW_AUDIO_MONITOR_RATE_HZ */
  gint64 start_us, end_us; /* monotonic */
} VgwAudioMonitorChunk;

void vgw_audio_monitor_chunk_clear (VgwAudioMonitorChunk *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VgwAudioMonitorChunk, vgw_audio_monitor_chunk_clear)

/* Off at first. @rate_hz: of what is pushed. Main thread. Returns: (transfer full) */
VgwAudioMonitor *vgw_audio_monitor_new (guint rate_hz);

VgwAudioMonitor *vgw_audio_monitor_ref (VgwAudioMonitor *self);
void vgw_audio_monitor_unref (VgwAudioMonitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAudioMonitor, vgw_audio_monitor_unref)

/* What waits is dropped, at either change. Main thread. */
void vgw_audio_monitor_set_on (VgwAudioMonitor *self, gboolean is_on);

/* s16 mono. One thread at a time for each direction; does not block. */
void vgw_audio_monitor_push (VgwAudioMonitor *self, VgwAudioMonitorDirection direction, const gint16 *samples,
                             gsize n_samples);

/* Takes what waits, up to the first gap, into @chunk. FALSE where nothing waits. Main thread. */
gboolean vgw_audio_monitor_take (VgwAudioMonitor *self, VgwAudioMonitorDirection direction,
                                 VgwAudioMonitorChunk *chunk);

/* The ms that were dropped, of both directions together. Any thread. */
guint64 vgw_audio_monitor_count_dropped_ms (VgwAudioMonitor *self);
