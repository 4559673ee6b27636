#include "elements/vgw-dtmf.h"

#define PAYLOAD_BYTES 4 /* RFC 4733 section 2.3: event, E R volume, duration */
#define END_BIT 0x80
#define MAX_SEGMENT 0xffffu /* RFC 4733 section 2.5.1.3: the duration of a full segment */
#define WRAP_STEP 0x8000u   /* a duration that decreases by more has wrapped */
#define LATE_TICKS 0x18000  /* a timestamp that is older by at most this belongs to an earlier key */
/* RFC 4733 section 2.5.1.2: a packet each 50 ms or less. After four missing ones the end is considered lost. */
#define RENEWED_WITHIN_US (200 * G_TIME_SPAN_MILLISECOND)

void
vgw_dtmf_finish (VgwDtmf *self, VgwDtmfFunc func, gpointer user_data)
{
  if (!self->is_pending)
    return;
  self->is_pending = FALSE;
  func (self->event, self->earlier + self->duration, user_data);
}

void
vgw_dtmf_expire (VgwDtmf *self, gint64 now_us, VgwDtmfFunc func, gpointer user_data)
{
  if (self->is_pending && now_us - self->last_us > RENEWED_WITHIN_US)
    vgw_dtmf_finish (self, func, user_data);
}

/* Whether a packet of @event with another @timestamp is the next segment of the same key, which begins where the last
 * one ends. Two presses have a pause and an end in between. */
static gboolean
is_next_segment (const VgwDtmf *self, guint event, guint32 timestamp, gboolean is_marked)
{
  guint32 step = timestamp - self->timestamp;

  return self->is_known && !self->has_ended && !is_marked && event == self->event
         && (step == MAX_SEGMENT || (self->duration > 0 && step == self->duration));
}

static gboolean
is_late (const VgwDtmf *self, guint32 timestamp)
{
  gint32 step = (gint32) (timestamp - self->timestamp);

  return self->is_known && step < 0 && step > -LATE_TICKS;
}

void
vgw_dtmf_handle (VgwDtmf *self, guint32 timestamp, gboolean is_marked, const guint8 *payload, gsize length,
                 gint64 now_us, VgwDtmfFunc func, gpointer user_data)
{
  guint duration;

  if (length < PAYLOAD_BYTES || payload[0] > VGW_DTMF_MAX_EVENT || is_late (self, timestamp))
    return;
  duration = (guint) payload[2] << 8 | payload[3];
  if (is_next_segment (self, payload[0], timestamp, is_marked))
    {
      self->earlier += timestamp - self->timestamp;
      self->timestamp = timestamp;
    }
  else if (!self->is_known || self->timestamp != timestamp)
    {
      vgw_dtmf_finish (self, func, user_data);
      *self = (VgwDtmf){ .is_pending = TRUE, .is_known = TRUE, .timestamp = timestamp };
    }
  else if (duration + WRAP_STEP < self->duration)
    self->earlier += MAX_SEGMENT + 1;
  self->event = payload[0];
  self->duration = duration;
  self->last_us = now_us;
  if (payload[1] & END_BIT)
    {
      self->has_ended = TRUE;
      vgw_dtmf_finish (self, func, user_data);
    }
}
