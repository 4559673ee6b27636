#include "media/vgw-echo-estimator.h"

#include <check.h>

#include "base/vgw-audio-format.h"
#include "run-suite.h"

#define RATE_HZ 16000u
#define FRAME_SAMPLES (RATE_HZ * VGW_FRAME_MS / 1000)
#define SECOND (1000 / VGW_FRAME_MS) /* in frames */
#define LOUD 8000
#define MARGIN_DB 20u /* a tenth of the amplitude */

static VgwEchoEstimator *gate;
static gint16 frame[FRAME_SAMPLES];

static void
setup (void)
{
  gate = vgw_echo_estimator_new (RATE_HZ);
}

static void
teardown (void)
{
  g_clear_pointer (&gate, vgw_echo_estimator_free);
}

/* A square wave, whose amplitude is its root mean square. */
static const gint16 *
make_frame (gint16 amplitude)
{
  for (guint i = 0; i < FRAME_SAMPLES; i++)
    frame[i] = i % 16 < 8 ? amplitude : (gint16) -amplitude;
  return frame;
}

static void
play (gint16 amplitude, guint n_frames)
{
  for (guint i = 0; i < n_frames; i++)
    vgw_echo_estimator_add_sent (gate, make_frame (amplitude), FRAME_SAMPLES);
}

static void
hear (gint16 amplitude, guint n_frames)
{
  for (guint i = 0; i < n_frames; i++)
    vgw_echo_estimator_add_received (gate, make_frame (amplitude), FRAME_SAMPLES);
}

START_TEST (levels_are_of_the_last_tenth_of_a_second)
{
  double received, sent;

  vgw_echo_estimator_get_levels (gate, &received, &sent);
  ck_assert_double_eq (received, 0);
  ck_assert_double_eq (sent, 0);
  play (LOUD, SECOND);
  hear (LOUD / 2, SECOND);
  vgw_echo_estimator_get_levels (gate, &received, &sent);
  ck_assert_double_eq_tol (received, LOUD / 65536.0, 0.001);
  ck_assert_double_eq_tol (sent, LOUD / 32768.0, 0.001);
  play (0, SECOND / 10);
  hear (0, SECOND / 10);
  vgw_echo_estimator_get_levels (gate, &received, &sent);
  ck_assert_double_eq_tol (received, 0, 0.001);
  ck_assert_double_eq_tol (sent, 0, 0.001);
}
END_TEST

START_TEST (what_is_heard_in_silence_is_no_echo)
{
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
  hear (10, SECOND);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

START_TEST (the_margin_divides_echo_from_caller)
{
  play (LOUD, 1);
  hear (LOUD * 9 / 100, SECOND);
  ck_assert (vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
  hear (LOUD * 11 / 100, SECOND);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

START_TEST (the_margin_is_as_wide_as_samples_are)
{
  play (G_MAXINT16, SECOND);
  hear (1, SECOND);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, 96));
  ck_assert (vgw_echo_estimator_may_be_echo (gate, 0));
  hear (G_MININT16, SECOND);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, 0));
}
END_TEST

START_TEST (the_loudest_of_a_second_counts)
{
  play (LOUD, 1);
  play (LOUD / 100, SECOND - 1);
  hear (LOUD / 20, SECOND);
  ck_assert (vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
  play (LOUD / 100, 1);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

START_TEST (silence_that_is_not_sent_is_silence)
{
  play (LOUD, SECOND);
  hear (LOUD / 20, SECOND);
  for (guint i = 0; i < SECOND; i++)
    vgw_echo_estimator_add_sent (gate, NULL, 0);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

START_TEST (a_caller_is_heard_within_the_shortest_word)
{
  play (LOUD, SECOND);
  hear (0, SECOND);
  hear (LOUD / 4, 3);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

/* How many of the next frames, the first @n_loud of them at full scale, are louder than an echo. */
static guint
count_clear (guint n_loud, guint n_frames)
{
  guint n_clear = 0;

  for (guint i = 0; i < n_frames; i++)
    {
      hear (i < n_loud ? G_MAXINT16 : LOUD / 100, 1);
      n_clear += !vgw_echo_estimator_may_be_echo (gate, MARGIN_DB);
    }
  return n_clear;
}

START_TEST (a_click_is_not_heard_for_much_longer_than_it_lasts)
{
  play (LOUD, SECOND);
  hear (LOUD / 100, SECOND);
  ck_assert_uint_le (count_clear (2, SECOND), 4); /* of 40 ms: less than the 120 ms of speech-start-ms */
  ck_assert_uint_le (count_clear (1, SECOND), 3);
  ck_assert_uint_ge (count_clear (8, SECOND), 7); /* a word of 160 ms */
}
END_TEST

START_TEST (what_was_heard_is_forgotten_as_time_goes_by)
{
  play (LOUD, SECOND);
  hear (LOUD, SECOND);
  vgw_echo_estimator_add_received (gate, NULL, 0);
  ck_assert (!vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
  hear (0, SECOND / 2); /* as long as speech-stop-ms */
  ck_assert (vgw_echo_estimator_may_be_echo (gate, MARGIN_DB));
}
END_TEST

START_TEST (packets_of_any_length_weigh_what_they_last)
{
  g_autoptr (VgwEchoEstimator) other = vgw_echo_estimator_new (RATE_HZ);
  guint margin_db = 0;

  hear (LOUD, 6);
  for (guint i = 0; i < 6 * 8; i++)
    vgw_echo_estimator_add_received (other, frame, FRAME_SAMPLES / 8);
  play (LOUD, 1);
  vgw_echo_estimator_add_sent (other, frame, FRAME_SAMPLES);
  while (vgw_echo_estimator_may_be_echo (gate, margin_db))
    margin_db++;
  ck_assert_uint_le (margin_db, 1);
  ck_assert (!vgw_echo_estimator_may_be_echo (other, margin_db));
  ck_assert (margin_db == 0 || vgw_echo_estimator_may_be_echo (other, margin_db - 1));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-echo-estimator");
  TCase *tcase = tcase_create ("echo estimator");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, levels_are_of_the_last_tenth_of_a_second);
  tcase_add_test (tcase, what_is_heard_in_silence_is_no_echo);
  tcase_add_test (tcase, the_margin_divides_echo_from_caller);
  tcase_add_test (tcase, the_margin_is_as_wide_as_samples_are);
  tcase_add_test (tcase, the_loudest_of_a_second_counts);
  tcase_add_test (tcase, silence_that_is_not_sent_is_silence);
  tcase_add_test (tcase, a_caller_is_heard_within_the_shortest_word);
  tcase_add_test (tcase, a_click_is_not_heard_for_much_longer_than_it_lasts);
  tcase_add_test (tcase, what_was_heard_is_forgotten_as_time_goes_by);
  tcase_add_test (tcase, packets_of_any_length_weigh_what_they_last);
  suite_add_tcase (suite, tcase);
  return suite;
}
