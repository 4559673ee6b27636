/* The measurements of a call: RTP reception as defined by RFC 3550, and the loudness of the received audio. Plain
 * values without locks. */
#pragma once

#include <glib.h>

/* One received RTP stream, RFC 3550 appendix A. Zero-initialise. */
typedef struct
{
  guint64 n_received;
  guint64 first_sequence, highest_sequence; /* extended by cycles */
  guint32 last_timestamp;
  gint64 last_arrival_us;
  double jitter_ms;
} VgwRtpCounter;

/* Counts one packet that arrived at @arrival_us of the monotonic clock. */
void vgw_rtp_counter_add (VgwRtpCounter *self, guint16 sequence, guint32 timestamp, gint64 arrival_us,
                          guint clock_rate_hz);

/* Expected minus received packets, at least 0 (duplicates). RFC 3550 appendix A.3. */
guint64 vgw_rtp_counter_get_lost (const VgwRtpCounter *self);

/* The start of a stream of frames on the monotonic clock. Zero-initialise. */
typedef struct
{
  guint n_frames;
  gint64 starts_us[750]; /* from each of the first 15 s of frames */
} VgwTimeline;

/* Adds a frame whose first sample is at @position_us of its stream and arrived at @now_us of the monotonic clock. */
void vgw_timeline_add (VgwTimeline *self, gint64 now_us, gint64 position_us);

/* The time of the stream's first sample, as the median over its frames, so that frames delayed by a busy machine or by
 * the start of the jitter buffer do not count. -1 where there is none. */
gint64 vgw_timeline_get_start_us (const VgwTimeline *self);

/* Loudness of s16 samples, over all and in windows of 20 ms. Zero-initialise, then set samples_per_window. */
typedef struct
{
  guint samples_per_window;
  guint64 n_samples;
  double sum_of_squares;
  guint peak;
  guint n_voiced_windows; /* with an RMS of at least VGW_VOICED_RMS */
  guint window_fill;
  double window_sum_of_squares;
} VgwLevelMeter;

#define VGW_VOICED_RMS 300.0 /* of 32768, -41 dBFS: above comfort noise and codec hiss, below quiet speech */

/* Returns: TRUE when a voiced window was completed by these samples. */
gboolean vgw_level_meter_add (VgwLevelMeter *self, const gint16 *samples, gsize n_samples);

/* Root mean square over all samples, 0 to 32768. */
double vgw_level_meter_get_rms (const VgwLevelMeter *self);
