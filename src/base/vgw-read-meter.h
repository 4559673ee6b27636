/* Limits the rate at which one peer is read: bytes, frames, and the thread's time. One thread. */
#pragma once

#include "base/vgw-token-bucket.h"

typedef struct
{
  guint max_frames_per_s; /* average; five times as many in a burst; 0: no limit */
  guint max_bytes_per_s;  /* 0: no limit */
  guint max_burst_bytes;
  guint work_percent; /* of the thread's time */
  guint work_burst_us;
  VgwTokenBucket *shared_work; /* (nullable) of all peers together, 40 % of the thread's time; outlives the meter */
} VgwReadLimits;

#define VGW_READ_METER_SHARED_PERCENT 40

/* Zero-initialised. Part of its owner's struct. */
typedef struct
{
  VgwTokenBucket frames, bytes, work_us;
  gint64 started_us;
  guint64 n_frames;
} VgwReadMeter;

/* Before a piece is read and handled. */
void vgw_read_meter_start (VgwReadMeter *self);

/* After it, with @n_bytes. Returns the time in µs for which nothing may be read; 0: none. Nothing is lost: TCP flow
 * control holds the peer back. */
gint64 vgw_read_meter_stop (VgwReadMeter *self, const VgwReadLimits *limits, gsize n_bytes);

/* Whether the frames so far, @n_frames, are within the rate. All frames count, also empty ones and pings. */
gboolean vgw_read_meter_count_frames (VgwReadMeter *self, const VgwReadLimits *limits, guint64 n_frames);
