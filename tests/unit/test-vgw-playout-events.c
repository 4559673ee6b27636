/* What the playout queue tells: marks, clear, drained, flow control; and holding and ducking. */
#include "media/vgw-playout.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run-suite.h"

#define RATE_HZ 8000u
#define FRAME 160u /* samples */
#define LOUD 10000

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

static VgwPlayout *playout;
static gint n_notified;
static gint n_destroyed;

static void
on_notify (gpointer user_data)
{
  VgwPlayoutStats stats;

  ck_assert_ptr_eq (user_data, &n_notified);
  vgw_playout_get_stats (playout, &stats); /* the queue is not locked */
  g_atomic_int_inc (&n_notified);
}

static void
on_destroy (gpointer user_data)
{
  n_destroyed++;
}

static void
setup (void)
{
  n_notified = 0;
  n_destroyed = 0;
  playout = vgw_playout_new (&FORMAT, 1000);
  vgw_playout_set_notify (playout, on_notify, &n_notified, on_destroy);
}

static void
teardown (void)
{
  vgw_playout_unref (playout);
  ck_assert_int_eq (n_destroyed, 1);
}

static void
push_ms (guint ms)
{
  g_autofree gint16 *samples = g_new (gint16, ms * RATE_HZ / 1000);

  for (guint i = 0; i < ms * RATE_HZ / 1000; i++)
    samples[i] = LOUD;
  vgw_playout_push (playout, samples, ms * RATE_HZ / 1000);
}

static gsize
pop_frame (gint16 *samples)
{
  gint16 frame[FRAME] = { 0 };
  gsize n = vgw_playout_pop (playout, frame, FRAME);

  if (samples != NULL)
    memcpy (samples, frame, sizeof frame);
  return n;
}

static void
pop_frames (guint n_frames)
{
  for (guint i = 0; i < n_frames; i++)
    pop_frame (NULL);
}

/* The next event is of @type, @played_ms and @utterance_ms. Returns: (transfer full) */
static VgwPlayoutEvent *
expect (VgwPlayoutEventType type, guint64 played_ms, guint64 utterance_ms)
{
  VgwPlayoutEvent *event = vgw_playout_take_event (playout);

  ck_assert_ptr_nonnull (event);
  ck_assert_int_eq (event->type, type);
  ck_assert_uint_eq (event->played_ms, played_ms);
  ck_assert_uint_eq (event->utterance_ms, utterance_ms);
  return event;
}

static void
expect_lost (const char *name, guint64 played_ms, guint64 utterance_ms)
{
  g_autoptr (VgwPlayoutEvent) event = expect (VGW_PLAYOUT_LOST, played_ms, utterance_ms);

  ck_assert_str_eq (event->name, name);
}

static void
expect_mark (const char *name, guint64 played_ms, guint64 utterance_ms)
{
  g_autoptr (VgwPlayoutEvent) event = expect (VGW_PLAYOUT_MARK, played_ms, utterance_ms);

  ck_assert_str_eq (event->name, name);
}

/* @marks: comma-separated. */
static void
expect_cleared (const char *marks, guint64 played_ms, guint64 utterance_ms)
{
  g_autoptr (VgwPlayoutEvent) event = expect (VGW_PLAYOUT_CLEARED, played_ms, utterance_ms);
  g_autofree char *names = g_strjoinv (",", (char **) event->marks);

  ck_assert_str_eq (names, marks);
}

static void
expect_plain (VgwPlayoutEventType type, guint64 played_ms, guint64 utterance_ms)
{
  g_autoptr (VgwPlayoutEvent) event = expect (type, played_ms, utterance_ms);

  ck_assert_ptr_null (event->name);
  ck_assert_ptr_null (event->marks);
}

static void
expect_nothing (void)
{
  ck_assert_ptr_null (vgw_playout_take_event (playout));
}

