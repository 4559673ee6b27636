/* A playout queue that is filled in real time: jitter, stalls, and the delay that they leave. Time is the frames that
 * are taken, so nothing here waits. */
#include "media/vgw-playout.h"

#include <check.h>
#include <math.h>
#include <string.h>

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
  vgw_playout_set_pace (playout, VGW_PLAYOUT_AUTO, START_MS);
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

static guint64
count_shortened_ms (void)
{
  return get_stats ().shortened_pauses_ms + get_stats ().shortened_speech_ms;
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

/* A bot that sends 20 ms each 18 ms, so that it never runs dry. */
START_TEST (who_is_a_little_faster_than_real_time_is_soon_ahead_and_not_sped_up)
{
  guint64 shortened_ms;

  for (guint i = 0; i < 500; i++)
    {
      push_frames (i % 9 == 0 ? 2 : 1, LOUD);
      pop_frame ();
    }
  shortened_ms = count_shortened_ms ();
  ck_assert_uint_le (shortened_ms, 260 + VGW_FRAME_MS);
  for (guint i = 0; i < 500; i++)
    {
      push_frames (i % 9 == 0 ? 2 : 1, LOUD);
      pop_frame ();
    }
  ck_assert_uint_eq (count_shortened_ms (), shortened_ms);
}
END_TEST

START_TEST (the_delay_of_a_hold_is_taken_out)
{
  guint before_ms;

  stream (8, 50);
  before_ms = get_stats ().queued_ms;
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_PAUSE, TRUE);
  stream (2, 50);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_PAUSE, FALSE);
  ck_assert_uint_ge (get_stats ().queued_ms, before_ms + 1900);
  stream (20, 50);
  ck_assert_uint_le (get_stats ().queued_ms, before_ms + 2 * VGW_FRAME_MS);
  ck_assert_uint_eq (get_stats ().dropped_ms, 0);
}
END_TEST

START_TEST (an_engine_known_to_be_ahead_is_not_gathered_and_nothing_is_taken_out)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_AHEAD, START_MS);
  push_frames (1, LOUD);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 20);
  pop_frame ();
  ck_assert_uint_eq (n_drained, 1);
  push_frames (35, 0);
  stream (8, 50);
  ck_assert_uint_eq (count_shortened_ms (), 0);
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
  ck_assert_uint_ge (get_stats ().shortened_pauses_ms, 3 * 500);
}
END_TEST

/* A voice of 125 Hz, which goes on. */
static void
push_voice (guint n_frames)
{
  static guint position;
  gint16 frame[FRAME];

  for (guint k = 0; k < n_frames; k++)
    {
      for (guint i = 0; i < FRAME; i++, position++)
        frame[i] = (gint16) (8000 * sin (2 * G_PI * 125 * position / RATE_HZ)
                             + 3000 * sin (2 * G_PI * 1000 * position / RATE_HZ + 1));
      vgw_playout_push (playout, frame, FRAME);
    }
}

static void
stream_voice (guint n_frames)
{
  for (guint i = 0; i < n_frames; i++)
    {
      push_voice (1);
      pop_frame ();
    }
}

START_TEST (without_pauses_the_delay_of_a_stall_is_gone_at_a_quarter_faster)
{
  guint64 shortened_ms;

  stream_voice (200);
  pop_frames (15);
  push_voice (15);
  ck_assert_uint_ge (get_stats ().queued_ms, 300);
  stream_voice (50);
  shortened_ms = get_stats ().shortened_speech_ms;
  ck_assert_uint_gt (shortened_ms, 0);
  ck_assert_uint_le (shortened_ms, 50 * 5 + 15);
  stream_voice (200);
  ck_assert_uint_le (get_stats ().queued_ms, START_MS + 20);
  ck_assert_uint_eq (get_stats ().shortened_pauses_ms, 0);
  ck_assert_uint_eq (get_stats ().played_ms + get_stats ().queued_ms, (200 + 15 + 250) * 20);
}
END_TEST

START_TEST (gaps_between_sounds_are_no_pauses)
{
  stream (4, 1);
  pop_frames (35);
  push_frames (35, LOUD);
  stream (10, 5);
  ck_assert_uint_eq (get_stats ().shortened_pauses_ms, 0);
}
END_TEST

START_TEST (an_engine_known_to_be_in_real_time_has_no_lead)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  push_voice (70);
  pop_frame ();
  ck_assert_uint_eq (get_stats ().played_ms, 20); /* nothing is gathered */
  stream_voice (400);
  ck_assert_uint_le (get_stats ().queued_ms, 20);
}
END_TEST

