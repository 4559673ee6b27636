/* On the real scheduler: threads that share one processor wait for each other, and one that sleeps does not. */
#include "base/vgw-audio-thread.h"

#include <check.h>
#include <sched.h>

#include "run-suite.h"

#define N_RIVALS 3

typedef struct
{
  gint n_running; /* atomic */
  gint should_quit;
  int processor;
} Race;

static void
pin (int processor)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (processor, &set);
  ck_assert_int_eq (sched_setaffinity (0, sizeof set, &set), 0);
}

static void
spin (Race *race)
{
  pin (race->processor);
  g_atomic_int_inc (&race->n_running);
  while (!g_atomic_int_get (&race->should_quit))
    ;
}

static gpointer
rival (gpointer data)
{
  spin (data);
  return NULL;
}

static gpointer
watched (gpointer data)
{
  vgw_audio_thread_begin (VGW_AUDIO_THREAD_NICE_SENDING);
  spin (data);
  vgw_audio_thread_end ();
  return NULL;
}

START_TEST (a_thread_that_waits_for_its_processor_is_seen)
{
  gint64 deadline_us = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  Race race = { .processor = sched_getcpu () };
  GThread *threads[N_RIVALS + 1];
  guint percent;

  threads[0] = g_thread_new ("watched", watched, &race);
  for (guint i = 1; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("rival", rival, &race);
  while (g_atomic_int_get (&race.n_running) < N_RIVALS + 1)
    g_thread_yield ();
  ck_assert_uint_eq (vgw_audio_thread_sample_load (), 0); /* the first one has nothing to compare with */
  do /* it runs for a quarter of the time, and waits for the rest */
    {
      ck_assert_int_lt (g_get_monotonic_time (), deadline_us);
      g_usleep (100 * 1000); /* the time that the sample is about */
      percent = vgw_audio_thread_sample_load ();
      ck_assert_uint_le (percent, 100);
    }
  while (percent < 90);

  g_atomic_int_set (&race.should_quit, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ck_assert_uint_eq (vgw_audio_thread_sample_load (), 0);
}
END_TEST

static gpointer
sleeper (gpointer data)
{
  Race *race = data;

  vgw_audio_thread_begin (VGW_AUDIO_THREAD_NICE_SENDING);
  g_atomic_int_inc (&race->n_running);
  while (!g_atomic_int_get (&race->should_quit))
    g_usleep (5000); /* what it is about: a thread with next to nothing to do */
  vgw_audio_thread_end ();
  return NULL;
}

START_TEST (a_thread_with_nothing_to_do_is_not_busy)
{
  gint64 deadline_us = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  Race race = { 0 };
  GThread *thread = g_thread_new ("sleeper", sleeper, &race);

  while (g_atomic_int_get (&race.n_running) < 1)
    g_thread_yield ();
  vgw_audio_thread_sample_load ();
  do
    {
      ck_assert_int_lt (g_get_monotonic_time (), deadline_us);
      g_usleep (100 * 1000);
    }
  while (vgw_audio_thread_sample_load () > 50);
  g_atomic_int_set (&race.should_quit, TRUE);
  g_thread_join (thread);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-audio-thread");
  TCase *tcase = tcase_create ("watch");

  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_thread_that_waits_for_its_processor_is_seen);
  tcase_add_test (tcase, a_thread_with_nothing_to_do_is_not_busy);
  suite_add_tcase (suite, tcase);
  return suite;
}