START_TEST (a_mark_is_reached_when_all_before_it_has_left)
{
  push_ms (30);
  ck_assert (vgw_playout_mark (playout, "a"));
  push_ms (30);
  ck_assert (vgw_playout_mark (playout, "b"));
  ck_assert (vgw_playout_mark (playout, "c"));
  pop_frames (1);
  expect_nothing ();
  pop_frames (1);
  expect_mark ("a", 40, 40);
  expect_nothing ();
  pop_frames (1);
  expect_mark ("b", 60, 60);
  expect_mark ("c", 60, 60);
  expect_nothing ();
}
END_TEST

START_TEST (a_mark_in_an_empty_queue_is_reached_at_once)
{
  ck_assert (vgw_playout_mark (playout, "a"));
  expect_mark ("a", 0, 0);
  push_ms (20);
  pop_frames (1);
  ck_assert (vgw_playout_mark (playout, "b"));
  expect_mark ("b", 20, 20);
}
END_TEST

START_TEST (an_utterance_ends_with_the_first_frame_that_falls_short)
{
  push_ms (40);
  pop_frames (1);
  push_ms (20); /* in real time: the queue never runs dry */
  pop_frames (2);
  expect_nothing ();
  pop_frames (1);
  expect_plain (VGW_PLAYOUT_DRAINED, 60, 60);
  pop_frames (10);
  expect_nothing ();

  push_ms (30);
  pop_frames (2);
  expect_plain (VGW_PLAYOUT_DRAINED, 90, 30);
  expect_nothing ();
}
END_TEST

START_TEST (clear_tells_what_was_heard_and_which_marks_never_will_be)
{
  gint16 frame[FRAME];

  push_ms (40);
  vgw_playout_mark (playout, "heard");
  push_ms (500);
  vgw_playout_mark (playout, "one");
  push_ms (100);
  vgw_playout_mark (playout, "two");
  pop_frames (5);
  vgw_playout_clear (playout);
  expect_mark ("heard", 40, 40);
  expect_cleared ("one,two", 100, 100);
  expect_nothing ();

  /* the rest of a wave of 5 ms that falls to nothing, and nothing behind it */
  ck_assert_uint_eq (pop_frame (frame), VGW_PLAYOUT_FADE_MS * RATE_HZ / 1000);
  for (guint i = 1; i < VGW_PLAYOUT_FADE_MS * RATE_HZ / 1000; i++)
    ck_assert_int_lt (frame[i], frame[i - 1]);
  ck_assert_uint_eq (pop_frame (frame), 0);
  expect_nothing ();

  push_ms (40);
  vgw_playout_mark (playout, "three");
  pop_frames (2);
  expect_mark ("three", 140, 40);
}
END_TEST

START_TEST (clear_of_an_empty_queue_is_answered_too)
{
  vgw_playout_clear (playout);
  expect_cleared ("", 0, 0);
  push_ms (20);
  pop_frames (2);
  expect_plain (VGW_PLAYOUT_DRAINED, 20, 20);
  vgw_playout_clear (playout);
  expect_cleared ("", 20, 20); /* all of what was said last was heard */
}
END_TEST

START_TEST (what_was_never_begun_leaves_no_tail)
{
  push_ms (100);
  vgw_playout_clear (playout);
  ck_assert_uint_eq (pop_frame (NULL), 0);
}
END_TEST

START_TEST (flow_control_has_hysteresis)
{
  push_ms (880);
  expect_nothing ();
  push_ms (20);
  expect_plain (VGW_PLAYOUT_XOFF, 0, 0);
  pop_frames (4); /* 820 ms */
  push_ms (100);
  expect_nothing ();
  pop_frames (5);
  expect_nothing ();
  pop_frames (1); /* 800 ms */
  expect_plain (VGW_PLAYOUT_XON, 200, 200);
  expect_nothing ();
  push_ms (100);
  expect_plain (VGW_PLAYOUT_XOFF, 200, 200);
  vgw_playout_clear (playout);
  expect_cleared ("", 200, 200);
  expect_plain (VGW_PLAYOUT_XON, 200, 200);
}
END_TEST

