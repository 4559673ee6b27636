/* Locks: a lane's `lock` guards its lists. It is not held while a registered function runs, nor while the thread waits
 * for a deadline, so that add and remove never wait for another session. */
#include "media/vgw-pacer.h"

#include "base/vgw-audio-format.h"
#include "base/vgw-thread-watch.h"

#include <sys/resource.h>
#include <unistd.h>

#define N_PHASES 4u
#define STEP_US ((gint64) VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND / N_PHASES)
/* After a longer pause of the process (SIGSTOP, a debugger) the missed ticks are skipped. */
#define MAX_CATCH_UP_TICKS 50u
#define MAX_THREADS 64u
#define THREAD_NICE (-10)

typedef struct
{
  guint id; /* 0: removed, to be swept */
  VgwPacerFunc func;
  gpointer user_data;
} VgwPacerEntry;

typedef struct
{
  GArray *entries; /* of VgwPacerEntry, in the order of adding */
  guint n_live;
} Phase;

/* The state of one thread. A step is a quarter of a tick: step 4 t + p is the time of phase p in tick t. */
typedef struct
{
  GThread *thread;
  gint64 start_us; /* constant */

  GMutex lock;
  GCond wake; /* a function was added, or should_quit */
  GCond idle; /* running_id changed */
  /* guarded by lock */
  Phase phases[N_PHASES];
  guint last_id;
  guint n_live;
  guint running_id; /* the function that runs now, or 0 */
  gboolean should_quit;
  VgwPacerStats stats;
} Lane;

struct _VgwPacer
{
  guint n_lanes; /* constant, as the lanes are */
  Lane *lanes;
};

/* A late tick is audible, so the thread requests a higher priority; it works without. Not a real-time class: an
 * overloaded machine must stay reachable. */
static void
raise_priority (void)
{
  if (setpriority (PRIO_PROCESS, (id_t) gettid (), THREAD_NICE) != 0)
    g_debug ("the pacer runs at normal priority: no permission to raise it");
}

static void
sweep (Phase *phase)
{
  for (guint i = phase->entries->len; i > 0; i--)
    {
      if (g_array_index (phase->entries, VgwPacerEntry, i - 1).id == 0)
        g_array_remove_index (phase->entries, i - 1);
    }
}

/* Calls every function of the phase of @step. Lock held on entry and return, free during each call. The list only grows
 * at its end while this runs; a function added meanwhile waits for the next tick. */
static void
run_step (Lane *self, guint64 step)
{
  Phase *phase = &self->phases[step % N_PHASES];
  gint64 late_us = self->start_us + (gint64) (step + N_PHASES) * STEP_US;
  guint n_entries;

  sweep (phase);
  n_entries = phase->entries->len;
  for (guint i = 0; i < n_entries && !self->should_quit; i++)
    {
      VgwPacerEntry entry = g_array_index (phase->entries, VgwPacerEntry, i);

      if (entry.id == 0)
        continue;
      self->stats.ticks++;
      self->stats.late_ticks += g_get_monotonic_time () >= late_us;
      self->running_id = entry.id;
      g_mutex_unlock (&self->lock);
      entry.func (step / N_PHASES, entry.user_data);
      g_mutex_lock (&self->lock);
      self->running_id = 0;
      g_cond_broadcast (&self->idle);
    }
}

static guint64
due_step (const Lane *self)
{
  return (guint64) ((g_get_monotonic_time () - self->start_us) / STEP_US);
}

/* The next step: the first after @last_step whose phase has a function, or the present one where that is too far
 * behind. There must be a function. */
static guint64
next_step (const Lane *self, guint64 last_step)
{
  guint64 due = due_step (self);
  guint64 step = due > last_step + MAX_CATCH_UP_TICKS * N_PHASES ? due : last_step + 1;

  while (self->phases[step % N_PHASES].n_live == 0)
    step++;
  return step;
}

static gpointer
lane_thread (gpointer data)
{
  Lane *self = data;
  guint64 step = 0;

  raise_priority ();
  vgw_thread_watch_add ();
  g_mutex_lock (&self->lock);
  while (!self->should_quit)
    {
      gint64 deadline_us;
      guint64 next;

      if (self->n_live == 0)
        {
          g_cond_wait (&self->wake, &self->lock);
          /* ticks without any function are skipped */
          step = MAX (step, due_step (self));
          continue;
        }
      next = next_step (self, step);
      deadline_us = self->start_us + (gint64) next * STEP_US;
      if (g_get_monotonic_time () < deadline_us)
        {
          g_cond_wait_until (&self->wake, &self->lock, deadline_us);
          continue;
        }
      step = next;
      run_step (self, step);
    }
  g_mutex_unlock (&self->lock);
  vgw_thread_watch_remove ();
  return NULL;
}

