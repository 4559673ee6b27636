#include "media/vgw-pacer.h"

#include <check.h>
#include <stdlib.h>

#include "base/vgw-audio-format.h"
#include "run-suite.h"

#define N_SESSIONS 500

typedef struct
{
  GMutex lock;
  GCond cond;
  /* guarded by lock */
  gint64 first_due_us, last_due_us;
  guint n_calls;
  gboolean has_gap;
  gboolean is_blocked;   /* a call waits inside on_tick () */
  gboolean should_block; /* the next call is to wait */
  gint64 last_us;        /* when the last call came */
} Counter;

static void
counter_init (Counter *counter)
{
  *counter = (Counter){ 0 };
  g_mutex_init (&counter->lock);
  g_cond_init (&counter->cond);
}

static void
counter_clear (Counter *counter)
{
  g_mutex_clear (&counter->lock);
  g_cond_clear (&counter->cond);
}

static gint64
on_tick (gint64 due_us, gpointer user_data)
{
  Counter *counter = user_data;

  g_mutex_lock (&counter->lock);
  counter->last_us = g_get_monotonic_time ();
  if (counter->n_calls == 0)
    counter->first_due_us = due_us;
  else if (due_us != counter->last_due_us + VGW_FRAME_US)
    counter->has_gap = TRUE;
  counter->last_due_us = due_us;
  counter->n_calls++;
  counter->is_blocked = counter->should_block;
  g_cond_broadcast (&counter->cond);
  while (counter->should_block)
    g_cond_wait (&counter->cond, &counter->lock);
  counter->is_blocked = FALSE;
  g_mutex_unlock (&counter->lock);
  return due_us + VGW_FRAME_US;
}

static void
wait_for_calls (Counter *counter, guint n_calls)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&counter->lock);
  while (counter->n_calls < n_calls)
    ck_assert (g_cond_wait_until (&counter->cond, &counter->lock, deadline));
  g_mutex_unlock (&counter->lock);
}

START_TEST (ticks_come_one_by_one)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Counter counter;
  guint id;

  counter_init (&counter);
  id = vgw_pacer_add (pacer, on_tick, &counter);
  ck_assert_uint_gt (id, 0);
  wait_for_calls (&counter, 10);
  vgw_pacer_remove (pacer, id);
  ck_assert (!counter.has_gap);
  ck_assert_int_eq (counter.last_due_us - counter.first_due_us, (counter.n_calls - 1) * VGW_FRAME_US);
  counter_clear (&counter);
}
END_TEST

START_TEST (no_tick_comes_before_its_time)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Counter counter;
  guint id;

  counter_init (&counter);
  id = vgw_pacer_add (pacer, on_tick, &counter);
  wait_for_calls (&counter, 25);
  vgw_pacer_remove (pacer, id);
  ck_assert_int_ge (counter.last_us, counter.last_due_us);
  counter_clear (&counter);
}
END_TEST

/* Whether the last call was the tick that was due then. A pacer that drifts would stay behind for good. */
static gboolean
is_on_time (const Counter *counter)
{
  return counter->last_us < counter->last_due_us + VGW_FRAME_US;
}

START_TEST (a_late_tick_is_made_up_for)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Counter counter;
  gint64 until_us;
  guint id;

  counter_init (&counter);
  id = vgw_pacer_add (pacer, on_tick, &counter);
  wait_for_calls (&counter, 2);

  g_mutex_lock (&counter.lock);
  counter.should_block = TRUE;
  while (!counter.is_blocked)
    ck_assert (g_cond_wait_until (&counter.cond, &counter.lock, deadline));
  /* six ticks are held up; the wait is on the clock because the clock is what is tested */
  until_us = counter.last_us + 6 * VGW_FRAME_MS * 1000;
  while (g_get_monotonic_time () < until_us)
    g_cond_wait_until (&counter.cond, &counter.lock, until_us);
  counter.should_block = FALSE;
  g_cond_broadcast (&counter.cond);
  do
    ck_assert (g_cond_wait_until (&counter.cond, &counter.lock, deadline));
  while (counter.last_us < until_us || !is_on_time (&counter));
  g_mutex_unlock (&counter.lock);
  vgw_pacer_remove (pacer, id);
  ck_assert (!counter.has_gap);
  {
    VgwPacerStats stats;

    vgw_pacer_get_stats (pacer, &stats);
    ck_assert_uint_eq (stats.ticks, counter.n_calls);
    /* of the six that were held up, the last one may have been less than 20 ms late */
    ck_assert_uint_ge (stats.late_ticks, 4);
  }
  counter_clear (&counter);
}
END_TEST

