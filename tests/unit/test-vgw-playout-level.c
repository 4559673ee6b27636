/* A playout queue that is filled in real time: jitter, stalls, and the delay that they leave. Time is the frames that
 * are taken, so nothing here waits. */
#include "media/vgw-playout.h"

#include <check.h>

#include "run-suite.h"

#define RATE_HZ 8000u
#define FRAME 160u /* samples */
#define START_MS 40u
#define LOUD 10000

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

static VgwPlayout *playout;
static guint n_drained;
static guint n_holes; /* frames that came up short between two that did not */
static guint n_short; /* since the last full frame */
static gboolean has_sounded;

static void
on_notify (gpointer user_data)
{
}

static void
setup (void)
{
  n_drained = n_holes = n_short = 0;
  has_sounded = FALSE;
  playout = vgw_playout_new (&FORMAT, 60000);
  vgw_playout_set_notify (playout, on_notify, NULL, NULL);
  vgw_playout_set_real_time (playout, TRUE, START_MS);
}

static void
teardown (void)
{
  vgw_playout_unref (playout);
}

static void
push_frames (guint n_frames, gint16 value)
{
  gint16 frame[FRAME];

  for (guint i = 0; i < FRAME; i++)
    frame[i] = value;
  for (guint i = 0; i < n_frames; i++)
    vgw_playout_push (playout, frame, FRAME);
}

static void
pop_frame (void)
{
  gint16 frame[FRAME];

  if (vgw_playout_pop (playout, frame, FRAME) == FRAME)
    {
      n_holes += has_sounded ? n_short : 0;
      n_short = 0;
      has_sounded = TRUE;
    }
  else
    n_short++;
  for (VgwPlayoutEvent *event; (event = vgw_playout_take_event (playout)) != NULL; vgw_playout_event_free (event))
    n_drained += event->type == VGW_PLAYOUT_DRAINED;
}

static void
pop_frames (guint n_frames)
{
  for (guint i = 0; i < n_frames; i++)
    pop_frame ();
}

static VgwPlayoutStats
get_stats (void)
{
  VgwPlayoutStats stats;

  vgw_playout_get_stats (playout, &stats);
  return stats;
}

/* @seconds of a bot in real time: a sound of 20 ms each @period frames, else silence. */
static void
stream (guint seconds, guint period)
{
  for (guint i = 0; i < seconds * 50; i++)
    {
      push_frames (1, i % period == 0 ? LOUD : 0);
      pop_frame ();
    }
}

START_TEST (jitter_below_the_prebuffer_makes_no_hole)
{
  push_frames (1, LOUD);
  pop_frame (); /* gathers */
  ck_assert_uint_eq (get_stats ().played_ms, 0);
  for (guint i = 0; i < 100; i++)
    {
      if (i % 3 == 1)
        pop_frame (); /* the tick comes before the frame */
      push_frames (1, LOUD);
      if (i % 3 != 1)
        pop_frame ();
    }
  ck_assert_uint_eq (n_holes, 0);
  ck_assert_uint_eq (n_drained, 0);
}
END_TEST

START_TEST (who_speaks_ahead_does_not_wait)
{
  push_frames (2, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 20);
}
END_TEST

START_TEST (a_short_word_is_not_kept_back_for_ever)
{
  push_frames (1, LOUD);
  pop_frames (START_MS / VGW_FRAME_MS);
  ck_assert_uint_eq (get_stats ().played_ms, 20);
}
END_TEST

START_TEST (without_a_network_nothing_is_gathered_and_nothing_left_out)
{
  vgw_playout_set_real_time (playout, FALSE, START_MS);
  push_frames (1, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 20);
  pop_frame ();
  ck_assert_uint_eq (n_drained, 1);
  push_frames (35, 0);
  stream (8, 50);
  ck_assert_uint_eq (get_stats ().skipped_ms, 0);
}
END_TEST

START_TEST (what_is_late_does_not_end_the_utterance)
{
  for (guint i = 0; i < 15; i++)
    {
      push_frames (5, LOUD); /* blocks of 100 ms, one of them 80 ms late */
      pop_frames (i == 7 ? 9 : 5);
    }
  ck_assert_uint_eq (n_drained, 0);
  pop_frames (20);
  ck_assert_uint_eq (n_drained, 1);
  ck_assert_uint_eq (get_stats ().played_ms, 1500);
}
END_TEST

START_TEST (who_spoke_ahead_has_ended_with_the_last_frame)
{
  push_frames (50, LOUD);
  pop_frames (50);
  ck_assert_uint_eq (n_drained, 0);
  pop_frame ();
  ck_assert_uint_eq (n_drained, 1);
}
END_TEST

START_TEST (late_audio_makes_the_next_utterance_gather_more)
{
  push_frames (5, LOUD);
  pop_frames (6); /* one short */
  push_frames (5, LOUD);
  pop_frames (30);
  ck_assert_uint_eq (n_drained, 1);
  push_frames (2, LOUD); /* was enough */
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 200);
  push_frames (1, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 220);
  stream (12, 1); /* in time */
  pop_frames (30);
  push_frames (2, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().queued_ms, 20);
}
END_TEST

