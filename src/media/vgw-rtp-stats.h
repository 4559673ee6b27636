/* Statistics of the RTP of all callers together. */
#pragma once

#include <glib.h>

typedef struct
{
  guint64 source_changes; /* of a caller's SSRC */
  guint64 rate_dropped;   /* packets beyond the rate limit */
  guint64 audio_dropped;  /* packets with audio beyond real time */
  guint64 source_dropped; /* packets of an SSRC that is not selected, or beyond the limit of SSRCs */
  guint64 ignored;        /* packets with a payload type that was not negotiated, or without payload */
  guint64 floods;         /* calls that were ended for a flood */
} VgwRtpStats;

typedef enum
{
  VGW_RTP_COUNT_SOURCE_CHANGES,
  VGW_RTP_COUNT_RATE_DROPPED,
  VGW_RTP_COUNT_AUDIO_DROPPED,
  VGW_RTP_COUNT_SOURCE_DROPPED,
  VGW_RTP_COUNT_IGNORED,
  VGW_RTP_COUNT_FLOODS,
  VGW_RTP_N_COUNTS,
} VgwRtpCount;

/* @counts by VgwRtpCount. Any thread. */
void vgw_rtp_stats_read (VgwRtpStats *self, _Atomic guint64 counts[VGW_RTP_N_COUNTS]);
