#include "engine/vgw-engine-io.h"

#include "base/vgw-source.h"

typedef struct
{
  VgwEngineIoFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Job;

struct _VgwEngineIo
{
  gatomicrefcount ref_count;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GSource *source; /* ready when there are jobs */

  guint n_holds;        /* on the thread */
  gboolean is_quitting; /* on the thread */

  GMutex lock;
  GQueue jobs;          /* guarded by lock; Job* */
  VgwEngineStats stats; /* guarded by lock */
};

static void
run_jobs (VgwEngineIo *self)
{
  GQueue jobs = G_QUEUE_INIT;

  g_mutex_lock (&self->lock);
  jobs = self->jobs;
  g_queue_init (&self->jobs);
  g_mutex_unlock (&self->lock);

  for (Job *job = g_queue_pop_head (&jobs); job != NULL; job = g_queue_pop_head (&jobs))
    {
      job->func (job->user_data);
      if (job->destroy != NULL)
        job->destroy (job->user_data);
      g_free (job);
    }
}

static gboolean
on_ready (gpointer user_data)
{
  run_jobs (user_data);
  return G_SOURCE_CONTINUE;
}

static gpointer
run_thread (gpointer user_data)
{
  VgwEngineIo *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  run_jobs (self); /* those queued before the end */
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

VgwEngineIo *
vgw_engine_io_new (void)
{
  VgwEngineIo *self = g_new0 (VgwEngineIo, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_queue_init (&self->jobs);
  vgw_engine_stats_init (&self->stats);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->source = vgw_source_new_wakeup (self->context, on_ready, self);
  self->thread = g_thread_new ("vgw-engine", run_thread, self);
  return self;
}

VgwEngineIo *
vgw_engine_io_ref (VgwEngineIo *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
quit_if_idle (VgwEngineIo *self)
{
  if (self->is_quitting && self->n_holds == 0)
    g_main_loop_quit (self->loop);
}

static void
begin_to_quit (gpointer user_data)
{
  VgwEngineIo *self = user_data;

  self->is_quitting = TRUE;
  quit_if_idle (self);
}

void
vgw_engine_io_unref (VgwEngineIo *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  vgw_engine_io_invoke (self, begin_to_quit, self, NULL); /* on the thread, so that it cannot precede the run */
  g_thread_join (self->thread);
  vgw_source_clear (&self->source);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_engine_io_hold (VgwEngineIo *self)
{
  self->n_holds++;
}

void
vgw_engine_io_release (VgwEngineIo *self)
{
  self->n_holds--;
  quit_if_idle (self);
}

void
vgw_engine_io_invoke (VgwEngineIo *self, VgwEngineIoFunc func, gpointer user_data, GDestroyNotify destroy)
{
  Job *job = g_new (Job, 1);

  *job = (Job){ func, user_data, destroy };
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->jobs, job);
  g_mutex_unlock (&self->lock);
  g_source_set_ready_time (self->source, 0);
}

void
vgw_engine_io_observe (VgwEngineIo *self, VgwEngineTime which, gint64 time_us)
{
  g_mutex_lock (&self->lock);
  vgw_histogram_observe (&self->stats.times_s[which], (double) time_us / G_USEC_PER_SEC);
  g_mutex_unlock (&self->lock);
}

void
vgw_engine_io_count (VgwEngineIo *self, VgwEngineCount which, guint64 n)
{
  g_mutex_lock (&self->lock);
  self->stats.counts[which] += n;
  g_mutex_unlock (&self->lock);
}

void
vgw_engine_io_get_stats (VgwEngineIo *self, VgwEngineStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}
