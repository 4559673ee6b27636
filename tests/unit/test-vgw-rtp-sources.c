#include "media/vgw-rtp-sources.h"

#include <check.h>
#include <string.h>

#include "media/vgw-rtp-reports.h"
#include "run-suite.h"

#define FRAME_US (20 * G_TIME_SPAN_MILLISECOND)
#define FRAME_TICKS 960 /* at 48 kHz */
#define OWN_SSRC 0x99999999u

/* One of the caller's senders. */
typedef struct
{
  guint32 ssrc;
  guint16 seqnum;
  guint32 timestamp;
} Sender;

static VgwRtpSources sources;
static gint64 now_us;
static gboolean has_last; /* the next two are of the last packet that passed */
static guint16 last_seqnum;
static guint32 last_timestamp;
static guint n_passed, n_switches;

static void
setup (void)
{
  sources = (VgwRtpSources){ .clock_rate_hz = 48000, .own_ssrc = OWN_SSRC };
  now_us = 1000000;
  has_last = FALSE;
  n_passed = n_switches = 0;
}

/* Sends one packet, and checks that what passes is one stream. Returns whether it passed. */
static gboolean
send_kind (Sender *sender, VgwRtpKind kind)
{
  VgwRtpPacket packet = { .ssrc = sender->ssrc, .seqnum = sender->seqnum++, .timestamp = sender->timestamp };
  gboolean passes, has_switched, has_evicted;
  guint32 evicted;
  guint n_lost;

  sender->timestamp += FRAME_TICKS;
  if (!vgw_rtp_sources_admit (&sources, sender->ssrc, now_us, &has_evicted, &evicted))
    return FALSE;
  passes = vgw_rtp_sources_choose (&sources, &packet, kind, FRAME_US, now_us, &n_lost, &has_switched);
  n_switches += has_switched;
  if (!passes)
    return FALSE;
  vgw_rtp_sources_show (&sources, &packet, now_us);
  /* not one ck_assert () for each: they write to a file */
  if (packet.ssrc != sources.mapping.shown_ssrc || packet.ssrc == OWN_SSRC)
    ck_abort_msg ("SSRC %x", packet.ssrc);
  if (has_last && packet.seqnum != (guint16) (last_seqnum + 1 + n_lost))
    ck_abort_msg ("number %u after %u", packet.seqnum, last_seqnum);
  if (has_last && kind == VGW_RTP_AUDIO && (gint32) (packet.timestamp - last_timestamp) < 0)
    ck_abort_msg ("timestamp %u after %u", packet.timestamp, last_timestamp);
  has_last = TRUE;
  last_seqnum = packet.seqnum;
  last_timestamp = packet.timestamp;
  n_passed++;
  return TRUE;
}

/* One packet of audio, and the time until the next. */
static gboolean
send_audio (Sender *sender)
{
  gboolean passes = send_kind (sender, VGW_RTP_AUDIO);

  now_us += FRAME_US;
  return passes;
}

static void
send_many (Sender *sender, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!send_audio (sender))
      ck_abort_msg ("packet %u of %u of %x was dropped", i, n, sender->ssrc);
}

START_TEST (an_unchanged_stream_passes_unchanged)
{
  Sender a = { 0x11111111, 65530, G_MAXUINT32 - 3000 };

  for (guint i = 0; i < 100; i++)
    {
      Sender before = a;
      ck_assert (send_audio (&a));
      ck_assert_uint_eq (last_seqnum, before.seqnum);
      ck_assert_uint_eq (last_timestamp, before.timestamp);
    }
  ck_assert_uint_eq (sources.mapping.shown_ssrc, a.ssrc);
  ck_assert_uint_eq (n_switches, 0);
}
END_TEST

/* @_i: how long nothing is sent in between, in frames. */
START_TEST (a_new_source_is_heard_from_its_first_packet)
{
  Sender a = { 0x11111111, 100, 5000 }, b = { 0x22222222, 40000, 3000000000 }, c = { 0x33333333, 7, 1 };
  guint32 before;

  send_many (&a, 50);
  now_us += _i * FRAME_US;
  before = last_timestamp;
  send_many (&b, 1);
  ck_assert_uint_eq (last_timestamp - before, (guint32) (1 + _i) * FRAME_TICKS);
  send_many (&b, 49);
  send_many (&c, 50);
  ck_assert_uint_eq (n_passed, 150);
  ck_assert_uint_eq (n_switches, 2);
  ck_assert_uint_eq (sources.mapping.heard_ssrc, c.ssrc);
  ck_assert_uint_eq (sources.mapping.shown_ssrc, a.ssrc);
}
END_TEST

