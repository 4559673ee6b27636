/* RTP packets: header, kind, and duration of the audio (RFC 3550 section 5.1). Pure. */
#pragma once

#include <glib.h>

#define VGW_RTP_HEADER_BYTES 12

typedef enum
{
  VGW_RTP_AUDIO, /* of the negotiated codec */
  VGW_RTP_EVENT, /* a telephone event (RFC 4733) */
  VGW_RTP_OTHER, /* any other payload type, or no payload: comfort noise, keepalives (RFC 6263), padding */
} VgwRtpKind;

typedef enum
{
  VGW_RTP_CODEC_OTHER,
  VGW_RTP_CODEC_OPUS,
  VGW_RTP_CODEC_OCTETS, /* a byte per tick of the RTP clock: PCMU, PCMA, and G.722 with its clock of 8000 Hz */
} VgwRtpCodec;

/* The fields of the fixed header, and the payload. */
typedef struct
{
  guint8 payload_type;
  gboolean is_marked;
  guint16 seqnum;
  guint32 timestamp;
  guint32 ssrc;
  const guint8 *payload; /* inside the packet */
  gsize payload_length;
} VgwRtpPacket;

/* FALSE where @data is not an RTP packet: too short for its header, or of another version. */
gboolean vgw_rtp_packet_parse (VgwRtpPacket *self, const guint8 *data, gsize length);

/* @payload_type: that of the call's audio, -1 for any; @dtmf_payload_type: -1 for none. */
VgwRtpKind vgw_rtp_packet_get_kind (guint8 payload_type, gsize payload_length, gint audio_payload_type,
                                    gint dtmf_payload_type);

/* @name (nullable): an encoding name, "OPUS". */
VgwRtpCodec vgw_rtp_codec_from_name (const char *name);

/* The duration of a packet in ticks of the RTP clock; 0: unknown. */
guint vgw_rtp_codec_get_duration (VgwRtpCodec codec, const guint8 *payload, gsize length);