START_TEST (speech_is_not_played_faster_where_that_is_switched_off)
{
  vgw_playout_set_may_speed_up (playout, FALSE);
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  push_voice (10);
  stream_voice (200);
  ck_assert_uint_eq (get_stats ().queued_ms, 200);
  stream (5, 50);
  ck_assert_uint_le (get_stats ().queued_ms, 20);
}
END_TEST

START_TEST (an_engine_ahead_is_untouched_when_it_was_in_real_time_before)
{
  gint16 sent[FRAME], played[FRAME];

  stream_voice (200);
  pop_frames (100); /* over */
  for (guint i = 0; i < 150; i++)
    {
      for (guint k = 0; k < FRAME; k++)
        sent[k] = (gint16) (i * FRAME + k);
      vgw_playout_push (playout, sent, FRAME);
    }
  for (guint i = 0; i < 150; i++)
    {
      ck_assert_uint_eq (vgw_playout_pop (playout, played, FRAME), FRAME);
      for (guint k = 0; k < FRAME; k++)
        sent[k] = (gint16) (i * FRAME + k);
      ck_assert (memcmp (sent, played, sizeof sent) == 0);
    }
}
END_TEST

/* Audio of 60 ms that comes up to 40 ms late. */
START_TEST (the_target_follows_the_jitter_and_comes_down_again)
{
  vgw_playout_set_pace (playout, VGW_PLAYOUT_REAL_TIME, 0);
  for (guint i = 0; i < 60; i++)
    {
      push_voice (3);
      pop_frames (i % 4 == 1 ? 5 : i % 4 == 2 ? 1 : 3);
      if (i % 20 != 19)
        continue;
      pop_frames (20); /* the utterance is over */
      if (i < 50)
        n_holes = 0;
      has_sounded = FALSE;
    }
  ck_assert_uint_eq (n_holes, 0);
  stream_voice (60 * 50);
  ck_assert_uint_le (get_stats ().queued_ms, 20);
}
END_TEST

START_TEST (a_lead_that_the_bot_has_from_the_start_stays)
{
  push_frames (100, 0);
  stream (20, 50);
  ck_assert_uint_eq (count_shortened_ms (), 0);
  ck_assert_uint_eq (get_stats ().queued_ms, 2000);
}
END_TEST

START_TEST (what_was_queued_before_the_call_was_connected_is_no_lead)
{
  /* as after half a second in which a bot in real time was not played yet; the wait is what is tested */
  push_frames (1, LOUD);
  g_usleep (500 * 1000);
  push_frames (24, LOUD);
  pop_frame ();
  stream_voice (5 * 50);
  ck_assert_uint_le (get_stats ().queued_ms, START_MS + 20);
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
  ck_assert_uint_eq (count_shortened_ms (), 0);
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
  ck_assert_uint_gt (get_stats ().shortened_pauses_ms, 0);
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
  ck_assert_uint_gt (get_stats ().shortened_pauses_ms, 0);
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
  tcase_add_test (tcase, who_is_a_little_faster_than_real_time_is_soon_ahead_and_not_sped_up);
  tcase_add_test (tcase, the_delay_of_a_hold_is_taken_out);
  tcase_add_test (tcase, an_engine_known_to_be_ahead_is_not_gathered_and_nothing_is_taken_out);
  tcase_add_test (tcase, what_is_late_does_not_end_the_utterance);
  tcase_add_test (tcase, who_spoke_ahead_has_ended_with_the_last_frame);
  tcase_add_test (tcase, late_audio_makes_the_next_utterance_gather_more);
  tcase_add_test (tcase, the_delay_of_a_stall_is_gone_within_five_seconds);
  tcase_add_test (tcase, without_pauses_the_delay_of_a_stall_is_gone_at_a_quarter_faster);
  tcase_add_test (tcase, gaps_between_sounds_are_no_pauses);
  tcase_add_test (tcase, an_engine_known_to_be_in_real_time_has_no_lead);
  tcase_add_test (tcase, speech_is_not_played_faster_where_that_is_switched_off);
  tcase_add_test (tcase, an_engine_ahead_is_untouched_when_it_was_in_real_time_before);
  tcase_add_test (tcase, the_target_follows_the_jitter_and_comes_down_again);
  tcase_add_test (tcase, a_lead_that_the_bot_has_from_the_start_stays);
  tcase_add_test (tcase, what_was_queued_before_the_call_was_connected_is_no_lead);
  tcase_add_test (tcase, who_speaks_in_bursts_is_left_alone);
  tcase_add_test (tcase, a_shortened_pause_has_no_step);
  tcase_add_test (tcase, a_mark_in_a_pause_that_is_shortened_is_reached);
  tcase_add_test (tcase, clear_while_it_gathers_begins_anew);
  suite_add_tcase (suite, tcase);
  return suite;
}