START_TEST (back_to_an_earlier_source_loses_nothing)
{
  Sender a = { 0x11111111, 100, 5000 }, b = { 0x22222222, 40000, 3000000000 };

  for (guint i = 0; i < 10; i++)
    {
      send_many (&a, 60);
      send_many (&b, 60);
    }
  ck_assert_uint_eq (n_switches, 19);
}
END_TEST

START_TEST (a_late_packet_of_the_old_source_is_dropped)
{
  Sender a = { 0x11111111, 100, 5000 }, b = { 0x22222222, 40000, 3000000000 }, late;

  send_many (&a, 10);
  late = a;
  late.seqnum -= 3;
  send_many (&b, 1);
  ck_assert (!send_audio (&late));
  send_many (&b, 10);
}
END_TEST

START_TEST (a_stray_packet_costs_the_present_source_nothing)
{
  Sender a = { 0x11111111, 100, 5000 }, stray = { 0x22222222, 40000, 3000000000 };

  send_many (&a, 50);
  send_kind (&stray, VGW_RTP_AUDIO);
  send_many (&a, 50);
  ck_assert_uint_eq (n_switches, 0);
}
END_TEST

START_TEST (of_two_at_once_one_stays)
{
  Sender a = { 0x11111111, 100, 5000 }, b = { 0x22222222, 40000, 3000000000 };

  send_many (&a, 10);
  for (guint i = 0; i < 500; i++)
    {
      gboolean is_heard = send_kind (&b, VGW_RTP_AUDIO);
      ck_assert (i == 0 || !is_heard);
      ck_assert (send_audio (&a));
      if (i % 50 == 49) /* a network that stands still, for both, and then brings all at once */
        now_us += 2 * G_TIME_SPAN_SECOND;
    }
  ck_assert_uint_eq (n_switches, 0);
  /* and when that one stops the other one is heard */
  for (guint i = 0; i < 5; i++)
    send_audio (&b);
  ck_assert (send_audio (&b));
  ck_assert_uint_eq (n_switches, 1);
}
END_TEST

START_TEST (one_that_goes_on_wins_over_one_that_hardly_sends)
{
  Sender a = { 0x11111111, 100, 5000 }, b = { 0x22222222, 40000, 3000000000 };
  guint n_heard = 0;

  send_many (&a, 10);
  send_kind (&b, VGW_RTP_AUDIO);
  send_many (&a, 1);
  for (guint i = 0; i < 500; i++)
    {
      n_heard += send_audio (&b);
      if (i % 25 == 24) /* DTX: twice a second */
        send_kind (&a, VGW_RTP_AUDIO);
    }
  ck_assert_uint_gt (n_heard, 490);
  ck_assert_uint_eq (n_switches, 1);
}
END_TEST

START_TEST (what_is_no_audio_does_not_take_over)
{
  Sender a = { 0x11111111, 100, 5000 }, noise = { 0x22222222, 40000, 3000000000 };

  ck_assert (!send_kind (&noise, VGW_RTP_OTHER)); /* before any audio, too */
  send_many (&a, 10);
  for (guint i = 0; i < 100; i++)
    {
      ck_assert (!send_kind (&noise, VGW_RTP_OTHER));
      send_many (&a, 1);
    }
  ck_assert (send_kind (&a, VGW_RTP_OTHER)); /* it has its number in the sequence */
  send_many (&a, 1);
}
END_TEST

START_TEST (events_of_a_source_of_their_own_are_put_in_between)
{
  Sender a = { 0x11111111, 100, 5000 }, keys = { 0x22222222, 40000, 3000000000 };

  ck_assert (send_kind (&keys, VGW_RTP_EVENT)); /* before any audio */
  send_many (&a, 10);
  for (guint i = 0; i < 10; i++)
    {
      ck_assert (send_kind (&keys, VGW_RTP_EVENT));
      send_many (&a, 2);
    }
  ck_assert_uint_eq (sources.mapping.heard_ssrc, a.ssrc);
}
END_TEST

START_TEST (an_ssrc_like_ours_is_not_shown)
{
  Sender a = { OWN_SSRC, 100, 5000 };

  send_many (&a, 10); /* send_kind () checks it */
  ck_assert_uint_eq (sources.mapping.heard_ssrc, OWN_SSRC);
}
END_TEST

