#include "base/vgw-read-meter.h"

#include <time.h>

#define US_PER_SECOND_AND_PERCENT (G_USEC_PER_SEC / 100)
#define SHARED_BURST_US 200000
#define EXPENSIVE_US 1000 /* cheaper pieces are not delayed because of other peers */
#define MAX_DELAY_US (5 * G_USEC_PER_SEC)
#define FRAMES_BURST 5 /* the burst, in seconds of max_frames_per_s */

/* The CPU time of this thread: the time that it waits for a processor is not counted against the peer. */
static gint64
get_thread_time_us (void)
{
  struct timespec time = { 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

void
vgw_read_meter_start (VgwReadMeter *self)
{
  self->started_us = get_thread_time_us ();
}

gint64
vgw_read_meter_stop (VgwReadMeter *self, const VgwReadLimits *limits, gsize n_bytes)
{
  guint cost_us = (guint) (get_thread_time_us () - self->started_us);
  gint64 now_us = g_get_monotonic_time ();
  gint64 delay_us = vgw_token_bucket_charge (&self->work_us, cost_us, limits->work_percent * US_PER_SECOND_AND_PERCENT,
                                             limits->work_burst_us, now_us);
  gint64 bytes_us = 0, shared_us = 0;

  if (limits->max_bytes_per_s > 0)
    bytes_us = vgw_token_bucket_charge (&self->bytes, (guint) n_bytes, limits->max_bytes_per_s, limits->max_burst_bytes,
                                        now_us);
  if (limits->shared_work != NULL)
    shared_us =
        vgw_token_bucket_charge (limits->shared_work, cost_us,
                                 VGW_READ_METER_SHARED_PERCENT * US_PER_SECOND_AND_PERCENT, SHARED_BURST_US, now_us);
  delay_us = MAX (delay_us, bytes_us);
  if (cost_us >= EXPENSIVE_US)
    delay_us = MAX (delay_us, shared_us);
  return MIN (delay_us, MAX_DELAY_US);
}

gboolean
vgw_read_meter_count_frames (VgwReadMeter *self, const VgwReadLimits *limits, guint64 n_frames)
{
  guint rate = limits->max_frames_per_s;
  guint n_new = (guint) (n_frames - self->n_frames);

  self->n_frames = n_frames;
  return rate == 0
         || vgw_token_bucket_charge (&self->frames, n_new, rate, rate * FRAMES_BURST, g_get_monotonic_time ()) == 0;
}
