/* The codecs that the test caller can offer, as gst-launch fragments. */
#pragma once

#include <glib.h>

typedef struct
{
  const char *name;         /* as on the command line: "opus" */
  guint input_rate_hz;      /* of the PCM that goes into `encoder` */
  guint rtp_clock_rate_hz;  /* RFC 3551, RFC 7587 */
  const char *encoder;      /* s16 mono PCM to `encoded_caps` */
  const char *encoded_caps; /* one buffer per 20 ms frame */
  const char *payloader;    /* without name and caps */
  const char *rtp_caps;     /* in the offer */
  const char *decoder;      /* depayloader named `depay`, up to s16 mono 16 kHz */
} VgwCallCodec;

/* The PCM that comes out of every decoder. */
#define VGW_CALL_OUTPUT_RATE_HZ 16000

/* Finds a codec by @name without regard to case. Returns: (transfer none) (nullable) */
const VgwCallCodec *vgw_call_codec_find (const char *name);