/* A caller may change as often as it likes, one after the other, and costs no more for it. */
START_TEST (a_thousand_sources_are_heard_and_eight_are_kept)
{
  for (guint i = 0; i < 1000; i++)
    {
      Sender sender = { 0x11111111 + i, (guint16) (i * 7919), i * 104729 };
      send_many (&sender, 75);
    }
  ck_assert_uint_eq (sources.n_sources, VGW_RTP_MAX_SOURCES);
  ck_assert_uint_eq (n_switches, 999);
}
END_TEST

/* Nothing is known of an SSRC before its packet is decrypted: garbage must not push out what is heard. */
START_TEST (many_sources_at_once_are_refused_and_push_nobody_out)
{
  Sender a = { 0x11111111, 100, 5000 };
  guint n_admitted = 0;

  send_many (&a, 10);
  for (guint i = 0; i < 10000; i++)
    {
      gboolean has_evicted;
      guint32 evicted = 0;

      n_admitted += vgw_rtp_sources_admit (&sources, 0x22222222 + i, now_us, &has_evicted, &evicted);
      if (has_evicted && evicted == a.ssrc)
        ck_abort_msg ("the source that is heard was pushed out");
      if (i % 100 == 0)
        send_many (&a, 1);
    }
  ck_assert_uint_le (n_admitted, 8 + 3);
}
END_TEST

START_TEST (what_is_skipped_leaves_no_gap)
{
  Sender a = { 0x11111111, 65530, 5000 };

  send_many (&a, 3);
  for (guint i = 0; i < 1000; i++)
    {
      VgwRtpPacket packet = { .ssrc = a.ssrc, .seqnum = a.seqnum++, .timestamp = a.timestamp };
      gboolean has_switched;
      guint n_lost;

      vgw_rtp_sources_choose (&sources, &packet, VGW_RTP_AUDIO, FRAME_US, now_us, &n_lost, &has_switched);
      vgw_rtp_sources_skip (&sources, &packet);
      if (i % 100 == 0)
        send_many (&a, 1); /* checks that the numbers go on */
    }
}
END_TEST

/* --- reports --- */

static void
put_u32 (guint8 *data, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    data[i] = (guint8) (value >> (24 - 8 * i));
}

static guint32
get_u32 (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16 | (guint32) data[2] << 8 | data[3];
}

/* An RR of ours with one block about @ssrc. */
static void
make_report (guint8 report[32], guint32 ssrc, guint32 n_lost, guint32 highest)
{
  const guint8 head[] = { 0x81, 201, 0, 7 };

  memset (report, 0, 32);
  memcpy (report, head, sizeof head);
  put_u32 (report + 4, OWN_SSRC);
  put_u32 (report + 8, ssrc);
  put_u32 (report + 12, 0x40000000 | n_lost);
  put_u32 (report + 16, highest);
}

START_TEST (reports_are_about_the_source_that_is_heard)
{
  Sender a = { 0x11111111, 65000, 5000 }, b = { 0x22222222, 40000, 3000000000 };
  VgwRtpReports reports = { 0 };
  guint8 report[32];

  send_many (&a, 600); /* around the end of 16 bits: the highest number is 65599 */
  make_report (report, a.ssrc, 7, 65599);
  vgw_rtp_reports_send (&reports, report, sizeof report, &sources.mapping);
  ck_assert_uint_eq (get_u32 (report + 8), a.ssrc);
  ck_assert_uint_eq (get_u32 (report + 12), 0x40000007);
  ck_assert_uint_eq (get_u32 (report + 16), 65599);

  send_many (&b, 10); /* 40000 to 40009, shown as 65600 to 65609 */
  make_report (report, a.ssrc, 9, 65609);
  vgw_rtp_reports_send (&reports, report, sizeof report, &sources.mapping);
  ck_assert_uint_eq (get_u32 (report + 8), b.ssrc);
  ck_assert_uint_eq (get_u32 (report + 12), 0x40000002); /* two of its own */
  ck_assert_uint_eq (get_u32 (report + 16), 40009);
  ck_assert_uint_eq (get_u32 (report + 4), OWN_SSRC);
}
END_TEST

