#include "media/vgw-speech-detector.h"

#include <check.h>

#include "run-suite.h"
#include "wait-until.h"

#define START_MS 20u
#define STOP_MS 60u

static guint n_changes;
static gboolean is_speaking;
static gint64 changed_us;
static gint64 last_audio_us; /* 0: now */
static VgwSpeechDetector *voice;
static gboolean should_free;
static gboolean is_doubtful;
static guint n_doubts;
static guint n_looks;

static void
on_change (gboolean speaking, gpointer user_data)
{
  n_changes++;
  is_speaking = speaking;
  changed_us = g_get_monotonic_time ();
  if (should_free)
    g_clear_pointer (&voice, vgw_speech_detector_free);
}

static gint64
get_last_audio (gpointer user_data)
{
  n_looks++;
  return last_audio_us != 0 ? last_audio_us : g_get_monotonic_time ();
}

static gboolean
get_doubt (gpointer user_data)
{
  n_doubts++;
  return is_doubtful;
}

static void
setup (void)
{
  is_doubtful = FALSE;
  n_doubts = 0;
  n_changes = 0;
  is_speaking = FALSE;
  last_audio_us = 0;
  should_free = FALSE;
  voice = vgw_speech_detector_new (START_MS, STOP_MS, on_change, get_last_audio, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&voice, vgw_speech_detector_free);
  ck_assert (!g_main_context_pending (NULL));
}

