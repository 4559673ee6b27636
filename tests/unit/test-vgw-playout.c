#include "media/vgw-playout.h"

#include <check.h>

#include "run-suite.h"

#define RATE_HZ 8000u
#define SAMPLES_PER_MS 8u

static const VgwAudioFormat FORMAT = { .rate_hz = RATE_HZ };

static void
push_ramp (VgwPlayout *playout, gint16 first, gsize n_samples)
{
  g_autofree gint16 *samples = g_new (gint16, n_samples);

  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (gint16) (first + (gint16) i);
  vgw_playout_push (playout, samples, n_samples);
}

/* One assertion for all: Check writes to a file for each. */
static gboolean
is_ramp (const gint16 *samples, gsize n_samples, guint first)
{
  for (gsize i = 0; i < n_samples; i++)
    {
      if (samples[i] != (gint16) (first + i))
        return FALSE;
    }
  return TRUE;
}

static void
assert_ramp (VgwPlayout *playout, gint16 first, gsize n_samples)
{
  g_autofree gint16 *samples = g_new (gint16, n_samples);

  ck_assert_uint_eq (vgw_playout_pop (playout, samples, n_samples), n_samples);
  ck_assert (is_ramp (samples, n_samples, (guint) first));
}

START_TEST (audio_comes_out_in_order_and_is_accounted_for)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 1000);
  VgwPlayoutStats stats;

  push_ramp (playout, 0, 100);
  push_ramp (playout, 100, 380);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 60);
  assert_ramp (playout, 0, 160);
  assert_ramp (playout, 160, 160);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 20);
  ck_assert_uint_eq (stats.played_ms, 40);
  ck_assert_uint_eq (stats.dropped_ms, 0);
}
END_TEST

START_TEST (a_short_queue_gives_what_it_has)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 1000);
  gint16 samples[160];

  ck_assert_uint_eq (vgw_playout_pop (playout, samples, 160), 0);
  push_ramp (playout, 7, 10);
  ck_assert_uint_eq (vgw_playout_pop (playout, samples, 160), 10);
  ck_assert_int_eq (samples[0], 7);
  ck_assert_int_eq (samples[9], 16);
}
END_TEST

START_TEST (a_queue_that_keeps_is_full_at_its_bound_and_drops_nothing_a_frame_beyond)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 100);
  VgwPlayoutStats stats;

  vgw_playout_set_bound (playout, 100, VGW_PLAYOUT_KEEP);
  push_ramp (playout, 0, 99 * SAMPLES_PER_MS);
  ck_assert (!vgw_playout_is_full (playout));
  push_ramp (playout, 99 * SAMPLES_PER_MS, SAMPLES_PER_MS);
  ck_assert (vgw_playout_is_full (playout));
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, TRUE);
  ck_assert (vgw_playout_is_full (playout));
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, TRUE); /* the word that ends it comes behind the audio */
  ck_assert (!vgw_playout_is_full (playout));
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_ENGINE, FALSE);
  vgw_playout_hold (playout, VGW_PLAYOUT_HOLD_BARGE_IN, FALSE);
  push_ramp (playout, 100 * SAMPLES_PER_MS, 2150 * SAMPLES_PER_MS);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 2200);
  ck_assert_uint_eq (stats.dropped_ms, 50);
  assert_ramp (playout, 0, 2200 * SAMPLES_PER_MS);
  ck_assert (!vgw_playout_is_full (playout));
}
END_TEST

START_TEST (beyond_the_bound_the_oldest_is_dropped)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 100);
  VgwPlayoutStats stats;

  for (gint i = 0; i < 15; i++)
    push_ramp (playout, (gint16) (i * 160), 160);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 100);
  ck_assert_uint_eq (stats.dropped_ms, 200);
  assert_ramp (playout, 10 * 160, 5 * 160);
}
END_TEST

START_TEST (a_burst_larger_than_the_bound_keeps_its_end)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 100);
  VgwPlayoutStats stats;

  push_ramp (playout, -5, 3);
  push_ramp (playout, 0, 20000);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 100);
  ck_assert_uint_eq (stats.dropped_ms, (20000 + 3) / SAMPLES_PER_MS - 100);
  assert_ramp (playout, 20000 - 800, 800);
}
END_TEST

START_TEST (order_survives_growing_and_wrapping)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 5000);
  gint16 in = 0, out = 0;

  /* sizes without a common divisor, so that head and tail wrap everywhere while the ring doubles */
  for (guint round = 0; round < 300; round++)
    {
      push_ramp (playout, in, 331);
      in = (gint16) (in + 331);
      assert_ramp (playout, out, 263);
      out = (gint16) (out + 263);
    }
  assert_ramp (playout, out, (331 - 263) * 300);
}
END_TEST

START_TEST (clear_empties_the_queue_and_counts_nothing_as_played)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 1000);
  VgwPlayoutStats stats;
  gint16 sample;

  push_ramp (playout, 0, 800);
  vgw_playout_clear (playout);
  vgw_playout_get_stats (playout, &stats);
  ck_assert_uint_eq (stats.queued_ms, 0);
  ck_assert_uint_eq (stats.played_ms, 0);
  ck_assert_uint_eq (stats.dropped_ms, 0);
  ck_assert_uint_eq (vgw_playout_pop (playout, &sample, 1), 0);
  push_ramp (playout, 42, 8);
  assert_ramp (playout, 42, 8);
}
END_TEST

static gpointer
push_many (gpointer data)
{
  VgwPlayout *playout = data;
  gint16 samples[37];

  for (guint i = 0; i < 2000; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (samples); j++)
        samples[j] = (gint16) (i * G_N_ELEMENTS (samples) + j);
      vgw_playout_push (playout, samples, G_N_ELEMENTS (samples));
    }
  return NULL;
}

START_TEST (two_threads_see_one_stream)
{
  g_autoptr (VgwPlayout) playout = vgw_playout_new (&FORMAT, 60000);
  GThread *thread = g_thread_new ("push", push_many, vgw_playout_ref (playout));
  guint n_popped = 0;

  while (n_popped < 2000 * 37)
    {
      gint16 samples[160];
      gsize n = vgw_playout_pop (playout, samples, G_N_ELEMENTS (samples));

      ck_assert (is_ramp (samples, n, n_popped));
      n_popped += (guint) n;
      if (n == 0)
        g_thread_yield ();
    }
  g_thread_join (thread);
  vgw_playout_unref (playout);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-playout");
  TCase *tcase = tcase_create ("queue");

  tcase_add_test (tcase, audio_comes_out_in_order_and_is_accounted_for);
  tcase_add_test (tcase, a_short_queue_gives_what_it_has);
  tcase_add_test (tcase, a_queue_that_keeps_is_full_at_its_bound_and_drops_nothing_a_frame_beyond);
  tcase_add_test (tcase, beyond_the_bound_the_oldest_is_dropped);
  tcase_add_test (tcase, a_burst_larger_than_the_bound_keeps_its_end);
  tcase_add_test (tcase, order_survives_growing_and_wrapping);
  tcase_add_test (tcase, clear_empties_the_queue_and_counts_nothing_as_played);
  tcase_add_test (tcase, two_threads_see_one_stream);
  suite_add_tcase (suite, tcase);
  return suite;
}