START_TEST (reports_of_the_source_that_is_heard_are_those_of_the_stream)
{
  const VgwRtpMapping mapping = { .shown_ssrc = 0x11111111, .heard_ssrc = 0x22222222 };
  guint8 compound[] = { 0x80, 200, 0, 6, 0x22, 0x22, 0x22, 0x22, 0, 0, 0, 1, 0, 0,
                        0,    2,   0, 0, 0,    3,    0,    0,    0, 4, 0, 0, 0, 5, /* SR */
                        0x81, 203, 0, 1, 0x11, 0x11, 0x11, 0x11 };                 /* BYE of the old one */

  ck_assert (vgw_rtp_reports_receive (compound, sizeof compound, &mapping));
  ck_assert_uint_eq (get_u32 (compound + 4), 0x11111111);
  ck_assert_uint_eq (get_u32 (compound + 28), 0x80c90001); /* an RR without blocks */
  ck_assert_uint_eq (get_u32 (compound + 32), 0x11111111);
}
END_TEST

/* What rtpsession would keep without a limit, or turn into thousands of events. */
START_TEST (only_reports_of_the_source_pass)
{
  const VgwRtpMapping mapping = { .shown_ssrc = 0x11111111, .heard_ssrc = 0x11111111 };
  guint8 compound[] = {
    0x80, 201, 0, 1, 0x11, 0x11, 0x11, 0x11, /* RR */
    0x80, 201, 0, 1, 0x33, 0x33, 0x33, 0x33, /* RR of somebody else */
    0x82, 202, 0, 4, 0x44, 0x44, 0x44, 0x44, 0,    0,    0,    0,    0x55, 0x55, 0x55, 0x55,
    0,    0,   0, 0,                                                                         /* SDES of two */
    0x81, 205, 0, 3, 0x11, 0x11, 0x11, 0x11, 0x66, 0x66, 0x66, 0x66, 0,    1,    0xff, 0xff, /* NACK */
    0x81, 206, 0, 2, 0x11, 0x11, 0x11, 0x11, 0x66, 0x66, 0x66, 0x66,                         /* PLI */
    0x81, 201, 0, 1, 0x11, 0x11, 0x11, 0x11, /* a block that is not there */
    0x81, 203, 0, 0,                         /* BYE of nobody */
  };
  const guint32 heads[] = { 0x80c90001, 0x80c90001, 0x80c90004, 0x80c90003, 0x80c90002, 0x80c90001 };
  const guint8 *packet = compound;

  ck_assert (vgw_rtp_reports_receive (compound, sizeof compound, &mapping));
  for (guint i = 0; i < G_N_ELEMENTS (heads); packet += 4 + 4 * (heads[i] & 0xffff), i++)
    {
      ck_assert_uint_eq (get_u32 (packet), heads[i]);
      ck_assert_uint_eq (get_u32 (packet + 4), 0x11111111);
    }
  ck_assert_uint_eq (get_u32 (packet), 0x80ca0000); /* an SDES without chunks */
  ck_assert_ptr_eq (packet + 4, compound + sizeof compound);
  ck_assert (!vgw_rtp_reports_receive (compound, sizeof compound - 1, &mapping));
  ck_assert (!vgw_rtp_reports_receive (compound, 4, &mapping));
}
END_TEST

/* Lengths that lie: nothing behind the end is touched (the sanitizers look). */
START_TEST (broken_reports_are_left_alone)
{
  const VgwRtpMapping mapping = { .shown_ssrc = 0x11111111, .heard_ssrc = 0x22222222, .seq_surplus = 5 };
  g_autoptr (GRand) random = g_rand_new_with_seed (4713);

  for (guint i = 0; i < 20000; i++)
    {
      gsize length = (gsize) g_rand_int_range (random, 0, 64);
      g_autofree guint8 *data = g_malloc (MAX (length, 1));
      VgwRtpReports reports = { 0 };
      VgwRtpFeedback feedback = { 0 };

      for (gsize j = 0; j < length; j++)
        data[j] = (guint8) g_rand_int_range (random, 0, 256);
      if (length >= 4)
        {
          data[0] = 0x80 | (data[0] & 0x1f);
          data[1] = (guint8) (200 + data[1] % 8);
          data[2] = 0;
          data[3] %= 17;
        }
      vgw_rtp_reports_receive (data, length, &mapping);
      vgw_rtp_reports_send (&reports, data, length, &mapping);
      vgw_rtp_feedback_send (&feedback, data, length, i);
      vgw_rtp_feedback_receive (&feedback, OWN_SSRC, data, length, i);
    }
}
END_TEST

