#include "engine/builtin/vgw-wav-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "engine/builtin/vgw-wav-output.h"

#define FLUSH_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND) /* the most that is lost when the process is killed */
#define DIRECTORY_MODE 0700
#define TEXT_QUEUE_BYTES (256 * 1024)
#define MAX_QUEUED_BYTES (256 * 1024 * 1024)   /* of all files: 5 s of 800 calls at 16 kHz in stereo */
#define MAX_CLOSING 4096u                      /* files that are given back, and jobs */
#define WARN_INTERVAL_US (60 * G_USEC_PER_SEC) /* a full disk is that of many files */
#define SAMPLE_BYTES sizeof (gint16)

/* Lock order: VgwWavWriter.lock and VgwWavFile.lock are never held together. */
struct _VgwWavWriter
{
  gatomicrefcount ref_count;

  GMutex lock;
  GCond wake;
  GThread *thread;         /* guarded by lock; NULL until the first file */
  GPtrArray *files;        /* guarded by lock; VgwWavFile, open ones */
  GPtrArray *closing;      /* guarded by lock; VgwWavFile, given back and not yet closed */
  GQueue jobs;             /* guarded by lock; Job */
  gboolean is_stopping;    /* guarded by lock */
  VgwWavWriterStats stats; /* guarded by lock */

  gint n_queued_bytes; /* atomic; of all files */
  gint64 warned_at_us; /* writer's thread; 0: never */
};

/* What is not in the queue, and silence in the file. */
typedef struct
{
  gsize at; /* in the queue */
  guint64 n_bytes;
} Gap;

/* Of vgw_wav_writer_call (). */
typedef struct
{
  void (*func) (gpointer user_data);
  gpointer user_data;
} Job;

struct _VgwWavFile
{
  VgwWavWriter *writer; /* not a reference: the owner keeps it until after close () */
  char *path;
  char *session_id;
  guint rate_hz; /* 0: it is text */
  guint n_channels;
  gsize frame_bytes; /* of a sample of each channel; 1 for text */
  gboolean has_time; /* what is lost is silence */
  char *marker;      /* (nullable) path */
  gsize max_queue_bytes;

  GMutex lock;
  GByteArray *queue; /* guarded by lock; swapped with `batch`, so nothing is allocated in the steady state */
  GArray *gaps;      /* guarded by lock; Gap, of the queue; swapped with `batch_gaps` */
  VgwWavStats stats; /* guarded by lock */

  /* writer's thread only, once the file is open */
  VgwWavOutput *output;
  GByteArray *batch;
  GArray *batch_gaps;
  gboolean has_failed;
  guint64 n_counted; /* of `stats.dropped_samples` */
};

static void
file_free (VgwWavFile *self)
{
  vgw_wav_output_free (self->output);
  g_byte_array_unref (self->queue);
  g_byte_array_unref (self->batch);
  g_array_unref (self->gaps);
  g_array_unref (self->batch_gaps);
  g_free (self->marker);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self->session_id);
  g_free (self);
}

/* @what: has happened to the file. A disk that is full or slow concerns many files, of which one is logged. */
static void
warn (VgwWavFile *self, const char *what)
{
  gint64 *warned_at_us = &self->writer->warned_at_us;
  gint64 now_us = g_get_monotonic_time ();

  if (*warned_at_us != 0 && now_us - *warned_at_us < WARN_INTERVAL_US)
    return;
  *warned_at_us = now_us;
  vgw_warning (self->session_id, "recording %s: %s", self->path, what);
}

/* Creates a file of vgw_wav_writer_begin (); a failure is that of the writes that follow. */
static void
create_late (VgwWavFile *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *what = NULL;

  if (vgw_wav_output_is_open (self->output) || self->has_failed)
    return;
  if (g_mkdir_with_parents (directory, DIRECTORY_MODE) == 0
      && (vgw_wav_output_create (self->output) || vgw_wav_output_is_open (self->output)))
    return;
  self->has_failed = TRUE;
  what = g_strdup_printf ("%s; the call continues without it", g_strerror (errno));
  warn (self, what);
}