/* Three stalls of 0.7 s, after each of which the bot catches up at once. */
START_TEST (the_delay_of_a_stall_is_gone_within_five_seconds)
{
  guint level_ms;

  stream (4, 50);
  level_ms = get_stats ().queued_ms;
  ck_assert_uint_le (level_ms, START_MS);
  for (guint i = 0; i < 3; i++)
    {
      guint64 expected_ms = get_stats ().played_ms + get_stats ().queued_ms + 35 * 20 + 5000;

      pop_frames (35);
      push_frames (35, 0);
      ck_assert_uint_ge (get_stats ().queued_ms, 700);
      stream (5, 50);
      ck_assert_uint_le (get_stats ().queued_ms, level_ms + 60);
      ck_assert_uint_eq (get_stats ().dropped_ms, 0);
      /* what was left out counts: the account stays right */
      ck_assert_uint_eq (get_stats ().played_ms + get_stats ().queued_ms, expected_ms);
    }
  ck_assert_uint_ge (get_stats ().skipped_ms, 3 * 500);
}
END_TEST

START_TEST (sound_is_never_left_out)
{
  stream (4, 1);
  pop_frames (35);
  push_frames (35, LOUD);
  stream (10, 1);
  ck_assert_uint_eq (get_stats ().skipped_ms, 0);
  ck_assert_uint_ge (get_stats ().queued_ms, 700);
  stream (10, 5); /* gaps of 80 ms between sounds are no pauses */
  ck_assert_uint_eq (get_stats ().skipped_ms, 0);
}
END_TEST

START_TEST (a_lead_that_the_bot_has_from_the_start_stays)
{
  push_frames (100, 0);
  stream (20, 50);
  ck_assert_uint_eq (get_stats ().skipped_ms, 0);
  ck_assert_uint_eq (get_stats ().queued_ms, 2000);
}
END_TEST

/* Sentences of 3 s at once, each before the last one is over. */
START_TEST (who_speaks_in_bursts_is_left_alone)
{
  stream (3, 50); /* the level is known to be low */
  for (guint i = 0; i < 10; i++)
    {
      push_frames (10, LOUD);
      push_frames (140, 0);
      pop_frames (i == 0 ? 100 : 150);
    }
  ck_assert_uint_eq (get_stats ().skipped_ms, 0);
}
END_TEST

START_TEST (a_shortened_pause_has_no_step)
{
  gint16 frame[FRAME];

  stream (4, 50);
  pop_frames (35);
  push_frames (35, 0);
  for (guint i = 0; i < 5 * 50; i++)
    {
      push_frames (1, i % 2 == 0 ? 200 : -200);
      vgw_playout_pop (playout, frame, FRAME);
      for (guint k = 1; k < FRAME; k++) /* within a frame */
        ck_assert_int_le (ABS (frame[k] - frame[k - 1]), 3);
    }
  ck_assert_uint_gt (get_stats ().skipped_ms, 0);
}
END_TEST

START_TEST (a_mark_in_a_pause_that_is_shortened_is_reached)
{
  guint n_marks = 0;

  stream (4, 50);
  pop_frames (35);
  push_frames (35, 0);
  for (guint i = 0; i < 5 * 50; i++)
    {
      gint16 frame[FRAME];

      push_frames (1, 0);
      vgw_playout_mark (playout, "m");
      vgw_playout_pop (playout, frame, FRAME);
      for (VgwPlayoutEvent *event; (event = vgw_playout_take_event (playout)) != NULL; vgw_playout_event_free (event))
        n_marks += event->type == VGW_PLAYOUT_MARK;
    }
  ck_assert_uint_gt (get_stats ().skipped_ms, 0);
  ck_assert_uint_eq (n_marks, 5 * 50 - get_stats ().queued_ms / 20);
}
END_TEST

START_TEST (clear_while_it_gathers_begins_anew)
{
  push_frames (1, LOUD);
  pop_frame ();
  vgw_playout_clear (playout);
  push_frames (1, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 0);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 20);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-playout-level");
  TCase *tcase = tcase_create ("level");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, jitter_below_the_prebuffer_makes_no_hole);
  tcase_add_test (tcase, who_speaks_ahead_does_not_wait);
  tcase_add_test (tcase, a_short_word_is_not_kept_back_for_ever);
  tcase_add_test (tcase, without_a_network_nothing_is_gathered_and_nothing_left_out);
  tcase_add_test (tcase, what_is_late_does_not_end_the_utterance);
  tcase_add_test (tcase, who_spoke_ahead_has_ended_with_the_last_frame);
  tcase_add_test (tcase, late_audio_makes_the_next_utterance_gather_more);
  tcase_add_test (tcase, the_delay_of_a_stall_is_gone_within_five_seconds);
  tcase_add_test (tcase, sound_is_never_left_out);
  tcase_add_test (tcase, a_lead_that_the_bot_has_from_the_start_stays);
  tcase_add_test (tcase, who_speaks_in_bursts_is_left_alone);
  tcase_add_test (tcase, a_shortened_pause_has_no_step);
  tcase_add_test (tcase, a_mark_in_a_pause_that_is_shortened_is_reached);
  tcase_add_test (tcase, clear_while_it_gathers_begins_anew);
  suite_add_tcase (suite, tcase);
  return suite;
}