START_TEST (beyond_the_bound_the_newest_can_be_dropped)
{
  VgwPlayoutStats stats;
  gint16 samples[2] = { 1, 2 };

  vgw_playout_set_bound (playout, 100, VGW_PLAYOUT_DROP_NEWEST);
  push_ms (100);
  vgw_playout_push (playout, samples, 2);
  vgw_playout_mark (playout, "cut");
  vgw_playout_mark (playout, "whole"); /* nothing of its own was dropped */
  push_ms (50);
  vgw_playout_mark (playout, "dropped");
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 100);
  ck_assert_uint_eq (stats.dropped_ms, 50);
  expect_plain (VGW_PLAYOUT_XOFF, 0, 0);
  pop_frames (1);
  expect_plain (VGW_PLAYOUT_XON, 20, 20);
  pop_frames (4);
  expect_lost ("cut", 100, 100);
  expect_mark ("whole", 100, 100);
  expect_lost ("dropped", 100, 100);
}
END_TEST

START_TEST (a_mark_of_dropped_audio_is_lost_and_does_not_wait_for_ever)
{
  vgw_playout_set_bound (playout, 100, VGW_PLAYOUT_DROP_OLDEST);
  push_ms (60);
  vgw_playout_mark (playout, "a");
  push_ms (60); /* 20 ms of the first are gone */
  vgw_playout_mark (playout, "whole");
  pop_frames (2);
  expect_plain (VGW_PLAYOUT_XOFF, 0, 0);
  expect_plain (VGW_PLAYOUT_XON, 20, 20);
  expect_lost ("a", 40, 40);
  pop_frames (3);
  expect_mark ("whole", 100, 100);
  push_ms (1000); /* more than the bound: all that waited is gone */
  vgw_playout_mark (playout, "b");
  push_ms (1000);
  expect_plain (VGW_PLAYOUT_XOFF, 100, 100);
  expect_lost ("b", 100, 100);
  vgw_playout_mark (playout, "c"); /* of 1 s the last 100 ms wait */
  vgw_playout_clear (playout);
  expect_cleared ("c", 100, 100);
  expect_plain (VGW_PLAYOUT_XON, 100, 100);
  push_ms (20);
  vgw_playout_mark (playout, "d");
  pop_frames (2); /* the first of them the fade */
  expect_mark ("d", 120, 20);
}
END_TEST

START_TEST (marks_are_bounded)
{
  g_autofree char *name = g_strnfill (VGW_PLAYOUT_MAX_MARK_BYTES + 1, 'x');
  g_autoptr (VgwPlayoutEvent) event = NULL;

  ck_assert (!vgw_playout_mark (playout, name));
  push_ms (20);
  for (guint i = 0; i < VGW_PLAYOUT_MAX_MARKS / 2; i++)
    ck_assert (vgw_playout_mark (playout, "m"));
  vgw_playout_clear (playout);
  for (guint i = 0; i < VGW_PLAYOUT_MAX_MARKS / 2; i++)
    ck_assert (vgw_playout_mark (playout, "m"));
  /* half of them in an event that nobody took, half in events of their own */
  ck_assert (!vgw_playout_mark (playout, "m"));
  event = vgw_playout_take_event (playout);
  ck_assert_uint_eq (g_strv_length ((char **) event->marks), VGW_PLAYOUT_MAX_MARKS / 2);
  ck_assert (vgw_playout_mark (playout, "m"));
}
END_TEST