static gpointer
remove_thread (gpointer data)
{
  gpointer *arguments = data;

  vgw_pacer_remove (arguments[0], GPOINTER_TO_UINT (arguments[1]));
  g_atomic_int_set ((gint *) arguments[2], 1);
  return NULL;
}

START_TEST (remove_waits_for_the_function_that_runs)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  gint is_removed = 0;
  Counter counter;
  gpointer arguments[3];
  GThread *thread;
  guint n_calls;

  counter_init (&counter);
  counter.should_block = TRUE;
  arguments[0] = pacer;
  arguments[1] = GUINT_TO_POINTER (vgw_pacer_add (pacer, on_tick, &counter));
  arguments[2] = &is_removed;
  g_mutex_lock (&counter.lock);
  while (!counter.is_blocked)
    ck_assert (g_cond_wait_until (&counter.cond, &counter.lock, g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND));
  thread = g_thread_new ("remove", remove_thread, arguments);
  for (guint i = 0; i < 1000; i++)
    {
      g_thread_yield ();
      ck_assert_int_eq (g_atomic_int_get (&is_removed), 0);
    }
  counter.should_block = FALSE;
  g_cond_broadcast (&counter.cond);
  g_mutex_unlock (&counter.lock);
  g_thread_join (thread);

  /* another function ticks on, so the thread is alive while the removed one is silent */
  n_calls = counter.n_calls;
  counter_clear (&counter);
  {
    Counter other;
    guint id;

    counter_init (&other);
    id = vgw_pacer_add (pacer, on_tick, &other);
    wait_for_calls (&other, 3);
    vgw_pacer_remove (pacer, id);
    counter_clear (&other);
  }
  ck_assert_uint_eq (counter.n_calls, n_calls);
}
END_TEST

START_TEST (adding_and_removing_is_possible_while_another_function_runs)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Counter blocker, other;
  guint blocker_id, other_id;

  counter_init (&blocker);
  counter_init (&other);
  blocker.should_block = TRUE;
  blocker_id = vgw_pacer_add (pacer, on_tick, &blocker);
  g_mutex_lock (&blocker.lock);
  while (!blocker.is_blocked)
    g_cond_wait (&blocker.cond, &blocker.lock);
  other_id = vgw_pacer_add (pacer, on_tick, &other);
  vgw_pacer_remove (pacer, other_id);
  blocker.should_block = FALSE;
  g_cond_broadcast (&blocker.cond);
  g_mutex_unlock (&blocker.lock);
  vgw_pacer_remove (pacer, blocker_id);
  ck_assert_uint_eq (other.n_calls, 0);
  counter_clear (&blocker);
  counter_clear (&other);
}
END_TEST

START_TEST (five_hundred_sessions_come_and_go)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (3);
  g_autofree Counter *counters = g_new0 (Counter, N_SESSIONS);
  g_autofree guint *ids = g_new0 (guint, N_SESSIONS);

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < N_SESSIONS; i++)
        {
          counter_init (&counters[i]);
          ids[i] = vgw_pacer_add (pacer, on_tick, &counters[i]);
        }
      wait_for_calls (&counters[N_SESSIONS - 1], 3);
      for (guint i = 0; i < N_SESSIONS; i++)
        {
          /* first the odd ones, then the even ones: the list is swept from within */
          guint victim = i < N_SESSIONS / 2 ? 2 * i + 1 : 2 * (i - N_SESSIONS / 2);

          vgw_pacer_remove (pacer, ids[victim]);
        }
      for (guint i = 0; i < N_SESSIONS; i++)
        {
          ck_assert (!counters[i].has_gap);
          ck_assert_uint_ge (counters[i].n_calls, 2);
          counter_clear (&counters[i]);
        }
    }
}
END_TEST