static void
wait_for_changes (guint n)
{
  WAIT_UNTIL (n_changes >= n);
  ck_assert_uint_eq (n_changes, n);
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* Turns the main loop for @ms. The wait is on the clock because the clock is what is tested. */
static void
turn (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, set_flag, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

START_TEST (speech_begins_and_ends_in_its_time)
{
  gint64 at_us = g_get_monotonic_time ();

  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  ck_assert (is_speaking && vgw_speech_detector_is_speaking (voice));
  ck_assert_int_ge (changed_us - at_us, START_MS * 1000);
  at_us = g_get_monotonic_time ();
  vgw_speech_detector_update (voice, FALSE);
  wait_for_changes (2);
  ck_assert (!is_speaking && !vgw_speech_detector_is_speaking (voice));
  ck_assert_int_ge (changed_us - at_us, STOP_MS * 1000);
}
END_TEST

START_TEST (a_cough_is_no_speech)
{
  vgw_speech_detector_update (voice, TRUE);
  vgw_speech_detector_update (voice, FALSE);
  turn (2 * START_MS);
  ck_assert_uint_eq (n_changes, 0);
}
END_TEST

START_TEST (a_breath_does_not_end_it)
{
  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  vgw_speech_detector_update (voice, FALSE);
  vgw_speech_detector_update (voice, TRUE);
  turn (2 * STOP_MS);
  ck_assert_uint_eq (n_changes, 1);
}
END_TEST

START_TEST (the_same_word_again_starts_no_clock_anew)
{
  WAIT_UNTIL ((vgw_speech_detector_update (voice, TRUE), n_changes > 0));
  ck_assert_uint_eq (n_changes, 1);
}
END_TEST

START_TEST (a_caller_who_sends_nothing_more_has_ended)
{
  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  last_audio_us = g_get_monotonic_time ();
  wait_for_changes (2);
  ck_assert (!is_speaking);
  last_audio_us = 0; /* and goes on with the word; the detector saw no change */
  wait_for_changes (3);
  ck_assert (is_speaking);
}
END_TEST

/* On hold in mid-word: the detector never reports the end of it. */
START_TEST (a_caller_on_hold_costs_few_looks)
{
  gboolean is_over = FALSE;

  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  last_audio_us = g_get_monotonic_time ();
  wait_for_changes (2);
  n_looks = 0;
  g_timeout_add (1000, set_flag, &is_over);
  WAIT_UNTIL (is_over);
  ck_assert_uint_ge (n_looks, 1);
  ck_assert_uint_le (n_looks, 15);
  last_audio_us = 0;
  wait_for_changes (3);
  ck_assert (is_speaking);
  last_audio_us = g_get_monotonic_time ();
  wait_for_changes (4);
}
END_TEST

START_TEST (silence_begins_with_the_last_packet)
{
  const guint stop_ms = 1000;
  gint64 stopped_us = g_get_monotonic_time ();

  vgw_speech_detector_free (voice);
  voice = vgw_speech_detector_new (START_MS, stop_ms, on_change, get_last_audio, NULL);
  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  stopped_us = last_audio_us = g_get_monotonic_time ();
  wait_for_changes (2);
  ck_assert_int_ge (changed_us - stopped_us, (stop_ms - 1) * 1000);
  ck_assert_int_lt (changed_us - stopped_us, stop_ms * 1600); /* not twice */
}
END_TEST

START_TEST (a_break_between_packets_ends_nothing)
{
  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  last_audio_us = g_get_monotonic_time () - STOP_MS * 1000 / 4;
  turn (STOP_MS / 2);
  last_audio_us = 0;
  turn (2 * STOP_MS);
  ck_assert_uint_eq (n_changes, 1);
}
END_TEST

START_TEST (what_stops_before_it_is_speech_is_none)
{
  last_audio_us = g_get_monotonic_time () - 100 * 1000; /* the last that the detector heard had voice */
  vgw_speech_detector_update (voice, TRUE);
  turn (3 * START_MS + STOP_MS);
  ck_assert_uint_eq (n_changes, 0);
}
END_TEST

static void
wait_for_doubts (guint n)
{
  WAIT_UNTIL (n_doubts >= n);
}

START_TEST (doubt_keeps_it_from_beginning_as_long_as_it_lasts)
{
  vgw_speech_detector_set_doubt_func (voice, get_doubt);
  is_doubtful = TRUE;
  vgw_speech_detector_update (voice, TRUE);
  wait_for_doubts (3);
  ck_assert_uint_eq (n_changes, 0);
  is_doubtful = FALSE;
  wait_for_changes (1);
  ck_assert (is_speaking);
  is_doubtful = TRUE; /* an end is an end */
  vgw_speech_detector_update (voice, FALSE);
  wait_for_changes (2);
  ck_assert (!is_speaking);
}
END_TEST

static gboolean
get_doubt_but_for_a_click (gpointer user_data)
{
  n_doubts++;
  return n_doubts < 5 || n_doubts > 8; /* 80 ms are louder than an echo */
}

START_TEST (a_click_in_an_echo_is_no_speech)
{
  vgw_speech_detector_free (voice);
  voice = vgw_speech_detector_new (120, STOP_MS, on_change, get_last_audio, NULL);
  vgw_speech_detector_set_doubt_func (voice, get_doubt_but_for_a_click);
  vgw_speech_detector_update (voice, TRUE);
  wait_for_doubts (20);
  ck_assert_uint_eq (n_changes, 0);
}
END_TEST

START_TEST (what_ends_in_doubt_never_began)
{
  vgw_speech_detector_set_doubt_func (voice, get_doubt);
  is_doubtful = TRUE;
  vgw_speech_detector_update (voice, TRUE);
  wait_for_doubts (1);
  vgw_speech_detector_update (voice, FALSE);
  is_doubtful = FALSE;
  turn (2 * STOP_MS);
  ck_assert_uint_eq (n_changes, 0);
}
END_TEST

START_TEST (it_can_be_freed_from_its_function)
{
  should_free = TRUE;
  vgw_speech_detector_update (voice, TRUE);
  wait_for_changes (1);
  turn (2 * STOP_MS);
  ck_assert_ptr_null (voice);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-speech-detector");
  TCase *tcase = tcase_create ("voice");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, speech_begins_and_ends_in_its_time);
  tcase_add_test (tcase, a_cough_is_no_speech);
  tcase_add_test (tcase, a_breath_does_not_end_it);
  tcase_add_test (tcase, the_same_word_again_starts_no_clock_anew);
  tcase_add_test (tcase, a_caller_who_sends_nothing_more_has_ended);
  tcase_add_test (tcase, doubt_keeps_it_from_beginning_as_long_as_it_lasts);
  tcase_add_test (tcase, a_caller_on_hold_costs_few_looks);
  tcase_add_test (tcase, silence_begins_with_the_last_packet);
  tcase_add_test (tcase, a_break_between_packets_ends_nothing);
  tcase_add_test (tcase, what_stops_before_it_is_speech_is_none);
  tcase_add_test (tcase, a_click_in_an_echo_is_no_speech);
  tcase_add_test (tcase, what_ends_in_doubt_never_began);
  tcase_add_test (tcase, it_can_be_freed_from_its_function);
  suite_add_tcase (suite, tcase);
  return suite;
}
