#include "media/vgw-playout-phase.h"

#include <check.h>

#include "base/vgw-audio-format.h"
#include "run-suite.h"

#define MS G_TIME_SPAN_MILLISECOND
#define MARGIN_US VGW_PLAYOUT_PHASE_MARGIN_US

/* An engine in real time with frames at @start_us + n * 20 ms + @late_us (n), into a queue that plays them. Returns how
 * long the last frame waited. */
typedef struct
{
  VgwPlayoutPhase phase;
  gint64 due_us;
  gint64 most_us; /* that a frame of the last second waited, and the least */
  gint64 least_us;
} Play;

typedef gint64 (*LatenessFunc) (guint n);

/* Plays frames @from to @to, each of which comes at n * 20 ms + @lateness (n). */
static void
play (Play *self, LatenessFunc lateness, guint from, guint to)
{
  self->most_us = 0;
  self->least_us = G_MAXINT64;
  for (guint n = from; n < to; n++)
    {
      gint64 came_us = n * VGW_FRAME_US + lateness (n);
      gint64 waited_us;

      if (came_us > self->due_us)
        {
          gint64 until_us = vgw_playout_phase_wait (&self->phase, self->due_us);

          ck_assert_int_ge (until_us, came_us);
          self->due_us = came_us; /* as vgw_pacer_hurry () */
        }
      vgw_playout_phase_set_ready (&self->phase, TRUE, came_us);
      waited_us = self->due_us - came_us;
      self->most_us = MAX (self->most_us, waited_us);
      self->least_us = MIN (self->least_us, waited_us);
      self->due_us = vgw_playout_phase_take (&self->phase, self->due_us, TRUE, TRUE);
    }
}

static gint64
never_late (guint n)
{
  return 0;
}

static gint64
late_by_up_to_6_ms (guint n)
{
  return n * 7 % 10 * 6 * MS / 9;
}

/* 200 ppm */
static gint64
slow (guint n)
{
  return n * VGW_FRAME_US * 200 / 1000000;
}

static gint64
fast (guint n)
{
  return -slow (n);
}

START_TEST (the_phase_follows_an_even_engine)
{
  for (gint64 due_us = 1 * MS; due_us < 20 * MS; due_us += MS)
    {
      Play self = { .due_us = due_us };

      play (&self, never_late, 0, 3 * VGW_PLAYOUT_PHASE_FRAMES);
      play (&self, never_late, 3 * VGW_PLAYOUT_PHASE_FRAMES, 4 * VGW_PLAYOUT_PHASE_FRAMES);
      ck_assert_int_le (self.most_us, MARGIN_US + MARGIN_US / 2);
    }
}
END_TEST

START_TEST (no_frame_is_missed_because_of_jitter)
{
  Play self = { .due_us = 19 * MS };

  play (&self, late_by_up_to_6_ms, 0, 500);
  play (&self, late_by_up_to_6_ms, 500, 1000);
  ck_assert_int_ge (self.least_us, 0);
  ck_assert_int_le (self.most_us, 6 * MS + MARGIN_US + MARGIN_US / 2);
}
END_TEST

START_TEST (a_clock_that_drifts_is_followed)
{
  static const LatenessFunc lateness[] = { slow, fast };

  for (guint i = 0; i < G_N_ELEMENTS (lateness); i++)
    {
      Play self = { .due_us = 3 * MS };

      play (&self, lateness[i], 0, 50000); /* 17 minutes, in which it is 200 ms slow, or fast */
      play (&self, lateness[i], 50000, 50050);
      ck_assert_int_le (self.most_us, 2 * MARGIN_US);
    }
}
END_TEST

START_TEST (a_pause_is_waited_for_once)
{
  VgwPlayoutPhase self = { 0 };
  gint64 due_us = 100 * MS;

  ck_assert_int_eq (vgw_playout_phase_wait (&self, due_us), due_us + VGW_FRAME_US);
  ck_assert (vgw_playout_phase_is_waiting (&self));
  /* called again before that: still the same wait */
  ck_assert_int_eq (vgw_playout_phase_wait (&self, due_us + 5 * MS), due_us + VGW_FRAME_US);
  ck_assert_int_eq (vgw_playout_phase_wait (&self, due_us + VGW_FRAME_US), 0);
  ck_assert (!vgw_playout_phase_is_waiting (&self));
  due_us = vgw_playout_phase_take (&self, due_us + VGW_FRAME_US, FALSE, TRUE);
  ck_assert_int_eq (due_us, 140 * MS);
  ck_assert_int_eq (vgw_playout_phase_wait (&self, due_us), 0);

  /* after a full frame there may be a new pause */
  vgw_playout_phase_set_ready (&self, TRUE, due_us);
  due_us = vgw_playout_phase_take (&self, due_us, TRUE, TRUE);
  ck_assert_int_eq (vgw_playout_phase_wait (&self, due_us), due_us + VGW_FRAME_US);
  vgw_playout_phase_stop_waiting (&self);
  ck_assert (!vgw_playout_phase_is_waiting (&self));
}
END_TEST

START_TEST (an_engine_that_speaks_ahead_keeps_its_phase)
{
  VgwPlayoutPhase self = { 0 };
  gint64 due_us = 7 * MS;

  vgw_playout_phase_set_ready (&self, TRUE, 0);
  for (guint n = 0; n < 10 * VGW_PLAYOUT_PHASE_FRAMES; n++)
    {
      ck_assert_int_eq (due_us, 7 * MS + n * VGW_FRAME_US);
      due_us = vgw_playout_phase_take (&self, due_us, TRUE, FALSE);
      vgw_playout_phase_set_ready (&self, TRUE, due_us - VGW_FRAME_US);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-playout-phase");
  TCase *tcase = tcase_create ("due");

  tcase_add_test (tcase, the_phase_follows_an_even_engine);
  tcase_add_test (tcase, no_frame_is_missed_because_of_jitter);
  tcase_add_test (tcase, a_clock_that_drifts_is_followed);
  tcase_add_test (tcase, a_pause_is_waited_for_once);
  tcase_add_test (tcase, an_engine_that_speaks_ahead_keeps_its_phase);
  suite_add_tcase (suite, tcase);
  return suite;
}