/* One of several functions that tell how they are spread. */
typedef struct
{
  GThread *thread;    /* as all here, read once removed */
  gint64 phase_us;    /* in the period */
  gint n_calls;       /* atomic */
  gboolean has_moved; /* was called on two threads, or in two phases */
} Member;

static gint64
on_member (gint64 due_us, gpointer user_data)
{
  Member *member = user_data;
  gint64 phase_us = due_us % VGW_FRAME_US;

  member->has_moved |= member->thread != NULL && (member->thread != g_thread_self () || member->phase_us != phase_us);
  member->thread = g_thread_self ();
  member->phase_us = phase_us;
  g_atomic_int_inc (&member->n_calls);
  return due_us + VGW_FRAME_US;
}

static gint
compare_members (gconstpointer a, gconstpointer b)
{
  const Member *left = a, *right = b;

  if (left->thread != right->thread)
    return left->thread < right->thread ? -1 : 1;
  return left->phase_us < right->phase_us ? -1 : left->phase_us > right->phase_us;
}

START_TEST (functions_are_spread_over_threads_and_phases)
{
  Member members[8] = { 0 };
  guint ids[G_N_ELEMENTS (members)];
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (2);
  gint64 deadline_us = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    ids[i] = vgw_pacer_add (pacer, on_member, &members[i]);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      while (g_atomic_int_get (&members[i].n_calls) < 20)
        {
          ck_assert_int_lt (g_get_monotonic_time (), deadline_us);
          g_thread_yield ();
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    vgw_pacer_remove (pacer, ids[i]);

  qsort (members, G_N_ELEMENTS (members), sizeof (Member), compare_members);
  ck_assert_ptr_ne (members[0].thread, members[4].thread);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      ck_assert (!members[i].has_moved);
      ck_assert_ptr_eq (members[i].thread, members[i / 4 * 4].thread);
      ck_assert_int_eq (members[i].phase_us - members[i / 4 * 4].phase_us, i % 4 * VGW_FRAME_US / 4);
    }
}
END_TEST

/* Asks for times of its own: @step_us after the time that was due, or after now. */
typedef struct
{
  GMutex lock;
  GCond cond;
  /* guarded by lock */
  gint64 step_us;
  gboolean is_from_now;
  guint n_calls;
  gint64 due_us, called_us; /* of the last call */
} Asker;

static gint64
on_asker (gint64 due_us, gpointer user_data)
{
  Asker *asker = user_data;
  gint64 next_us;

  g_mutex_lock (&asker->lock);
  asker->n_calls++;
  asker->due_us = due_us;
  asker->called_us = g_get_monotonic_time ();
  next_us = (asker->is_from_now ? asker->called_us : due_us) + asker->step_us;
  g_cond_broadcast (&asker->cond);
  g_mutex_unlock (&asker->lock);
  return next_us;
}

/* Returns with the lock. */
static void
wait_for_asker (Asker *asker, guint n_calls)
{
  gint64 deadline_us = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&asker->lock);
  while (asker->n_calls < n_calls)
    ck_assert (g_cond_wait_until (&asker->cond, &asker->lock, deadline_us));
}

START_TEST (a_function_is_called_at_the_times_that_it_asks_for)
{
  static const gint64 steps_us[] = { 1000, 7300, 20000, 33333, 49999 };

  for (guint i = 0; i < G_N_ELEMENTS (steps_us); i++)
    {
      g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
      Asker asker = { .step_us = steps_us[i] };
      gint64 due_us;
      guint id;

      id = vgw_pacer_add (pacer, on_asker, &asker);
      wait_for_asker (&asker, 1);
      due_us = asker.due_us - (asker.n_calls - 1) * steps_us[i];
      g_mutex_unlock (&asker.lock);
      wait_for_asker (&asker, 20);
      ck_assert_int_eq (asker.due_us - due_us, (asker.n_calls - 1) * steps_us[i]);
      ck_assert_int_ge (asker.called_us, asker.due_us);
      g_mutex_unlock (&asker.lock);
      vgw_pacer_remove (pacer, id);
    }
}
END_TEST

