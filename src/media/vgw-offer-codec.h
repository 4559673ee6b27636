/* The codecs of an m-line of audio. Pure functions over parsed SDP; any thread. */
#pragma once

#include <gst/sdp/sdp.h>

#define VGW_OFFER_MAX_CODECS 64
#define VGW_OFFER_MAX_TOKEN 32 /* of a mid, and of a codec's name */

typedef struct
{
  guint payload_type;    /* where the client sends */
  int send_payload_type; /* where the client receives; -1 where it cannot */
  char *name;            /* upper case: "OPUS", "PCMU" */
  guint clock_rate_hz;
  char *rtpmap; /* "opus/48000/2", as offered */
  char *fmtp;   /* (nullable) parameters, without the payload type */
} VgwOfferCodec;

/* In the client's order; what cannot be read is left out. send_payload_type is not set.
 * Returns: (transfer full) (element-type VgwOfferCodec) */
GPtrArray *vgw_offer_codec_parse_all (const GstSDPMedia *media);

/* The first one with this name and clock rate, or NULL. (transfer none) */
const VgwOfferCodec *vgw_offer_codec_find (GPtrArray *codecs, const char *name, guint clock_rate_hz);

/* The most that the client wants to receive, bit/s (maxaveragebitrate of Opus, RFC 7587 section 6.1); 0: it says
 * nothing. */
guint vgw_offer_codec_get_max_bitrate (const VgwOfferCodec *codec);

/* Whether @text is a token (RFC 8866 section 9) of at most VGW_OFFER_MAX_TOKEN bytes. */
gboolean vgw_offer_is_token (const char *text);
