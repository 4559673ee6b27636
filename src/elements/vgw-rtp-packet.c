#include "elements/vgw-rtp-packet.h"

#include <opus.h>

#define VERSION 2
#define OPUS_CLOCK_RATE_HZ 48000 /* RFC 7587 section 4.1 */
#define EXTENSION_HEADER_BYTES 4

static guint16
read_u16 (const guint8 *data)
{
  return (guint16) (data[0] << 8 | data[1]);
}

static guint32
read_u32 (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16 | (guint32) data[2] << 8 | data[3];
}

gboolean
vgw_rtp_packet_parse (VgwRtpPacket *self, const guint8 *data, gsize length)
{
  gsize begin, n_padding = 0;

  if (length < VGW_RTP_HEADER_BYTES || data[0] >> 6 != VERSION)
    return FALSE;
  begin = VGW_RTP_HEADER_BYTES + 4 * (gsize) (data[0] & 0x0f);
  if ((data[0] & 0x10) != 0)
    {
      if (begin + EXTENSION_HEADER_BYTES > length)
        return FALSE;
      begin += EXTENSION_HEADER_BYTES + 4 * (gsize) read_u16 (data + begin + 2);
    }
  if ((data[0] & 0x20) != 0)
    n_padding = data[length - 1];
  if (begin + n_padding > length)
    return FALSE;
  *self = (VgwRtpPacket){ .payload_type = data[1] & 0x7f,
                          .is_marked = data[1] >> 7,
                          .seqnum = read_u16 (data + 2),
                          .timestamp = read_u32 (data + 4),
                          .ssrc = read_u32 (data + 8),
                          .payload = data + begin,
                          .payload_length = length - begin - n_padding };
  return TRUE;
}

VgwRtpKind
vgw_rtp_packet_get_kind (guint8 payload_type, gsize payload_length, gint audio_payload_type, gint dtmf_payload_type)
{
  if (payload_length == 0)
    return VGW_RTP_OTHER;
  if (payload_type == dtmf_payload_type)
    return VGW_RTP_EVENT;
  return audio_payload_type < 0 || payload_type == audio_payload_type ? VGW_RTP_AUDIO : VGW_RTP_OTHER;
}

VgwRtpCodec
vgw_rtp_codec_from_name (const char *name)
{
  if (name == NULL)
    return VGW_RTP_CODEC_OTHER;
  if (g_ascii_strcasecmp (name, "OPUS") == 0)
    return VGW_RTP_CODEC_OPUS;
  if (g_ascii_strcasecmp (name, "PCMU") == 0 || g_ascii_strcasecmp (name, "PCMA") == 0
      || g_ascii_strcasecmp (name, "G722") == 0)
    return VGW_RTP_CODEC_OCTETS;
  return VGW_RTP_CODEC_OTHER;
}

guint
vgw_rtp_codec_get_duration (VgwRtpCodec codec, const guint8 *payload, gsize length)
{
  int n_samples;

  switch (codec)
    {
    case VGW_RTP_CODEC_OPUS:
      n_samples = length > 0 ? opus_packet_get_nb_samples (payload, (opus_int32) length, OPUS_CLOCK_RATE_HZ) : 0;
      return (guint) MAX (n_samples, 0);
    case VGW_RTP_CODEC_OCTETS:
      return (guint) length;
    case VGW_RTP_CODEC_OTHER:
      break;
    }
  return 0;
}