/* Writes `batch` with its gaps. Returns: the bytes of it that are in the file */
static gsize
write_batch (VgwWavFile *self)
{
  gsize at = 0, n_written = 0;

  for (guint i = 0; i <= self->batch_gaps->len; i++)
    {
      const Gap *gap = i < self->batch_gaps->len ? &g_array_index (self->batch_gaps, Gap, i) : NULL;
      gsize end = gap != NULL ? gap->at : self->batch->len;

      if (end > at)
        n_written += vgw_wav_output_write (self->output, self->batch->data + at, end - at);
      if (gap != NULL)
        vgw_wav_output_skip (self->output, gap->n_bytes);
      at = end;
    }
  vgw_wav_output_finish (self->output);
  return n_written;
}

static void
swap_queue (VgwWavFile *self)
{
  GByteArray *batch;
  GArray *gaps;

  g_mutex_lock (&self->lock);
  batch = self->queue;
  self->queue = self->batch;
  self->batch = batch;
  gaps = self->gaps;
  self->gaps = self->batch_gaps;
  self->batch_gaps = gaps;
  g_mutex_unlock (&self->lock);
}

/* @n_dropped: samples, or bytes of text. Of the first of them the marker is made. */
static void
count_missing (VgwWavFile *self, guint64 n_dropped)
{
  guint64 n_new = n_dropped - self->n_counted;
  int marker = -1;

  if (n_new == 0)
    return;
  g_mutex_lock (&self->writer->lock);
  self->writer->stats.n_incomplete_files += self->n_counted == 0;
  if (self->rate_hz > 0)
    self->writer->stats.missing_us += n_new * G_USEC_PER_SEC / self->rate_hz;
  g_mutex_unlock (&self->writer->lock);
  self->n_counted = n_dropped;
  if (self->marker != NULL && vgw_wav_output_is_open (self->output))
    marker = open (self->marker, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, VGW_WAV_FILE_MODE);
  if (marker >= 0)
    close (marker);
}

static void
flush_file (VgwWavFile *self)
{
  gsize n_bytes, n_written = 0;
  guint64 n_dropped;

  create_late (self);
  swap_queue (self);
  n_bytes = self->batch->len;
  if (vgw_wav_output_is_open (self->output) && (n_bytes > 0 || self->batch_gaps->len > 0))
    n_written = write_batch (self);
  g_byte_array_set_size (self->batch, 0);
  g_array_set_size (self->batch_gaps, 0);
  g_atomic_int_add (&self->writer->n_queued_bytes, -(gint) n_bytes);

  g_mutex_lock (&self->lock);
  self->stats.written_samples += n_written / self->frame_bytes;
  self->stats.dropped_samples += (n_bytes - n_written) / self->frame_bytes;
  n_dropped = self->stats.dropped_samples;
  g_mutex_unlock (&self->lock);

  count_missing (self, n_dropped);
  if (n_dropped > 0 && !self->has_failed)
    {
      int code = vgw_wav_output_get_error (self->output);
      g_autofree char *what = g_strdup_printf ("%s; the call continues, a part of it is missing in the file",
                                               code != 0 ? g_strerror (code) : "the disk is too slow");

      self->has_failed = TRUE;
      warn (self, what);
    }
}

static void
finish_file (VgwWavFile *self)
{
  flush_file (self);
  if (self->rate_hz > 0)
    vgw_info (self->session_id, "recorded %s: %" G_GUINT64_FORMAT " ms, %" G_GUINT64_FORMAT " ms missing", self->path,
              vgw_wav_output_get_length (self->output) / self->frame_bytes * 1000 / self->rate_hz,
              self->stats.dropped_samples * 1000 / self->rate_hz);
  file_free (self);
}

/* Waits until a file is to be closed, there is a job, or for @flush_at_us where files are open; FALSE when the thread
 * is to end. Lock held. */
static gboolean
wait_for_round (VgwWavWriter *self, gint64 flush_at_us)
{
  while (self->closing->len == 0 && self->jobs.length == 0)
    {
      if (self->is_stopping)
        return FALSE;
      if (self->files->len == 0)
        g_cond_wait (&self->wake, &self->lock);
      else if (!g_cond_wait_until (&self->wake, &self->lock, flush_at_us))
        return TRUE;
    }
  return TRUE;
}

static void
run_jobs (GQueue *jobs)
{
  Job *job;

  while ((job = g_queue_pop_head (jobs)) != NULL)
    {
      job->func (job->user_data);
      g_free (job);
    }
}