/* A receiver report about @ssrc. */
static void
write_receiver_report (guint8 report[32], guint32 ssrc, guint32 lost, guint32 last_report, guint32 delay)
{
  memset (report, 0, 32);
  report[0] = 0x81;
  report[1] = 201;
  report[3] = 7; /* words after the first */
  put_u32 (report + 8, ssrc);
  put_u32 (report + 12, lost);
  put_u32 (report + 16, 0x00010203);
  put_u32 (report + 20, 480);
  put_u32 (report + 24, last_report);
  put_u32 (report + 28, delay);
}

START_TEST (the_round_trip_is_what_the_callers_delay_leaves)
{
  VgwRtpFeedback feedback = { 0 };
  guint8 sent[28] = { 0x80, 200, 0, 6 }, report[32];

  put_u32 (sent + 8, 0x11112222);
  put_u32 (sent + 12, 0x33334444);
  vgw_rtp_feedback_send (&feedback, sent, sizeof sent, 10000000);
  write_receiver_report (report, OWN_SSRC, 0x0c000011, 0x22223333, 65536 / 2); /* 500 ms after it was received */
  ck_assert (vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report, 10580000));
  ck_assert_int_eq (feedback.round_trip_us, 80000);
  ck_assert_int_eq (feedback.n_lost, 0x11);
  ck_assert_uint_eq (feedback.fraction_lost, 0x0c);
  ck_assert_uint_eq (feedback.highest, 0x00010203);
  ck_assert_uint_eq (feedback.jitter, 480);

  write_receiver_report (report, OWN_SSRC, 0x00fffffe, 0x22223334, 0); /* duplicates; of an unknown report */
  ck_assert (!vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report, 11000000));
  ck_assert_int_eq (feedback.n_lost, 0x11); /* a total does not decrease */
  ck_assert_int_eq (feedback.round_trip_us, 80000);
  write_receiver_report (report, OWN_SSRC, 0, 0x22223333, 65536 * 2); /* longer than there was time */
  ck_assert (!vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report, 11000000));
  write_receiver_report (report, OWN_SSRC + 1, 7, 0x22223333, 0); /* about another stream */
  ck_assert (!vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report, 11000000));
  ck_assert_int_eq (feedback.n_lost, 0x11);
  write_receiver_report (report, OWN_SSRC, 0x19, 0x22223333, 0);
  report[0] = 0x9f; /* more blocks than fit */
  ck_assert (vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report, 10000001));
  ck_assert_int_eq (feedback.n_lost, 0x19);
  ck_assert (!vgw_rtp_feedback_receive (&feedback, OWN_SSRC, report, sizeof report - 1, 10000001));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-rtp-sources");
  TCase *tcase = tcase_create ("sources"), *reports = tcase_create ("reports");

  tcase_add_checked_fixture (tcase, setup, NULL);
  tcase_add_test (tcase, an_unchanged_stream_passes_unchanged);
  tcase_add_loop_test (tcase, a_new_source_is_heard_from_its_first_packet, 0, 3);
  tcase_add_test (tcase, back_to_an_earlier_source_loses_nothing);
  tcase_add_test (tcase, a_late_packet_of_the_old_source_is_dropped);
  tcase_add_test (tcase, a_stray_packet_costs_the_present_source_nothing);
  tcase_add_test (tcase, of_two_at_once_one_stays);
  tcase_add_test (tcase, one_that_goes_on_wins_over_one_that_hardly_sends);
  tcase_add_test (tcase, what_is_no_audio_does_not_take_over);
  tcase_add_test (tcase, events_of_a_source_of_their_own_are_put_in_between);
  tcase_add_test (tcase, an_ssrc_like_ours_is_not_shown);
  tcase_add_test (tcase, a_thousand_sources_are_heard_and_eight_are_kept);
  tcase_add_test (tcase, many_sources_at_once_are_refused_and_push_nobody_out);
  tcase_add_test (tcase, what_is_skipped_leaves_no_gap);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (reports, setup, NULL);
  tcase_add_test (reports, reports_are_about_the_source_that_is_heard);
  tcase_add_test (reports, reports_of_the_source_that_is_heard_are_those_of_the_stream);
  tcase_add_test (reports, only_reports_of_the_source_pass);
  tcase_add_test (reports, broken_reports_are_left_alone);
  tcase_add_test (reports, the_round_trip_is_what_the_callers_delay_leaves);
  suite_add_tcase (suite, reports);
  return suite;
}