START_TEST (events_that_nobody_takes_are_bounded_and_counted)
{
  VgwPlayoutStats stats;
  guint n_events = 0;
  VgwPlayoutEvent *event;

  for (guint i = 0; i < 10 * VGW_PLAYOUT_MAX_MARKS; i++)
    vgw_playout_clear (playout);
  vgw_playout_get_stats (playout, &stats);
  for (; (event = vgw_playout_take_event (playout)) != NULL; n_events++)
    vgw_playout_event_free (event);
  ck_assert_uint_lt (n_events, 3 * VGW_PLAYOUT_MAX_MARKS);
  ck_assert_uint_eq (n_events + stats.n_lost_events, 10 * VGW_PLAYOUT_MAX_MARKS);
  vgw_playout_clear (playout);
  expect_cleared ("", 0, 0);
}
END_TEST

START_TEST (one_wake_for_all_events)
{
  vgw_playout_mark (playout, "a");
  vgw_playout_mark (playout, "b");
  vgw_playout_clear (playout);
  ck_assert_int_eq (n_notified, 1);
  expect_mark ("a", 0, 0);
  vgw_playout_mark (playout, "c");
  ck_assert_int_eq (n_notified, 1);
  expect_mark ("b", 0, 0);
  expect_cleared ("", 0, 0);
  expect_mark ("c", 0, 0);
  expect_nothing ();
  vgw_playout_mark (playout, "d");
  ck_assert_int_eq (n_notified, 2);
}
END_TEST

START_TEST (without_a_listener_nothing_is_kept)
{
  vgw_playout_mark (playout, "a");
  vgw_playout_set_notify (playout, NULL, NULL, NULL);
  ck_assert_int_eq (n_destroyed, 1);
  expect_nothing ();
  for (guint i = 0; i < 2 * VGW_PLAYOUT_MAX_MARKS; i++)
    ck_assert (vgw_playout_mark (playout, "m"));
  vgw_playout_clear (playout);
  expect_nothing ();
}
END_TEST

/* No step of the wave is larger than that of a ramp over a frame. */
static void
assert_smooth (const gint16 *samples, gsize n_samples)
{
  int largest = 0;

  for (gsize i = 1; i < n_samples; i++)
    largest = MAX (largest, abs (samples[i] - samples[i - 1]));
  ck_assert_int_le (largest, LOUD / (int) FRAME + 1);
}

START_TEST (a_held_queue_waits_and_goes_on_where_it_was)
{
  gint16 samples[4 * FRAME];
  VgwPlayoutStats stats;

  push_ms (200);
  vgw_playout_mark (playout, "end");
  ck_assert_uint_eq (pop_frame (samples), FRAME);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, TRUE);
  ck_assert_uint_eq (pop_frame (samples + FRAME), FRAME); /* fades out */
  ck_assert_int_eq (samples[2 * FRAME - 1], 0);
  ck_assert_uint_eq (pop_frame (samples + 2 * FRAME), 0);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, FALSE);
  ck_assert_uint_eq (pop_frame (samples + 2 * FRAME), 0); /* the engine holds it still */
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 160);
  expect_nothing ();

  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE);
  ck_assert_uint_eq (pop_frame (samples + 2 * FRAME), FRAME); /* fades in */
  ck_assert_uint_eq (pop_frame (samples + 3 * FRAME), FRAME);
  ck_assert_int_eq (samples[3 * FRAME], LOUD);
  assert_smooth (samples, G_N_ELEMENTS (samples));
  pop_frames (6);
  expect_mark ("end", 200, 200);
}
END_TEST

START_TEST (ducking_is_a_ramp_down_and_up)
{
  gint16 samples[4 * FRAME];

  push_ms (200);
  pop_frame (samples);
  vgw_playout_duck (playout, TRUE);
  pop_frame (samples + FRAME);
  pop_frame (samples + 2 * FRAME);
  ck_assert_int_eq (samples[2 * FRAME], (gint16) (LOUD * VGW_PLAYOUT_DUCKED_GAIN));
  ck_assert_int_eq (samples[3 * FRAME - 1], (gint16) (LOUD * VGW_PLAYOUT_DUCKED_GAIN));
  vgw_playout_duck (playout, FALSE);
  pop_frame (samples + 3 * FRAME);
  ck_assert_int_eq (samples[4 * FRAME - 1], LOUD);
  assert_smooth (samples, G_N_ELEMENTS (samples));
}
END_TEST