START_TEST (times_are_bounded)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Asker far = { .step_us = G_TIME_SPAN_HOUR, .is_from_now = TRUE }, past = { .step_us = -G_TIME_SPAN_HOUR };
  gint64 called_us;
  guint id;

  id = vgw_pacer_add (pacer, on_asker, &far);
  wait_for_asker (&far, 1);
  called_us = far.called_us;
  g_mutex_unlock (&far.lock);
  wait_for_asker (&far, 2);
  ck_assert_int_ge (far.due_us, called_us + VGW_PACER_MAX_US);
  ck_assert_int_le (far.due_us, far.called_us);
  g_mutex_unlock (&far.lock);
  vgw_pacer_remove (pacer, id);

  /* long ago is now, and no more often than the thread can */
  id = vgw_pacer_add (pacer, on_asker, &past);
  wait_for_asker (&past, 100);
  ck_assert_int_ge (past.due_us, past.called_us - G_TIME_SPAN_SECOND);
  g_mutex_unlock (&past.lock);
  vgw_pacer_remove (pacer, id);
}
END_TEST

START_TEST (a_function_that_is_hurried_is_due_now)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Asker asker = { .step_us = VGW_PACER_MAX_US, .is_from_now = TRUE };
  guint id = vgw_pacer_add (pacer, on_asker, &asker);

  wait_for_asker (&asker, 1);
  g_mutex_unlock (&asker.lock);
  for (guint i = 0; i < 20; i++)
    {
      gint64 hurried_us = g_get_monotonic_time ();
      guint n_calls;

      g_mutex_lock (&asker.lock);
      n_calls = asker.n_calls;
      g_mutex_unlock (&asker.lock);
      vgw_pacer_hurry (pacer, id);
      wait_for_asker (&asker, n_calls + 1);
      /* due when it was hurried, or by chance a moment before */
      ck_assert (asker.n_calls > n_calls + 1 || asker.due_us <= asker.called_us);
      if (asker.due_us >= hurried_us)
        ck_assert_int_lt (asker.due_us - hurried_us, VGW_PACER_MAX_US);
      g_mutex_unlock (&asker.lock);
    }
  vgw_pacer_remove (pacer, id);
  vgw_pacer_hurry (pacer, id); /* is gone */
}
END_TEST

START_TEST (a_function_that_is_hurried_while_it_runs_runs_once_more)
{
  g_autoptr (VgwPacer) pacer = vgw_pacer_new (1);
  Counter counter;
  gint64 due_us;
  guint id;

  counter_init (&counter);
  counter.should_block = TRUE;
  id = vgw_pacer_add (pacer, on_tick, &counter);
  g_mutex_lock (&counter.lock);
  while (!counter.is_blocked)
    g_cond_wait (&counter.cond, &counter.lock);
  due_us = counter.last_due_us;
  vgw_pacer_hurry (pacer, id);
  counter.should_block = FALSE;
  g_cond_broadcast (&counter.cond);
  g_mutex_unlock (&counter.lock);
  wait_for_calls (&counter, 2);
  vgw_pacer_remove (pacer, id);
  ck_assert (counter.last_due_us != due_us);
  counter_clear (&counter);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-pacer");
  TCase *tcase = tcase_create ("ticks");

  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, ticks_come_one_by_one);
  tcase_add_test (tcase, no_tick_comes_before_its_time);
  tcase_add_test (tcase, a_late_tick_is_made_up_for);
  tcase_add_test (tcase, remove_waits_for_the_function_that_runs);
  tcase_add_test (tcase, adding_and_removing_is_possible_while_another_function_runs);
  tcase_add_test (tcase, functions_are_spread_over_threads_and_phases);
  tcase_add_test (tcase, a_function_is_called_at_the_times_that_it_asks_for);
  tcase_add_test (tcase, times_are_bounded);
  tcase_add_test (tcase, a_function_that_is_hurried_is_due_now);
  tcase_add_test (tcase, a_function_that_is_hurried_while_it_runs_runs_once_more);
  tcase_add_test (tcase, five_hundred_sessions_come_and_go);
  suite_add_tcase (suite, tcase);
  return suite;
}
