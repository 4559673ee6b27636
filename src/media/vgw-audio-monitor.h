/* A copy of both directions of a call's audio for the main thread: what the caller says, and what the caller hears when
 * it is sent. The threads that carry audio never wait for it: each direction has a ring of frames without a lock, and
 * what does not fit is dropped and counted. */
#pragma once

#include <glib.h>

#define VGW_AUDIO_MONITOR_MAX_MS 2500u /* that wait in each direction */

typedef struct _VgwAudioMonitor VgwAudioMonitor; /* reference counted */

typedef enum
{
  VGW_AUDIO_MONITOR_RECEIVED, /* of the caller */
  VGW_AUDIO_MONITOR_SENT,     /* to the caller, but for silence where nothing is played */
} VgwAudioMonitorDirection;

/* Audio without a gap. The first chunk, and the first after a gap, begins so that no frame is later than it was
 * pushed: frames that were delayed, and pushed together, are where they would have been. Each other one continues the
 * chunk before, but if it is off by more than 60 ms of SENT, or more than 500 ms late or 200 ms early of RECEIVED,
 * which networks and threads delay; or for a whole second by more than 60 ms. Then it may begin before the end of
 * that one. */
typedef struct
{
  GByteArray *pcm;         /* s16le mono at the rate of the monitor */
  gint64 start_us, end_us; /* monotonic */
} VgwAudioMonitorChunk;

void vgw_audio_monitor_chunk_clear (VgwAudioMonitorChunk *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VgwAudioMonitorChunk, vgw_audio_monitor_chunk_clear)

/* Off at first. @rate_hz: of what is pushed, @taken_rate_hz: of what is taken. Main thread. Returns: (transfer full) */
VgwAudioMonitor *vgw_audio_monitor_new (guint rate_hz, guint taken_rate_hz);

VgwAudioMonitor *vgw_audio_monitor_ref (VgwAudioMonitor *self);
void vgw_audio_monitor_unref (VgwAudioMonitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAudioMonitor, vgw_audio_monitor_unref)

/* Whether only its maker has a reference, and it is taken at @taken_rate_hz. Main thread. */
gboolean vgw_audio_monitor_is_free (VgwAudioMonitor *self, guint taken_rate_hz);

/* What waits is dropped, at either change. Main thread. */
void vgw_audio_monitor_set_on (VgwAudioMonitor *self, gboolean is_on);

/* s16 mono. @now_us: monotonic, when the last of these samples was there. One thread at a time for each direction; does
 * not block. */
void vgw_audio_monitor_push (VgwAudioMonitor *self, VgwAudioMonitorDirection direction, const gint16 *samples,
                             gsize n_samples, gint64 now_us);

/* Takes what waits, up to the first gap, into @chunk. FALSE where nothing waits. Main thread. */
gboolean vgw_audio_monitor_take (VgwAudioMonitor *self, VgwAudioMonitorDirection direction,
                                 VgwAudioMonitorChunk *chunk);

/* The ms that were dropped, of both directions together. Any thread. */
guint64 vgw_audio_monitor_count_dropped_ms (VgwAudioMonitor *self);