START_TEST (clear_in_a_held_queue_makes_no_sound)
{
  push_ms (200);
  pop_frame (NULL);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
  pop_frame (NULL);
  vgw_playout_clear (playout);
  ck_assert_uint_eq (pop_frame (NULL), 0);
  expect_cleared ("", 40, 40);
  expect_nothing ();
}
END_TEST

static gpointer
push_and_mark (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      push_ms (1);
      while (!vgw_playout_mark (playout, name))
        g_thread_yield ();
      if (i % 100 == 99)
        vgw_playout_clear (playout);
    }
  return NULL;
}

static gpointer
pop_until_told (gpointer is_done)
{
  while (!g_atomic_int_get ((gint *) is_done))
    {
      pop_frames (1);
      g_thread_yield ();
    }
  return NULL;
}

/* Each mark comes back once, in its order, as reached or as dropped; and nobody who should be woken sleeps on. */
START_TEST (events_keep_their_order_between_threads)
{
  gint is_done = 0;
  GThread *popper = g_thread_new ("pop", pop_until_told, &is_done);
  GThread *pusher = g_thread_new ("push", push_and_mark, NULL);
  guint64 played_ms = 0;
  guint next = 0;
  gint n_seen = 0;

  while (next < 1000)
    {
      VgwPlayoutEvent *event;

      while (g_atomic_int_get (&n_notified) == n_seen)
        g_thread_yield ();
      n_seen = g_atomic_int_get (&n_notified);
      while ((event = vgw_playout_take_event (playout)) != NULL)
        {
          gboolean is_right = event->played_ms >= played_ms;

          played_ms = event->played_ms;
          if (event->type == VGW_PLAYOUT_MARK)
            is_right &= strtoul (event->name, NULL, 10) == next++;
          for (guint i = 0; event->type == VGW_PLAYOUT_CLEARED && event->marks[i] != NULL; i++)
            is_right &= strtoul (event->marks[i], NULL, 10) == next++;
          vgw_playout_event_free (event);
          ck_assert (is_right);
        }
    }
  g_thread_join (pusher);
  g_atomic_int_set (&is_done, 1);
  g_thread_join (popper);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-playout-events");
  TCase *tcase = tcase_create ("events");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_mark_is_reached_when_all_before_it_has_left);
  tcase_add_test (tcase, a_mark_in_an_empty_queue_is_reached_at_once);
  tcase_add_test (tcase, an_utterance_ends_with_the_first_frame_that_falls_short);
  tcase_add_test (tcase, clear_tells_what_was_heard_and_which_marks_never_will_be);
  tcase_add_test (tcase, clear_of_an_empty_queue_is_answered_too);
  tcase_add_test (tcase, what_was_never_begun_leaves_no_tail);
  tcase_add_test (tcase, flow_control_has_hysteresis);
  tcase_add_test (tcase, beyond_the_bound_the_newest_can_be_dropped);
  tcase_add_test (tcase, a_mark_of_dropped_audio_is_lost_and_does_not_wait_for_ever);
  tcase_add_test (tcase, marks_are_bounded);
  tcase_add_test (tcase, events_that_nobody_takes_are_bounded_and_counted);
  tcase_add_test (tcase, one_wake_for_all_events);
  tcase_add_test (tcase, without_a_listener_nothing_is_kept);
  tcase_add_test (tcase, a_held_queue_waits_and_goes_on_where_it_was);
  tcase_add_test (tcase, ducking_is_a_ramp_down_and_up);
  tcase_add_test (tcase, clear_in_a_held_queue_makes_no_sound);
  tcase_add_test (tcase, events_keep_their_order_between_threads);
  suite_add_tcase (suite, tcase);
  return suite;
}
