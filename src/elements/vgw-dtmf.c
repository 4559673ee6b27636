#include "elements/vgw-dtmf.h"

#define PAYLOAD_BYTES 4 /* RFC 4733 section 2.3: event, E R volume, duration */
#define END_BIT 0x80

void
vgw_dtmf_finish (VgwDtmf *self, VgwDtmfFunc func, gpointer user_data)
{
  if (!self->is_pending)
    return;
  self->is_pending = FALSE;
  func (self->event, self->duration, user_data);
}

void
vgw_dtmf_take (VgwDtmf *self, guint32 timestamp, const guint8 *payload, gsize length, VgwDtmfFunc func,
               gpointer user_data)
{
  if (length < PAYLOAD_BYTES || payload[0] > VGW_DTMF_MAX_EVENT)
    return;
  if (!self->is_known || self->timestamp != timestamp)
    {
      vgw_dtmf_finish (self, func, user_data);
      *self = (VgwDtmf){ .is_pending = TRUE, .is_known = TRUE, .timestamp = timestamp };
    }
  self->event = payload[0];
  self->duration = (guint) payload[2] << 8 | payload[3];
  if (payload[1] & END_BIT)
    vgw_dtmf_finish (self, func, user_data);
}
