/* What is done on a machine that has more calls than it can carry. The encoders are told to work less hard
 * (vgw-load-governor.h), and where that does not help, the log says that it is too much: callers hear choppy speech,
 * and nothing else would say why. Main thread. */
#pragma once

#include "media/vgw-media.h"

G_BEGIN_DECLS

#define VGW_LOAD_WATCH_S 10u

/* What has come together since the start. */
typedef struct
{
  guint64 ticks;          /* 20 ms frames whose turn came */
  guint64 late_ticks;     /* of these, 20 ms late or more */
  guint64 kernel_dropped; /* packets that nobody fetched in time */
} VgwLoadReading;

/* What is wrong with the time between two readings, in words for the log; NULL where nothing is. One late frame in a
 * hundred is heard; of fewer than 500 frames (ten seconds of one call), as they come at the start of a call, nothing is
 * said. Returns: (transfer full) (nullable) */
char *vgw_load_judge (const VgwLoadReading *before, const VgwLoadReading *now);

/* Whether enough came between two readings to judge it; fewer frames are judged with those that follow. */
gboolean vgw_load_is_enough (const VgwLoadReading *before, const VgwLoadReading *now);

typedef struct _VgwLoadWatch VgwLoadWatch;

/* Warns when it begins to be too much, not again before it was all right. @can_govern: the encoders may be told.
 * Returns: (transfer full) */
VgwLoadWatch *vgw_load_watch_new (VgwMedia *media, gboolean can_govern);
void vgw_load_watch_free (VgwLoadWatch *self);

G_END_DECLS
