#include "media/vgw-rtp-reports.h"

/* RFC 3550 section 12.1 */
enum
{
  RTCP_SR = 200,
  RTCP_RR = 201,
  RTCP_SDES = 202,
};

#define HEADER_BYTES 4
#define COUNT_MASK 0x1fu /* of the first byte */
#define SSRC_END 8       /* header and SSRC of the sender */
#define SENDER_INFO_BYTES 20
#define NTP_MIDDLE 10 /* the middle 32 bits of the NTP timestamp of a sender report */
#define BLOCK_BYTES 24
#define BLOCK_FRACTION_LOST 4 /* offsets in a block; the first byte of the four, the count is in the others */
#define BLOCK_LOST 4
#define BLOCK_HIGHEST 8
#define BLOCK_JITTER 12
#define BLOCK_LAST_REPORT 16
#define BLOCK_DELAY 20
#define DELAY_UNITS_PER_SECOND 65536
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

/* The first of the report blocks of the packet at @data, and their number; 0 where it has none. */
static gsize
find_blocks (const guint8 *data, gsize n_bytes, guint *n_blocks)
{
  gsize at = data[1] == RTCP_SR ? SSRC_END + SENDER_INFO_BYTES : SSRC_END;

  *n_blocks = 0;
  if ((data[1] == RTCP_SR || data[1] == RTCP_RR) && n_bytes > at)
    *n_blocks = MIN (data[0] & COUNT_MASK, (guint) ((n_bytes - at) / BLOCK_BYTES));
  return at;
}

/* Makes an empty packet of @type out of the one at @data, which stays as long as it is. */
static void
empty (guint8 *data, guint8 type)
{
  data[0] &= (guint8) ~COUNT_MASK;
  data[1] = type;
}

/* Whether the packet at @data is a report of @ssrc. */
static gboolean
is_report_of (const guint8 *data, gsize n_bytes, guint32 ssrc)
{
  gboolean is_complete = data[1] == RTCP_SR   ? n_bytes >= SSRC_END + SENDER_INFO_BYTES
                         : data[1] == RTCP_RR ? n_bytes >= SSRC_END
                                              : FALSE;

  return is_complete && read_u32 (data + HEADER_BYTES) == ssrc;
}

gboolean
vgw_rtp_reports_receive (guint8 *data, gsize length, const VgwRtpMapping *mapping)
{
  guint32 ssrc, shown;
  gsize n_bytes;

  if (length < SSRC_END)
    return FALSE;
  ssrc = read_u32 (data + HEADER_BYTES);
  shown = ssrc == mapping->heard_ssrc ? mapping->shown_ssrc : ssrc == mapping->shown_ssrc ? mapping->heard_ssrc : ssrc;
  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    {
      guint n_blocks;

      if (n_bytes < SSRC_END)
        {
          empty (data, RTCP_SDES);
          continue;
        }
      if (!is_report_of (data, n_bytes, ssrc))
        empty (data, RTCP_RR);
      find_blocks (data, n_bytes, &n_blocks);
      data[0] = (guint8) ((data[0] & ~COUNT_MASK) | n_blocks);
      write_u32 (data + HEADER_BYTES, shown);
    }
  return length == 0;
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
      guint n_blocks;
      gsize at = find_blocks (data, n_bytes, &n_blocks);

      for (guint i = 0; i < n_blocks; i++)
        change_block (self, data + at + i * BLOCK_BYTES, mapping);
    }
}

void
vgw_rtp_feedback_send (VgwRtpFeedback *self, const guint8 *data, gsize length, gint64 now_us)
{
  gsize n_bytes;

  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    if (data[1] == RTCP_SR && n_bytes >= SSRC_END + SENDER_INFO_BYTES)
      {
        guint i = self->n_sent++ % VGW_RTP_N_SENT_REPORTS;

        self->sent[i].time = read_u32 (data + NTP_MIDDLE);
        self->sent[i].sent_us = now_us;
      }
}

/* FALSE where the caller has received none of the last sender reports, or reports a delay that cannot be. */
static gboolean
find_round_trip (VgwRtpFeedback *self, guint32 last_report, guint32 delay, gint64 now_us)
{
  gint64 delay_us = (gint64) delay * G_USEC_PER_SEC / DELAY_UNITS_PER_SECOND;

  for (guint i = 0; i < MIN (self->n_sent, VGW_RTP_N_SENT_REPORTS); i++)
    if (self->sent[i].time == last_report && now_us - self->sent[i].sent_us >= delay_us)
      {
        self->round_trip_us = now_us - self->sent[i].sent_us - delay_us;
        self->has_round_trip = TRUE;
        return TRUE;
      }
  return FALSE;
}

/* Sign extension of the 24 bits. */
static gint32
read_lost (const guint8 *data)
{
  guint32 value = read_u32 (data) & LOST_MASK;

  return value > LOST_MASK / 2 ? (gint32) value - (gint32) LOST_MASK - 1 : (gint32) value;
}

gboolean
vgw_rtp_feedback_receive (VgwRtpFeedback *self, guint32 ssrc, const guint8 *data, gsize length, gint64 now_us)
{
  gboolean has_round_trip = FALSE;
  gsize n_bytes;

  for (; (n_bytes = packet_bytes (data, length)) > 0; data += n_bytes, length -= n_bytes)
    {
      guint n_blocks;
      gsize at = find_blocks (data, n_bytes, &n_blocks);

      for (guint i = 0; i < n_blocks; i++)
        {
          const guint8 *block = data + at + i * BLOCK_BYTES;

          if (read_u32 (block) != ssrc)
            continue;
          self->n_reports++;
          self->fraction_lost = block[BLOCK_FRACTION_LOST];
          self->highest = read_u32 (block + BLOCK_HIGHEST);
          self->n_lost = MAX (self->n_lost, read_lost (block + BLOCK_LOST));
          self->jitter = read_u32 (block + BLOCK_JITTER);
          has_round_trip |=
              find_round_trip (self, read_u32 (block + BLOCK_LAST_REPORT), read_u32 (block + BLOCK_DELAY), now_us);
        }
    }
  return has_round_trip;
}