static void
lane_start (Lane *self, gint64 start_us)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->idle);
  for (guint i = 0; i < N_PHASES; i++)
    self->phases[i].entries = g_array_new (FALSE, FALSE, sizeof (VgwPacerEntry));
  self->start_us = start_us;
  self->thread = g_thread_new ("vgw-pacer", lane_thread, self);
}

static void
lane_stop (Lane *self)
{
  g_mutex_lock (&self->lock);
  self->should_quit = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);

  for (guint i = 0; i < N_PHASES; i++)
    g_array_unref (self->phases[i].entries);
  g_cond_clear (&self->idle);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
}

VgwPacer *
vgw_pacer_new (guint n_threads)
{
  VgwPacer *self = g_new0 (VgwPacer, 1);
  gint64 start_us = g_get_monotonic_time ();

  self->n_lanes = MIN (n_threads > 0 ? n_threads : g_get_num_processors (), MAX_THREADS);
  self->lanes = g_new0 (Lane, self->n_lanes);
  for (guint i = 0; i < self->n_lanes; i++)
    lane_start (&self->lanes[i], start_us);
  return self;
}

void
vgw_pacer_free (VgwPacer *self)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < self->n_lanes; i++)
    lane_stop (&self->lanes[i]);
  g_free (self->lanes);
  g_free (self);
}

void
vgw_pacer_get_stats (VgwPacer *self, VgwPacerStats *stats)
{
  *stats = (VgwPacerStats){ 0 };
  for (guint i = 0; i < self->n_lanes; i++)
    {
      Lane *lane = &self->lanes[i];

      g_mutex_lock (&lane->lock);
      stats->ticks += lane->stats.ticks;
      stats->late_ticks += lane->stats.late_ticks;
      g_mutex_unlock (&lane->lock);
    }
}

static guint
count_live (Lane *lane)
{
  guint n_live;

  g_mutex_lock (&lane->lock);
  n_live = lane->n_live;
  g_mutex_unlock (&lane->lock);
  return n_live;
}

/* Not exact where another thread adds at the same time. */
static guint
find_emptiest_lane (VgwPacer *self)
{
  guint emptiest = 0, fewest = count_live (&self->lanes[0]);

  for (guint i = 1; i < self->n_lanes && fewest > 0; i++)
    {
      guint n_live = count_live (&self->lanes[i]);

      if (n_live >= fewest)
        continue;
      emptiest = i;
      fewest = n_live;
    }
  return emptiest;
}

static Phase *
find_emptiest_phase (Lane *lane)
{
  Phase *emptiest = &lane->phases[0];

  for (guint i = 1; i < N_PHASES; i++)
    {
      if (lane->phases[i].n_live < emptiest->n_live)
        emptiest = &lane->phases[i];
    }
  return emptiest;
}

/* The lane of an id is its remainder modulo the number of lanes. */
guint
vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data)
{
  VgwPacerEntry entry = { .func = func, .user_data = user_data };
  guint index;
  Phase *phase;
  Lane *lane;

  g_return_val_if_fail (func != NULL, 0);

  index = find_emptiest_lane (self);
  lane = &self->lanes[index];
  g_mutex_lock (&lane->lock);
  lane->last_id = lane->last_id >= G_MAXUINT / self->n_lanes - 1 ? 1 : lane->last_id + 1;
  entry.id = lane->last_id * self->n_lanes + index;
  phase = find_emptiest_phase (lane);
  g_array_append_val (phase->entries, entry);
  phase->n_live++;
  lane->n_live++;
  g_cond_signal (&lane->wake); /* the thread may wait for a later phase */
  g_mutex_unlock (&lane->lock);
  return entry.id;
}

/* Lane's lock held. */
static void
forget (Lane *lane, guint id)
{
  for (guint i = 0; i < N_PHASES; i++)
    {
      Phase *phase = &lane->phases[i];

      for (guint j = 0; j < phase->entries->len; j++)
        {
          VgwPacerEntry *entry = &g_array_index (phase->entries, VgwPacerEntry, j);

          if (entry->id != id)
            continue;
          entry->id = 0;
          phase->n_live--;
          lane->n_live--;
          return;
        }
    }
}

void
vgw_pacer_remove (VgwPacer *self, guint id)
{
  Lane *lane;

  g_return_if_fail (id != 0);

  lane = &self->lanes[id % self->n_lanes];
  g_return_if_fail (g_thread_self () != lane->thread);

  g_mutex_lock (&lane->lock);
  forget (lane, id);
  while (lane->running_id == id)
    g_cond_wait (&lane->idle, &lane->lock);
  g_mutex_unlock (&lane->lock);
}
