/* What the playout queue records for the gateway alone: starts of utterances, and places. */
#include "media/vgw-playout.h"

#include <check.h>

#include "run-suite.h"

#define RATE_HZ 8000u
#define FRAME 160u /* samples */
#define LOUD 10000

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

static VgwPlayout *playout;

static void
on_notify (gpointer user_data)
{
}

static void
setup (void)
{
  playout = vgw_playout_new (&FORMAT, 1000);
  vgw_playout_set_notify (playout, on_notify, NULL, NULL);
}

static void
teardown (void)
{
  vgw_playout_unref (playout);
}

static void
push_ms (guint ms)
{
  g_autofree gint16 *samples = g_new (gint16, ms * RATE_HZ / 1000);

  for (guint i = 0; i < ms * RATE_HZ / 1000; i++)
    samples[i] = LOUD;
  vgw_playout_push (playout, samples, ms * RATE_HZ / 1000);
}

static void
pop_frames (guint n_frames)
{
  gint16 samples[FRAME];

  for (guint i = 0; i < n_frames; i++)
    vgw_playout_pop (playout, samples, FRAME);
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
expect_plain (VgwPlayoutEventType type, guint64 played_ms, guint64 utterance_ms)
{
  vgw_playout_event_free (expect (type, played_ms, utterance_ms));
}

static void
expect_lost (const char *name, guint64 played_ms, guint64 utterance_ms)
{
  g_autoptr (VgwPlayoutEvent) event = expect (VGW_PLAYOUT_LOST, played_ms, utterance_ms);

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
expect_nothing (void)
{
  ck_assert_ptr_null (vgw_playout_take_event (playout));
}

static void
expect_place (guint64 place, gboolean is_lost)
{
  g_autoptr (VgwPlayoutEvent) event = vgw_playout_take_event (playout);

  ck_assert_ptr_nonnull (event);
  ck_assert_int_eq (event->type, VGW_PLAYOUT_PLACE);
  ck_assert_uint_eq (event->place, place);
  ck_assert_int_eq (event->is_lost, is_lost);
}

START_TEST (places_and_starts_are_recorded_only_where_they_are_wanted)
{
  push_ms (20);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 0);
  pop_frames (2);
  expect_plain (VGW_PLAYOUT_DRAINED, 20, 20);
  expect_nothing ();
}
END_TEST

START_TEST (a_place_is_reached_as_a_mark_is_and_a_start_is_the_first_sample)
{
  vgw_playout_record_more (playout, TRUE);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 1);
  expect_place (1, FALSE); /* nothing is before it */
  push_ms (30);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 2);
  push_ms (10);
  expect_nothing ();
  pop_frames (1);
  expect_plain (VGW_PLAYOUT_STARTED, 0, 0);
  expect_nothing ();
  pop_frames (2);
  expect_place (2, FALSE);
  expect_plain (VGW_PLAYOUT_DRAINED, 40, 40);
  push_ms (20);
  pop_frames (1);
  expect_plain (VGW_PLAYOUT_STARTED, 40, 0);
}
END_TEST

START_TEST (places_that_are_cleared_are_lost_and_are_no_marks)
{
  vgw_playout_record_more (playout, TRUE);
  push_ms (40);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 1);
  ck_assert (vgw_playout_mark (playout, "a"));
  ck_assert_uint_eq (vgw_playout_add_place (playout), 2);
  pop_frames (1);
  expect_plain (VGW_PLAYOUT_STARTED, 0, 0);
  vgw_playout_clear (playout);
  expect_cleared ("a", 20, 20);
  expect_place (1, TRUE);
  expect_place (2, TRUE);
  expect_nothing ();
}
END_TEST

START_TEST (a_place_takes_no_loss_from_the_mark_after_it)
{
  vgw_playout_record_more (playout, TRUE);
  vgw_playout_set_bound (playout, 40, VGW_PLAYOUT_DROP_NEWEST);
  push_ms (60);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 1);
  ck_assert (vgw_playout_mark (playout, "a"));
  expect_plain (VGW_PLAYOUT_XOFF, 0, 0);
  pop_frames (2);
  expect_plain (VGW_PLAYOUT_STARTED, 0, 0);
  expect_plain (VGW_PLAYOUT_XON, 20, 20);
  expect_place (1, FALSE);
  expect_lost ("a", 40, 40);
}
END_TEST

START_TEST (another_engine_gets_no_marks_of_the_one_before)
{
  vgw_playout_record_more (playout, TRUE);
  push_ms (20);
  ck_assert (vgw_playout_mark (playout, "a"));
  ck_assert_uint_eq (vgw_playout_add_place (playout), 1);
  ck_assert_uint_eq (vgw_playout_drop_marks (playout), 0);
  pop_frames (1);
  ck_assert_uint_eq (vgw_playout_drop_marks (playout), 2);
  expect_plain (VGW_PLAYOUT_STARTED, 0, 0);
  expect_place (1, FALSE);
  expect_nothing ();
}
END_TEST

START_TEST (pending_places_are_bounded)
{
  vgw_playout_record_more (playout, TRUE);
  push_ms (20);
  for (guint i = 1; i <= VGW_PLAYOUT_MAX_PLACES; i++)
    ck_assert_uint_eq (vgw_playout_add_place (playout), i);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 0);
  pop_frames (1);
  ck_assert_uint_eq (vgw_playout_add_place (playout), 0); /* reached, but not taken */
  expect_plain (VGW_PLAYOUT_STARTED, 0, 0);
  expect_place (1, FALSE);
  ck_assert_uint_ne (vgw_playout_add_place (playout), 0);
}
END_TEST

static Suite *
places_suite (void)
{
  Suite *suite = suite_create ("vgw-playout-places");
  TCase *tcase = tcase_create ("places");

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, places_and_starts_are_recorded_only_where_they_are_wanted);
  tcase_add_test (tcase, a_place_is_reached_as_a_mark_is_and_a_start_is_the_first_sample);
  tcase_add_test (tcase, places_that_are_cleared_are_lost_and_are_no_marks);
  tcase_add_test (tcase, a_place_takes_no_loss_from_the_mark_after_it);
  tcase_add_test (tcase, another_engine_gets_no_marks_of_the_one_before);
  tcase_add_test (tcase, pending_places_are_bounded);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  return run_suite (places_suite ());
}
