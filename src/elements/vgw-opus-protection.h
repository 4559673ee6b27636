/* How much in-band FEC an Opus encoder makes, following the loss that the receiver reports. Pure.
 *
 * With libopus 1.3 at 16 kHz, FEC takes a third more CPU time, and at 24 kbit/s with an expected loss of 2 to 5 % there
 * is none at all: below a threshold of bit rate it is left out, above 5 % the audio bandwidth may be reduced for it.
 * So without loss no FEC is requested; with loss, the bit rate is a quarter higher, and the bandwidth as it was. */
#pragma once

#include <glib.h>

typedef struct
{
  gboolean is_known; /* there was a report */
  guint loss;        /* in 1/256: the last report, or what is left of a higher one before it */
} VgwOpusProtection;

/* @fraction_lost: of the packets since the last report, in 1/256. An increase counts at once; then it fades by a
 * quarter with each report. Returns: whether the next function has another result than before */
gboolean vgw_opus_protection_report (VgwOpusProtection *self, guint fraction_lost);

/* The expected loss in percent, 0 or a multiple of 5 up to 25, in place of @percent, that of the description, which
 * holds until there is a report. */
gint vgw_opus_protection_get_percent (const VgwOpusProtection *self, gint percent);

/* The bit rate in place of @bitrate, that without loss. */
gint vgw_opus_protection_get_bitrate (const VgwOpusProtection *self, gint bitrate);
