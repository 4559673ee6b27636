#include "engine/dialects/vgw-mulaw.h"

#define BIAS 132            /* 33 in 14 bits: each segment begins at a power of two */
#define MAX_MAGNITUDE 32635 /* the last decision value, 8159 in 14 bits, scaled to 16 bits */
#define SIGN_BIT 0x80
#define FIRST_SEGMENT_BIT 7 /* a biased magnitude is at least 128 */
#define STEP_BITS 4

guint8
vgw_mulaw_encode (gint16 sample)
{
  const guint sign = sample < 0 ? SIGN_BIT : 0;
  const guint magnitude = MIN ((guint) ABS ((int) sample), MAX_MAGNITUDE) + BIAS;
  const guint segment = (guint) g_bit_nth_msf (magnitude, -1) - FIRST_SEGMENT_BIT;
  const guint step = (magnitude >> (segment + FIRST_SEGMENT_BIT - STEP_BITS)) & 0x0f;

  return (guint8) ~(sign | segment << STEP_BITS | step);
}

gint16
vgw_mulaw_decode (guint8 octet)
{
  const guint code = (guint8) ~octet;
  const guint segment = (code >> STEP_BITS) & 0x07;
  const guint step = code & 0x0f;
  /* the middle of its step */
  const int magnitude = (int) (((step << 3) + BIAS) << segment) - BIAS;

  return (gint16) ((code & SIGN_BIT) != 0 ? -magnitude : magnitude);
}
