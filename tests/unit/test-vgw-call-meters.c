#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "caller/vgw-call-meters.h"
#include "run-suite.h"

#define CLOCK_RATE_HZ 48000
#define FRAME_TICKS 960
#define FRAME_US 20000

static void
add_packets (VgwRtpCounter *counter, guint first, guint n_packets)
{
  for (guint i = first; i < first + n_packets; i++)
    vgw_rtp_counter_add (counter, (guint16) i, i * FRAME_TICKS, (gint64) i * FRAME_US, CLOCK_RATE_HZ);
}

START_TEST (even_arrivals_have_no_loss_and_no_jitter)
{
  VgwRtpCounter counter = { 0 };

  add_packets (&counter, 100, 50);
  ck_assert_uint_eq (counter.n_received, 50);
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 0);
  ck_assert_double_lt (counter.jitter_ms, 0.001);
}
END_TEST

START_TEST (loss_is_counted_over_the_wrap_of_sequence_numbers)
{
  VgwRtpCounter counter = { 0 };

  add_packets (&counter, 65530, 10);
  add_packets (&counter, 65545, 10);
  ck_assert_uint_eq (counter.n_received, 20);
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 5);
}
END_TEST

START_TEST (a_late_packet_is_no_loss)
{
  VgwRtpCounter counter = { 0 };

  add_packets (&counter, 65535, 1);
  add_packets (&counter, 65537, 1);
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 1);
  add_packets (&counter, 65536, 1);
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 0);
  add_packets (&counter, 65534, 1); /* older than the first one */
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 0);
}
END_TEST

START_TEST (duplicates_do_not_make_loss_negative)
{
  VgwRtpCounter counter = { 0 };

  add_packets (&counter, 7, 3);
  add_packets (&counter, 7, 3);
  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 0);
}
END_TEST

START_TEST (jitter_settles_at_the_mean_deviation)
{
  VgwRtpCounter counter = { 0 };

  /* every other packet is 4 ms late: each change of transit is 4 ms */
  for (guint i = 0; i < 1000; i++)
    vgw_rtp_counter_add (&counter, (guint16) i, i * FRAME_TICKS, (gint64) i * FRAME_US + (i % 2) * 4000, CLOCK_RATE_HZ);
  ck_assert_double_eq_tol (counter.jitter_ms, 4.0, 0.01);
}
END_TEST

START_TEST (nothing_received_is_nothing_lost)
{
  VgwRtpCounter counter = { 0 };

  ck_assert_uint_eq (vgw_rtp_counter_get_lost (&counter), 0);
}
END_TEST

START_TEST (level_tells_voice_from_silence)
{
  VgwLevelMeter meter = { .samples_per_window = 320 };
  gint16 quiet[160], loud[160];

  for (guint i = 0; i < G_N_ELEMENTS (loud); i++)
    {
      quiet[i] = (gint16) (i % 2 ? 20 : -20);
      loud[i] = (gint16) (i % 2 ? 2000 : -2000);
    }
  for (guint i = 0; i < 10; i++)
    ck_assert (!vgw_level_meter_add (&meter, quiet, G_N_ELEMENTS (quiet)));
  ck_assert_uint_eq (meter.n_voiced_windows, 0);
  ck_assert_double_eq_tol (vgw_level_meter_get_rms (&meter), 20.0, 0.001);

  ck_assert (!vgw_level_meter_add (&meter, loud, G_N_ELEMENTS (loud))); /* half a window */
  ck_assert (vgw_level_meter_add (&meter, loud, G_N_ELEMENTS (loud)));
  ck_assert_uint_eq (meter.n_voiced_windows, 1);
  ck_assert_uint_eq (meter.peak, 2000);
  ck_assert_uint_eq (meter.n_samples, 12 * 160);
}
END_TEST

START_TEST (a_timeline_begins_where_most_frames_say)
{
  VgwTimeline timeline = { 0 };

  ck_assert_int_eq (vgw_timeline_get_start_us (&timeline), -1);
  vgw_timeline_add (&timeline, 1040000, 0); /* waited for the jitter buffer */
  vgw_timeline_add (&timeline, 1040000, 20000);
  for (gint64 i = 2; i < 2000; i++) /* more than are kept */
    vgw_timeline_add (&timeline, 1000000 + i * 20000 + (i % 10 == 0 ? 90000 : i % 3), i * 20000);
  ck_assert_int_ge (vgw_timeline_get_start_us (&timeline), 1000000);
  ck_assert_int_le (vgw_timeline_get_start_us (&timeline), 1000002);
}
END_TEST

START_TEST (the_most_negative_sample_has_a_peak)
{
  VgwLevelMeter meter = { .samples_per_window = 1 };
  const gint16 sample = G_MININT16;

  ck_assert (vgw_level_meter_add (&meter, &sample, 1));
  ck_assert_uint_eq (meter.peak, 32768);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-call-meters");
  TCase *tcase = tcase_create ("core");
  tcase_add_test (tcase, even_arrivals_have_no_loss_and_no_jitter);
  tcase_add_test (tcase, loss_is_counted_over_the_wrap_of_sequence_numbers);
  tcase_add_test (tcase, a_late_packet_is_no_loss);
  tcase_add_test (tcase, duplicates_do_not_make_loss_negative);
  tcase_add_test (tcase, jitter_settles_at_the_mean_deviation);
  tcase_add_test (tcase, nothing_received_is_nothing_lost);
  tcase_add_test (tcase, level_tells_voice_from_silence);
  tcase_add_test (tcase, a_timeline_begins_where_most_frames_say);
  tcase_add_test (tcase, the_most_negative_sample_has_a_peak);
  suite_add_tcase (suite, tcase);
  return suite;
}
