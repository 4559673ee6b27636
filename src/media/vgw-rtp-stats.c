#include "media/vgw-rtp-stats.h"

#include <stdatomic.h>

void
vgw_rtp_stats_read (VgwRtpStats *self, _Atomic guint64 counts[VGW_RTP_N_COUNTS])
{
  guint64 values[VGW_RTP_N_COUNTS];

  for (guint i = 0; i < VGW_RTP_N_COUNTS; i++)
    values[i] = atomic_load_explicit (&counts[i], memory_order_relaxed);
  *self = (VgwRtpStats){
    .source_changes = values[VGW_RTP_COUNT_SOURCE_CHANGES],
    .rate_dropped = values[VGW_RTP_COUNT_RATE_DROPPED],
    .audio_dropped = values[VGW_RTP_COUNT_AUDIO_DROPPED],
    .source_dropped = values[VGW_RTP_COUNT_SOURCE_DROPPED],
    .ignored = values[VGW_RTP_COUNT_IGNORED],
    .floods = values[VGW_RTP_COUNT_FLOODS],
  };
}
