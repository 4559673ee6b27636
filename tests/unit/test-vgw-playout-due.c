/* When the frames of a playout queue are due. The times that are due are those of the test; those at which audio is
 * queued are of the clock, and only their order matters. */
#include "media/vgw-playout.h"

#include <check.h>

#include "media/vgw-playout-phase.h"
#include "run-suite.h"

#define RATE_HZ 8000u
#define FRAME 160u /* samples */

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

static VgwPlayout *playout;
static guint n_ready;
static gint64 due_us;

static void
on_ready (gpointer user_data)
{
  ck_assert_ptr_eq (user_data, playout);
  n_ready++;
}

static void
setup (void)
{
  playout = vgw_playout_new (&FORMAT, 60000);
  vgw_playout_set_ready_func (playout, on_ready, playout);
  n_ready = 0;
  due_us = g_get_monotonic_time ();
}

static void
teardown (void)
{
  vgw_playout_set_ready_func (playout, NULL, NULL);
  vgw_playout_unref (playout);
}

static void
push_samples (guint n_samples)
{
  gint16 samples[FRAME];

  for (guint i = 0; i < n_samples; i++)
    samples[i] = 1000;
  vgw_playout_push (playout, samples, n_samples);
}

/* Pops what is due, and moves on to what is due next. Returns the number of samples, or -1 where it is waited for. */
static gint
pop (void)
{
  gint16 samples[FRAME];
  gsize n_popped;

  if (!vgw_playout_pop_due (playout, due_us, samples, FRAME, &n_popped, &due_us))
    return -1;
  return (gint) n_popped;
}

static gint64
get_step_us (void)
{
  gint64 before_us = due_us;

  pop ();
  return due_us - before_us;
}

START_TEST (the_first_audio_of_a_silence_is_ready_at_once)
{
  ck_assert_int_eq (pop (), 0);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 1);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 1); /* only the first */
  ck_assert_int_eq (pop (), FRAME);
  push_samples (FRAME);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_uint_eq (n_ready, 1);
  /* the utterance is over */
  ck_assert_int_eq (pop (), 0);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 2);
}
END_TEST

START_TEST (less_than_a_frame_is_not)
{
  push_samples (FRAME - 1);
  ck_assert_uint_eq (n_ready, 0);
  push_samples (1);
  ck_assert_uint_eq (n_ready, 1);
}
END_TEST

START_TEST (neither_is_what_is_held)
{
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, TRUE);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 0);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE);
  ck_assert_int_eq (pop (), FRAME);
}
END_TEST

START_TEST (what_is_gathered_is_ready_with_the_target)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_AUTO, 60);
  push_samples (FRAME);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 0);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 1);
}
END_TEST

START_TEST (a_late_frame_of_an_engine_in_real_time_is_waited_for)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  push_samples (FRAME);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_uint_eq (n_ready, 1);
  ck_assert_int_eq (get_step_us (), VGW_FRAME_US); /* it waits, at most until the next but one */
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 2);
  due_us -= VGW_FRAME_US / 2; /* when it has come */
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (get_step_us (), VGW_FRAME_US);
  /* in vain: the silence is sent, and the next time it is not waited for */
  ck_assert_int_eq (pop (), 0);
  ck_assert_int_eq (pop (), 0);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 2);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (pop (), -1);
}
END_TEST

START_TEST (a_part_of_a_frame_is_waited_for_not_padded)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  push_samples (FRAME);
  push_samples (FRAME / 2);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (pop (), -1);
  push_samples (FRAME / 2);
  ck_assert_uint_eq (n_ready, 2);
  ck_assert_int_eq (pop (), FRAME);
}
END_TEST

START_TEST (an_engine_that_speaks_ahead_is_not_waited_for)
{
  push_samples (FRAME);
  push_samples (FRAME / 2);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (pop (), FRAME / 2);
}
END_TEST

START_TEST (what_was_cleared_is_not_waited_for)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  push_samples (FRAME);
  ck_assert_int_eq (pop (), FRAME);
  ck_assert_int_eq (pop (), -1);
  vgw_playout_clear (playout);
  ck_assert_int_eq (pop (), 0);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 2);
}
END_TEST

START_TEST (without_a_function_nobody_is_called)
{
  vgw_playout_set_ready_func (playout, NULL, NULL);
  push_samples (FRAME);
  ck_assert_uint_eq (n_ready, 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-playout-due");
  TCase *tcase = tcase_create ("due");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, the_first_audio_of_a_silence_is_ready_at_once);
  tcase_add_test (tcase, less_than_a_frame_is_not);
  tcase_add_test (tcase, neither_is_what_is_held);
  tcase_add_test (tcase, what_is_gathered_is_ready_with_the_target);
  tcase_add_test (tcase, a_late_frame_of_an_engine_in_real_time_is_waited_for);
  tcase_add_test (tcase, a_part_of_a_frame_is_waited_for_not_padded);
  tcase_add_test (tcase, an_engine_that_speaks_ahead_is_not_waited_for);
  tcase_add_test (tcase, what_was_cleared_is_not_waited_for);
  tcase_add_test (tcase, without_a_function_nobody_is_called);
  suite_add_tcase (suite, tcase);
  return suite;
}
