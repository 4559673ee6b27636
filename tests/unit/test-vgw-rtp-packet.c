#include "elements/vgw-rtp-packet.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define OPUS_20_MS 0x78     /* RFC 6716 table 2: configuration 15, one frame */
#define OPUS_2_X_60_MS 0x59 /* configuration 11, two frames of the same size */

START_TEST (the_payload_is_behind_sources_and_extensions_and_before_padding)
{
  static const guint8 packet[] = {
    0xb2, 0xe0, 0x12, 0x34, 0, 0, 0, 5, 1, 2, 3, 4, /* version 2, padding, extension, 2 CSRC; marker, type 96 */
    0,    0,    0,    1,    0, 0, 0, 2,             /* CSRC */
    0xbe, 0xde, 0,    1,    9, 9, 9, 9,             /* an extension of one word */
    'a',  'b',  'c',  0,    0, 3,                   /* three bytes, and three of padding */
  };
  VgwRtpPacket rtp;

  ck_assert (vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
  ck_assert_uint_eq (rtp.payload_type, 96);
  ck_assert (rtp.is_marked);
  ck_assert_uint_eq (rtp.seqnum, 0x1234);
  ck_assert_uint_eq (rtp.timestamp, 5);
  ck_assert_uint_eq (rtp.ssrc, 0x01020304);
  ck_assert_uint_eq (rtp.payload_length, 3);
  ck_assert_mem_eq (rtp.payload, "abc", 3);
}
END_TEST

START_TEST (lengths_that_lie_are_refused)
{
  guint8 packet[16] = { 0x80, 96 };
  VgwRtpPacket rtp;

  ck_assert (vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
  ck_assert (vgw_rtp_packet_parse (&rtp, packet, 12)); /* no payload */
  ck_assert_uint_eq (rtp.payload_length, 0);
  ck_assert (!vgw_rtp_packet_parse (&rtp, packet, 11));
  packet[0] = 0x40; /* version 1 */
  ck_assert (!vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
  packet[0] = 0x82; /* two CSRC, and room for one */
  ck_assert (!vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
  packet[0] = 0x90; /* an extension of 4 × 65535 bytes */
  memset (packet + 12, 0xff, 4);
  ck_assert (!vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
  packet[0] = 0xa0; /* padding of 255 bytes */
  ck_assert (!vgw_rtp_packet_parse (&rtp, packet, sizeof packet));
}
END_TEST

START_TEST (the_kind_is_that_of_the_payload_type_and_an_empty_packet_is_none)
{
  ck_assert_int_eq (vgw_rtp_packet_get_kind (96, 10, 96, 101), VGW_RTP_AUDIO);
  ck_assert_int_eq (vgw_rtp_packet_get_kind (101, 4, 96, 101), VGW_RTP_EVENT);
  ck_assert_int_eq (vgw_rtp_packet_get_kind (101, 4, 96, -1), VGW_RTP_OTHER);
  ck_assert_int_eq (vgw_rtp_packet_get_kind (13, 4, 96, 101), VGW_RTP_OTHER);
  ck_assert_int_eq (vgw_rtp_packet_get_kind (13, 4, -1, -1), VGW_RTP_AUDIO);
  ck_assert_int_eq (vgw_rtp_packet_get_kind (96, 0, 96, 101), VGW_RTP_OTHER);
}
END_TEST

START_TEST (a_packet_lasts_as_long_as_its_codec_says)
{
  static const guint8 opus[] = { OPUS_20_MS, 1, 2, 3 }, long_opus[] = { OPUS_2_X_60_MS, 1, 2, 3, 4 };
  static const guint8 too_long[] = { 0x5b, 0x83, 1, 2, 3 }; /* three frames of 60 ms: more than 120 ms */
  static const guint8 octets[160] = { 0 };

  ck_assert_uint_eq (vgw_rtp_codec_get_duration (vgw_rtp_codec_from_name ("opus"), opus, sizeof opus), 960);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (VGW_RTP_CODEC_OPUS, long_opus, sizeof long_opus), 5760);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (VGW_RTP_CODEC_OPUS, too_long, sizeof too_long), 0);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (VGW_RTP_CODEC_OPUS, opus, 0), 0);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (vgw_rtp_codec_from_name ("PCMU"), octets, sizeof octets), 160);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (vgw_rtp_codec_from_name ("G722"), octets, sizeof octets), 160);
  ck_assert_uint_eq (vgw_rtp_codec_get_duration (vgw_rtp_codec_from_name ("SPEEX"), octets, sizeof octets), 0);
  ck_assert_int_eq (vgw_rtp_codec_from_name (NULL), VGW_RTP_CODEC_OTHER);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-rtp-packet");
  TCase *tcase = tcase_create ("packet");

  tcase_add_test (tcase, the_payload_is_behind_sources_and_extensions_and_before_padding);
  tcase_add_test (tcase, lengths_that_lie_are_refused);
  tcase_add_test (tcase, the_kind_is_that_of_the_payload_type_and_an_empty_packet_is_none);
  tcase_add_test (tcase, a_packet_lasts_as_long_as_its_codec_says);
  suite_add_tcase (suite, tcase);
  return suite;
}
