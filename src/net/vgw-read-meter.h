/* How fast one peer may be read: in bytes, in frames, and in what it costs of the thread's time. One thread. */
#pragma once

#include "base/vgw-token-bucket.h"

G_BEGIN_DECLS

typedef struct
{
  guint max_frames_per_s; /* over a second or so; five times as many in one burst; 0: no bound */
  guint max_bytes_per_s;  /* 0: no bound */
  guint max_burst_bytes;
  guint work_percent; /* of the thread's time */
  guint work_burst_us;
  VgwTokenBucket *shared_work; /* (nullable) of all peers together, 40 % of the thread's time; outlives the meter */
} VgwReadLimits;

#define VGW_READ_METER_SHARED_PERCENT 40

/* All zero to begin with. Part of its owner's struct. */
typedef struct
{
  VgwTokenBucket frames, bytes, work_us;
  gint64 started_us;
  guint64 n_frames;
} VgwReadMeter;

/* Before a piece is read and handled. */
void vgw_read_meter_start (VgwReadMeter *self);

/* After it, with @n_bytes. Returns for how many µs nothing may be read now; 0: none. Nothing is lost meanwhile: TCP
 * holds the peer back. */
gint64 vgw_read_meter_stop (VgwReadMeter *self, const VgwReadLimits *limits, gsize n_bytes);

/* Whether the frames so far, @n_frames, came within the rate. A frame costs work even when it is empty: pings without
 * end are as bad as messages without end. */
gboolean vgw_read_meter_count_frames (VgwReadMeter *self, const VgwReadLimits *limits, guint64 n_frames);

G_END_DECLS
