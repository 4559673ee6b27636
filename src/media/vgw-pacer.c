/* Locks: `lock` guards the list and is held neither while a registered function runs nor while the thread waits for
 * a deadline, so add and remove on the main thread never wait for a tick of somebody else's session. */
#include "media/vgw-pacer.h"

#include "base/vgw-audio-format.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_US ((gint64) VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND)
/* The process stood still for longer than this (SIGSTOP, a debugger): nobody is helped by a burst of old ticks. */
#define MAX_CATCH_UP_TICKS 50u
#define THREAD_NICE (-10)

typedef struct
{
  guint id; /* 0: removed, to be swept */
  VgwPacerFunc func;
  gpointer user_data;
} VgwPacerEntry;

struct _VgwPacer
{
  GThread *thread;
  gint64 start_us; /* constant */

  GMutex lock;
  GCond wake; /* the list is no longer empty, or should_quit */
  GCond idle; /* running_id changed */
  /* guarded by lock */
  GArray *entries; /* of VgwPacerEntry, in the order of adding */
  guint last_id;
  guint n_live;
  guint running_id; /* the function that runs now, or 0 */
  gboolean should_quit;
};

/* A tick that comes late is heard by every caller, so ask for a better place in the queue; it is no error where the
 * process may not have one. */
static void
raise_priority (void)
{
  struct sched_param param = { .sched_priority = sched_get_priority_min (SCHED_RR) };

  if (pthread_setschedparam (pthread_self (), SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0)
    return;
  if (setpriority (PRIO_PROCESS, (id_t) gettid (), THREAD_NICE) != 0)
    g_debug ("the pacer runs at normal priority: no right to raise it");
}

static void
sweep (VgwPacer *self)
{
  for (guint i = self->entries->len; i > 0; i--)
    {
      if (g_array_index (self->entries, VgwPacerEntry, i - 1).id == 0)
        g_array_remove_index (self->entries, i - 1);
    }
}

/* Calls every function for @tick. Lock held on entry and return, free during each call. The list only grows at its
 * end while this runs; a function added meanwhile waits for the next tick. */
static void
run_tick (VgwPacer *self, guint64 tick)
{
  guint n_entries;

  sweep (self);
  n_entries = self->entries->len;
  for (guint i = 0; i < n_entries && !self->should_quit; i++)
    {
      VgwPacerEntry entry = g_array_index (self->entries, VgwPacerEntry, i);

      if (entry.id == 0)
        continue;
      self->running_id = entry.id;
      g_mutex_unlock (&self->lock);
      entry.func (tick, entry.user_data);
      g_mutex_lock (&self->lock);
      self->running_id = 0;
      g_cond_broadcast (&self->idle);
    }
}

/* The tick to run next: the one after @last_tick, or the one that is due now where that is too far behind. */
static guint64
next_tick (const VgwPacer *self, guint64 last_tick)
{
  guint64 due = (guint64) ((g_get_monotonic_time () - self->start_us) / TICK_US);

  return due > last_tick + MAX_CATCH_UP_TICKS ? due : last_tick + 1;
}

static gpointer
pacer_thread (gpointer data)
{
  VgwPacer *self = data;
  guint64 tick = 0;

  raise_priority ();
  g_mutex_lock (&self->lock);
  while (!self->should_quit)
    {
      guint64 next;

      if (self->n_live == 0)
        {
          g_cond_wait (&self->wake, &self->lock);
          /* ticks that nobody was there to hear are not made up for */
          tick = MAX (tick, (guint64) ((g_get_monotonic_time () - self->start_us) / TICK_US));
          continue;
        }
      next = next_tick (self, tick);
      if (g_get_monotonic_time () < self->start_us + (gint64) next * TICK_US)
        {
          g_cond_wait_until (&self->wake, &self->lock, self->start_us + (gint64) next * TICK_US);
          continue;
        }
      tick = next;
      run_tick (self, tick);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

VgwPacer *
vgw_pacer_new (void)
{
  VgwPacer *self = g_new0 (VgwPacer, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->idle);
  self->entries = g_array_new (FALSE, FALSE, sizeof (VgwPacerEntry));
  self->start_us = g_get_monotonic_time ();
  self->thread = g_thread_new ("vgw-pacer", pacer_thread, self);
  return self;
}

void
vgw_pacer_free (VgwPacer *self)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (g_thread_self () != self->thread);

  g_mutex_lock (&self->lock);
  self->should_quit = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);

  g_array_unref (self->entries);
  g_cond_clear (&self->idle);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint
vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data)
{
  VgwPacerEntry entry = { .func = func, .user_data = user_data };

  g_return_val_if_fail (func != NULL, 0);
  g_return_val_if_fail (g_thread_self () != self->thread, 0);

  g_mutex_lock (&self->lock);
  self->last_id = self->last_id == G_MAXUINT ? 1 : self->last_id + 1;
  entry.id = self->last_id;
  g_array_append_val (self->entries, entry);
  self->n_live++;
  if (self->n_live == 1)
    g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  return entry.id;
}

void
vgw_pacer_remove (VgwPacer *self, guint id)
{
  g_return_if_fail (id != 0);
  g_return_if_fail (g_thread_self () != self->thread);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->entries->len; i++)
    {
      VgwPacerEntry *entry = &g_array_index (self->entries, VgwPacerEntry, i);

      if (entry->id != id)
        continue;
      entry->id = 0;
      self->n_live--;
      break;
    }
  while (self->running_id == id)
    g_cond_wait (&self->idle, &self->lock);
  g_mutex_unlock (&self->lock);
}
