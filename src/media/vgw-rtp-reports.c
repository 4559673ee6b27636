#include "media/vgw-rtp-reports.h"

/* RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611 section 2 */
enum
{
  RTCP_SR = 200,
  RTCP_RR = 201,
  RTCP_SDES = 202,
  RTCP_BYE = 203,
  RTCP_APP = 204,
  RTCP_RTPFB = 205,
  RTCP_PSFB = 206,
  RTCP_XR = 207,
};

#define HEADER_BYTES 4
#define SSRC_END 8 /* header and SSRC of the sender */
#define SENDER_INFO_BYTES 20
#define BLOCK_BYTES 24
#define LOST_MASK 0xffffffu /* 24 bits, signed */

static guint32
read_u32 (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16 | (guint32) data[2] << 8 | data[3];
}

static void
write_u32 (guint8 *data, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    data[i] = (guint8) (value >> (24 - 8 * i));
}

/* The length of the packet at @data, 0 where it is invalid. */
static gsize
packet_bytes (const guint8 *data, gsize length)
{
  gsize n_bytes;

  if (length < HEADER_BYTES || data[0] >> 6 != 2)
    return 0;
  n_bytes = HEADER_BYTES + 4 * (gsize) (data[2] << 8 | data[3]);
  return n_bytes <= length ? n_bytes : 0;
}

static gboolean
names_sender (guint8 type)
{
  return type >= RTCP_SR && type <= RTCP_XR;
}

gboolean
vgw_rtp_reports_needs_change (const guint8 *data, gsize length, const VgwRtpMapping *mapping)
{
  gsize n_bytes;

  if (mapping->shown_ssrc != mapping->heard_ssrc)
    return TRUE;
  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    if (data[1] == RTCP_BYE)
      return TRUE;
  return FALSE;
}

void
vgw_rtp_reports_receive (guint8 *data, gsize length, const VgwRtpMapping *mapping)
{
  gsize n_bytes;

  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    {
      guint32 ssrc;

      if (n_bytes < SSRC_END || !names_sender (data[1]))
        continue;
      if (data[1] == RTCP_BYE)
        {
          data[0] &= 0xe0; /* no blocks */
          data[1] = RTCP_RR;
        }
      ssrc = read_u32 (data + HEADER_BYTES);
      if (ssrc == mapping->heard_ssrc)
        write_u32 (data + HEADER_BYTES, mapping->shown_ssrc);
      else if (ssrc == mapping->shown_ssrc)
        write_u32 (data + HEADER_BYTES, mapping->heard_ssrc);
    }
}

static void
change_block (VgwRtpReports *self, guint8 *block, const VgwRtpMapping *mapping)
{
  guint32 word;

  if (read_u32 (block) != mapping->shown_ssrc)
    return;
  if (self->n_switches != mapping->n_switches)
    self->lost_before = self->lost;
  self->n_switches = mapping->n_switches;
  word = read_u32 (block + 4);
  self->lost = word & LOST_MASK;
  write_u32 (block, mapping->heard_ssrc);
  write_u32 (block + 4, (word & ~LOST_MASK) | ((self->lost - self->lost_before) & LOST_MASK));
  write_u32 (block + 8, read_u32 (block + 8) - mapping->seq_surplus);
}

void
vgw_rtp_reports_send (VgwRtpReports *self, guint8 *data, gsize length, const VgwRtpMapping *mapping)
{
  gsize n_bytes;

  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    {
      gsize at = data[1] == RTCP_SR ? SSRC_END + SENDER_INFO_BYTES : SSRC_END;
      guint n_blocks = data[0] & 0x1f;

      if (data[1] != RTCP_SR && data[1] != RTCP_RR)
        continue;
      for (guint i = 0; i < n_blocks && at + BLOCK_BYTES <= n_bytes; i++, at += BLOCK_BYTES)
        change_block (self, data + at, mapping);
    }
}
