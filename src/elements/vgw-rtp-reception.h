/* Statistics of one received RTP stream: a packet is counted as received, reordered, late or duplicated when it
 * arrives, and the jitter is that of RFC 3550 section 6.4.1. Written by one thread, without a lock; read by any. */
#pragma once

#include <gst/gst.h>

typedef enum
{
  VGW_RTP_RECEPTION_PUSHED,    /* audio that was passed on */
  VGW_RTP_RECEPTION_BYTES,     /* … of its payload */
  VGW_RTP_RECEPTION_LOST,      /* given up */
  VGW_RTP_RECEPTION_LATE,      /* of these: arrived afterwards */
  VGW_RTP_RECEPTION_REORDERED, /* arrived after a later one, but in time */
  VGW_RTP_RECEPTION_DUPLICATES,
  VGW_RTP_RECEPTION_IGNORED, /* neither audio nor a telephone event */
  VGW_RTP_RECEPTION_N_COUNTS,
} VgwRtpReceptionCount;

/* Zero-initialised. */
typedef struct
{
  /* the writing thread only */
  gboolean is_started;
  guint64 highest_seqnum; /* extended */
  guint64 received;       /* bit n: highest_seqnum - n has arrived */
  gboolean has_transit;   /* the next two are set */
  GstClockTime last_arrival;
  guint32 last_timestamp;
  double jitter_ns;

  _Atomic guint64 counts[VGW_RTP_RECEPTION_N_COUNTS];
  _Atomic guint64 shown_jitter_ns;
} VgwRtpReception;

/* A packet has arrived with the extended number @seqnum; @is_late: it was given up before, or is a duplicate. FALSE for
 * a duplicate of one of the last 64. */
gboolean vgw_rtp_reception_add (VgwRtpReception *self, guint64 seqnum, gboolean is_late);

/* A packet of audio has arrived: for the jitter. */
void vgw_rtp_reception_time (VgwRtpReception *self, guint32 timestamp, guint clock_rate_hz, GstClockTime arrival);

/* The stream begins, or begins again with other numbers. The counts stay. */
void vgw_rtp_reception_restart (VgwRtpReception *self);

void vgw_rtp_reception_count (VgwRtpReception *self, VgwRtpReceptionCount which, guint64 n);

/* Any thread. */
guint64 vgw_rtp_reception_get (VgwRtpReception *self, VgwRtpReceptionCount which);

/* As rtpjitterbuffer's: num-pushed, num-lost, num-late, num-duplicates, avg-jitter (ns); and num-bytes, num-reordered,
 * num-ignored. All are guint64. Any thread. Returns: (transfer full) */
GstStructure *vgw_rtp_reception_to_structure (VgwRtpReception *self);
