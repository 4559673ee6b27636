#include "elements/vgw-rtp-timeline.h"

/* The tolerated error of a timestamp. Devices that stamp at capture deviate by 10 ms in both directions. */
#define TOLERANCE_MS 30

void
vgw_rtp_timeline_restart (VgwRtpTimeline *self)
{
  self->is_started = FALSE;
}

void
vgw_rtp_timeline_set_clock_rate (VgwRtpTimeline *self, guint clock_rate_hz)
{
  if (self->clock_rate_hz != clock_rate_hz)
    vgw_rtp_timeline_restart (self);
  self->clock_rate_hz = clock_rate_hz;
}

GstClockTime
vgw_rtp_timeline_get_duration (const VgwRtpTimeline *self)
{
  if (!self->is_started || self->duration == 0)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale_int (self->duration, GST_SECOND, (gint) self->clock_rate_hz);
}

static GstClockTime
to_pts (const VgwRtpTimeline *self, gint64 position)
{
  return self->base_pts + gst_util_uint64_scale_int ((guint64) position, GST_SECOND, (gint) self->clock_rate_hz);
}

static gint64
to_position (const VgwRtpTimeline *self, GstClockTime pts)
{
  if (pts < self->base_pts)
    return -(gint64) gst_util_uint64_scale_int (self->base_pts - pts, (gint) self->clock_rate_hz, GST_SECOND);
  return (gint64) gst_util_uint64_scale_int (pts - self->base_pts, (gint) self->clock_rate_hz, GST_SECOND);
}

/* The position where @counted and @stamped differ, by the rules at the top of the header. */
static gint64
decide (gint64 counted, gint64 stamped, gint64 arrived, gint64 tolerance)
{
  gint64 claimed = stamped - counted;
  gint64 at;

  if (claimed > 0 && arrived - counted >= claimed - claimed / 4)
    return stamped;
  at = CLAMP (arrived, MIN (counted, stamped), MAX (counted, stamped));
  return ABS (at - counted) <= tolerance ? counted : at;
}

/* The position of a packet that is not the first. */
static gint64
find_position (VgwRtpTimeline *self, guint32 timestamp, guint64 n_lost, GstClockTime arrival)
{
  gint64 tolerance = (gint64) self->clock_rate_hz * TOLERANCE_MS / 1000;
  gint64 end = self->position + self->duration;
  gint64 counted = end + (gint64) n_lost * self->duration;

  self->stamped += (gint32) (timestamp - self->timestamp);
  if (self->duration == 0)
    return self->stamped = MAX (self->stamped, self->position);
  if (ABS (self->stamped - counted) <= tolerance)
    return counted;
  self->stamped = MAX (decide (counted, self->stamped, to_position (self, arrival), tolerance), end);
  return self->stamped;
}

GstClockTime
vgw_rtp_timeline_place (VgwRtpTimeline *self, guint32 timestamp, guint duration, guint64 n_lost, GstClockTime arrival,
                        GstClockTime *gap_begin)
{
  GstClockTime pts;

  g_return_val_if_fail (self->clock_rate_hz > 0, GST_CLOCK_TIME_NONE);

  if (!self->is_started)
    {
      self->is_started = TRUE;
      self->base_pts = MAX (arrival, self->end_pts);
      self->position = self->stamped = 0;
      *gap_begin = pts = self->base_pts;
    }
  else
    {
      self->position = find_position (self, timestamp, n_lost, arrival);
      pts = to_pts (self, self->position);
      *gap_begin = self->duration > 0 ? self->end_pts : pts - (pts - self->end_pts) / (n_lost + 1) * n_lost;
    }
  self->timestamp = timestamp;
  self->duration = duration;
  self->end_pts = to_pts (self, self->position + duration);
  return pts;
}
