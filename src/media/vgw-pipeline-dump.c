#include "media/vgw-pipeline-dump.h"

#include <gio/gio.h>

#include "base/vgw-log.h"

#define MAX_FILES 1000

/* Counted by references: the owner's, and that of the thread. */
struct _VgwPipelineDump
{
  char *directory;
  gint n_files; /* atomic */
  gint is_busy; /* atomic */
};

typedef struct
{
  VgwPipelineDump *dump;
  GstElement *pipeline;
  char *path;
} Job;

static void
dump_clear (gpointer data)
{
  VgwPipelineDump *self = data;

  g_free (self->directory);
}

VgwPipelineDump *
vgw_pipeline_dump_new (const char *directory)
{
  VgwPipelineDump *self;

  if (directory == NULL || *directory == '\0')
    return NULL;
  self = g_atomic_rc_box_new0 (VgwPipelineDump);
  self->directory = g_strdup (directory);
  return self;
}

void
vgw_pipeline_dump_free (VgwPipelineDump *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, dump_clear);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  gst_object_unref (job->pipeline);
  vgw_pipeline_dump_free (job->dump);
  g_free (job->path);
  g_free (job);
}

static void
run_job (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Job *job = task_data;
  const GstDebugGraphDetails details = GST_DEBUG_GRAPH_SHOW_MEDIA_TYPE | GST_DEBUG_GRAPH_SHOW_STATES;
  g_autofree char *text = gst_debug_bin_to_dot_data (GST_BIN (job->pipeline), details);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (job->path, text, -1, &error))
    vgw_warning (NULL, "GST_DEBUG_DUMP_DOT_DIR: %s", error->message);
  g_atomic_int_set (&job->dump->is_busy, FALSE);
  g_task_return_boolean (task, TRUE);
}

void
vgw_pipeline_dump_write (VgwPipelineDump *self, GstElement *pipeline, const char *session_id)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *name = NULL;
  Job *job;

  if (self == NULL || g_atomic_int_get (&self->n_files) >= MAX_FILES
      || !g_atomic_int_compare_and_exchange (&self->is_busy, FALSE, TRUE))
    return;
  g_atomic_int_inc (&self->n_files);
  name = g_strdup_printf ("%" G_GINT64_FORMAT "-%s.dot", g_get_real_time () / G_TIME_SPAN_MILLISECOND, session_id);
  job = g_new0 (Job, 1);
  job->dump = g_atomic_rc_box_acquire (self);
  job->pipeline = gst_object_ref (pipeline);
  job->path = g_build_filename (self->directory, name, NULL);
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, run_job);
}
