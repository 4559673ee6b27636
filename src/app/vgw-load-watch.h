/* Detects overload. The complexity of the encoders is lowered (vgw-load-governor.h); where that is not enough, a
 * warning is logged, since nothing else explains choppy speech. Main thread. */
#pragma once

#include "media/vgw-media.h"

#define VGW_LOAD_WATCH_S 10u

/* Counts since the start. */
typedef struct
{
  guint64 ticks;          /* 20 ms frames that were due */
  guint64 late_ticks;     /* of these, 20 ms late or more */
  guint64 kernel_dropped; /* packets dropped because the receive buffer was full */
} VgwLoadReading;

/* Describes an overload between two readings for the log; NULL where there was none. The limit is one late frame in a
 * hundred, which is audible; fewer than 500 frames (ten seconds of one call) are not judged.
 * Returns: (transfer full) (nullable) */
char *vgw_load_judge (const VgwLoadReading *before, const VgwLoadReading *now);

/* Whether there is enough data between two readings to judge; otherwise the period is extended. */
gboolean vgw_load_is_enough (const VgwLoadReading *before, const VgwLoadReading *now);

typedef struct _VgwLoadWatch VgwLoadWatch;

/* Warns once when an overload begins, and logs its end. @can_govern: the complexity of the encoders may be lowered.
 * Returns: (transfer full) */
VgwLoadWatch *vgw_load_watch_new (VgwMedia *media, gboolean can_govern);
void vgw_load_watch_free (VgwLoadWatch *self);

/* vgw_audio_thread_sample_load () of the last second. */
guint vgw_load_watch_get_busy_percent (VgwLoadWatch *self);