static gpointer
writer_thread (gpointer user_data)
{
  VgwWavWriter *self = user_data;
  g_autoptr (GPtrArray) open = g_ptr_array_new ();
  g_autoptr (GPtrArray) closing = g_ptr_array_new ();
  GQueue jobs = G_QUEUE_INIT;
  gint64 flush_at_us = g_get_monotonic_time () + FLUSH_INTERVAL_US;

  g_mutex_lock (&self->lock);
  while (wait_for_round (self, flush_at_us))
    {
      /* only this thread frees a file, so the pointers stay valid without the lock */
      if (g_get_monotonic_time () >= flush_at_us)
        {
          g_ptr_array_extend (open, self->files, NULL, NULL);
          flush_at_us = g_get_monotonic_time () + FLUSH_INTERVAL_US;
        }
      g_ptr_array_extend (closing, self->closing, NULL, NULL);
      g_ptr_array_set_size (self->closing, 0);
      jobs = self->jobs;
      g_queue_init (&self->jobs);
      g_mutex_unlock (&self->lock);

      for (guint i = 0; i < closing->len; i++)
        finish_file (closing->pdata[i]);
      for (guint i = 0; i < open->len; i++)
        flush_file (open->pdata[i]);
      run_jobs (&jobs);
      g_ptr_array_set_size (closing, 0);
      g_ptr_array_set_size (open, 0);

      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

VgwWavWriter *
vgw_wav_writer_new (void)
{
  VgwWavWriter *self = g_new0 (VgwWavWriter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->files = g_ptr_array_new ();
  self->closing = g_ptr_array_new ();
  return self;
}

VgwWavWriter *
vgw_wav_writer_ref (VgwWavWriter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_wav_writer_unref (VgwWavWriter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  if (self->thread != NULL)
    g_thread_join (self->thread);

  g_warn_if_fail (self->files->len == 0);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->closing);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_free (self);
}

static gboolean
add_file (VgwWavWriter *self, VgwWavFile *file, GError **error)
{
  gboolean has_room;
  g_autoptr (GError) thread_error = NULL;

  g_mutex_lock (&self->lock);
  if (self->thread == NULL)
    self->thread = g_thread_try_new ("vgw-wav", writer_thread, self, &thread_error);
  has_room = self->closing->len < MAX_CLOSING;
  if (self->thread != NULL && has_room)
    {
      g_ptr_array_add (self->files, file);
      g_cond_signal (&self->wake);
    }
  g_mutex_unlock (&self->lock);

  if (thread_error != NULL || !has_room)
    g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording %s: %s", file->path,
                 has_room ? thread_error->message : "too many files wait for the disk");
  return thread_error == NULL && has_room;
}

/* @rate_hz: 0 for text. */
static VgwWavFile *
make_file (VgwWavWriter *writer, const char *path, const char *session_id, guint rate_hz, guint n_channels,
           gboolean has_time)
{
  VgwWavFile *file = g_new0 (VgwWavFile, 1);
  gsize byte_rate = rate_hz * n_channels * SAMPLE_BYTES;
  gsize usual_queue_bytes = byte_rate * FLUSH_INTERVAL_US / G_USEC_PER_SEC;

  g_mutex_init (&file->lock);
  file->writer = writer;
  file->path = g_strdup (path);
  file->session_id = g_strdup (session_id);
  file->rate_hz = rate_hz;
  file->n_channels = n_channels;
  file->frame_bytes = rate_hz > 0 ? n_channels * SAMPLE_BYTES : 1;
  file->max_queue_bytes = rate_hz > 0 ? byte_rate * VGW_WAV_QUEUE_MS / 1000 : TEXT_QUEUE_BYTES;
  file->queue = g_byte_array_sized_new (usual_queue_bytes);
  file->batch = g_byte_array_sized_new (usual_queue_bytes);
  file->gaps = g_array_new (FALSE, FALSE, sizeof (Gap));
  file->batch_gaps = g_array_new (FALSE, FALSE, sizeof (Gap));
  file->output = vgw_wav_output_new (path, rate_hz, n_channels, has_time);
  file->has_time = has_time;
  return file;
}

VgwWavFile *
vgw_wav_writer_open (VgwWavWriter *self, const char *path, const char *session_id, guint rate_hz, GError **error)
{
  VgwWavFile *file = make_file (self, path, session_id, rate_hz, 1, FALSE);
  int open_errno;

  if (vgw_wav_output_create (file->output) && add_file (self, file, error))
    return file;

  open_errno = errno;
  if (error != NULL && *error == NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording %s: %s", path, g_strerror (open_errno));
  if (vgw_wav_output_is_open (file->output))
    unlink (path);
  file_free (file);
  return NULL;
}

/* @file (transfer full) */
static VgwWavFile *
begin_file (VgwWavWriter *self, VgwWavFile *file)
{
  g_autoptr (GError) error = NULL;

  if (add_file (self, file, &error))
    return file;
  vgw_warning (file->session_id, "%s", error->message);
  file_free (file);
  return NULL;
}

VgwWavFile *
vgw_wav_writer_begin (VgwWavWriter *self, const char *path, const char *session_id, guint rate_hz, guint n_channels)
{
  g_return_val_if_fail (rate_hz > 0 && n_channels > 0, NULL);
  return begin_file (self, make_file (self, path, session_id, rate_hz, n_channels, TRUE));
}

VgwWavFile *
vgw_wav_writer_begin_text (VgwWavWriter *self, const char *path, const char *session_id)
{
  return begin_file (self, make_file (self, path, session_id, 0, 0, FALSE));
}

gboolean
vgw_wav_writer_call (VgwWavWriter *self, void (*func) (gpointer user_data), gpointer user_data)
{
  gboolean has_room;

  g_mutex_lock (&self->lock);
  has_room = self->jobs.length < MAX_CLOSING;
  if (has_room)
    {
      Job *job = g_new (Job, 1);

      *job = (Job){ func, user_data };
      g_queue_push_tail (&self->jobs, job);
      g_cond_signal (&self->wake);
    }
  g_mutex_unlock (&self->lock);
  return has_room;
}

void
vgw_wav_writer_get_stats (VgwWavWriter *self, VgwWavWriterStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_set_queue_ms (VgwWavFile *self, guint queue_ms)
{
  g_mutex_lock (&self->lock);
  self->max_queue_bytes = (gsize) self->rate_hz * self->frame_bytes * queue_ms / 1000;
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_set_marker (VgwWavFile *self, const char *path)
{
  self->marker = g_strdup (path);
}

/* Whether @n_bytes may wait for the disk, too; they are counted then. */
static gboolean
reserve (VgwWavWriter *self, gsize n_bytes)
{
  if (g_atomic_int_add (&self->n_queued_bytes, (gint) n_bytes) + (gint64) n_bytes <= MAX_QUEUED_BYTES)
    return TRUE;
  g_atomic_int_add (&self->n_queued_bytes, -(gint) n_bytes);
  return FALSE;
}

/* Lock held. */
static void
add_gap (VgwWavFile *self, guint64 n_bytes)
{
  Gap *last = self->gaps->len > 0 ? &g_array_index (self->gaps, Gap, self->gaps->len - 1) : NULL;
  const Gap gap = { self->queue->len, n_bytes };

  if (last != NULL && last->at == gap.at)
    last->n_bytes += n_bytes;
  else
    g_array_append_val (self->gaps, gap);
}

static void
push_bytes (VgwWavFile *self, gconstpointer data, gsize n_bytes)
{
  g_mutex_lock (&self->lock);
  if (n_bytes <= self->max_queue_bytes - self->queue->len && reserve (self->writer, n_bytes))
    g_byte_array_append (self->queue, data, n_bytes);
  else
    {
      self->stats.dropped_samples += n_bytes / self->frame_bytes;
      if (self->has_time)
        add_gap (self, n_bytes);
    }
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_push_silence (VgwWavFile *self, gsize n_samples)
{
  g_mutex_lock (&self->lock);
  add_gap (self, (guint64) n_samples * self->frame_bytes);
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_push (VgwWavFile *self, const gint16 *samples, gsize n_samples)
{
  push_bytes (self, samples, n_samples * self->frame_bytes);
}

void
vgw_wav_file_push_text (VgwWavFile *self, const char *text)
{
  push_bytes (self, text, strlen (text));
}

void
vgw_wav_file_get_stats (VgwWavFile *self, VgwWavStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_close (VgwWavFile *self)
{
  VgwWavWriter *writer = self->writer;

  g_mutex_lock (&writer->lock);
  g_ptr_array_remove_fast (writer->files, self);
  g_ptr_array_add (writer->closing, self);
  g_cond_signal (&writer->wake);
  g_mutex_unlock (&writer->lock);
}
