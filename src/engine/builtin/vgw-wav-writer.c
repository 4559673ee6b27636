#include "engine/builtin/vgw-wav-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"

#define FLUSH_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND) /* the most that is lost when the process is killed */
#define FILE_MODE 0600                                    /* recordings are personal data */
#define SAMPLE_BYTES sizeof (gint16)

/* Microsoft, Multimedia Programming Interface and Data Specifications 1.0, "WAVE": RIFF chunk, fmt chunk, data chunk */
#define WAV_HEADER_BYTES 44
#define WAV_RIFF_OVERHEAD_BYTES (WAV_HEADER_BYTES - 8) /* the RIFF size excludes the name and the size itself */
#define WAV_FMT_BYTES 16
#define WAV_FORMAT_PCM 1
#define WAV_MAX_DATA_BYTES ((guint64) G_MAXUINT32 - WAV_HEADER_BYTES - 1) /* sizes are 32 bit; an even number */

/* Lock order: VgwWavWriter.lock and VgwWavFile.lock are never held together. */
struct _VgwWavWriter
{
  gatomicrefcount ref_count;

  GMutex lock;
  GCond wake;
  GThread *thread;      /* guarded by lock; NULL until the first file */
  GPtrArray *files;     /* guarded by lock; VgwWavFile, open ones */
  GPtrArray *closing;   /* guarded by lock; VgwWavFile, given back and not yet closed */
  gboolean is_stopping; /* guarded by lock */
};

struct _VgwWavFile
{
  VgwWavWriter *writer; /* not a reference: the owner keeps it until after close () */
  char *path;
  char *session_id;
  guint rate_hz;
  gsize max_queue_bytes;

  GMutex lock;
  GByteArray *queue; /* guarded by lock; swapped with `batch`, so nothing is allocated in the steady state */
  VgwWavStats stats; /* guarded by lock */

  /* writer's thread only, once the file is open */
  int fd;
  GByteArray *batch;
  guint64 data_bytes;
  gboolean has_logged_error;
  gboolean has_logged_loss;
};

static void
put_u16 (guint8 *out, guint16 value)
{
  value = GUINT16_TO_LE (value);
  memcpy (out, &value, sizeof value);
}

static void
put_u32 (guint8 *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (out, &value, sizeof value);
}

static void
fill_header (guint8 header[WAV_HEADER_BYTES], guint rate_hz, guint32 data_bytes)
{
  memcpy (header, "RIFF", 4);
  put_u32 (header + 4, data_bytes + WAV_RIFF_OVERHEAD_BYTES);
  memcpy (header + 8, "WAVEfmt ", 8);
  put_u32 (header + 16, WAV_FMT_BYTES);
  put_u16 (header + 20, WAV_FORMAT_PCM);
  put_u16 (header + 22, 1); /* channels */
  put_u32 (header + 24, rate_hz);
  put_u32 (header + 28, rate_hz * SAMPLE_BYTES);
  put_u16 (header + 32, SAMPLE_BYTES);
  put_u16 (header + 34, SAMPLE_BYTES * 8);
  memcpy (header + 36, "data", 4);
  put_u32 (header + 40, data_bytes);
}

/* Writes @data; returns the number of bytes written, with errno set where that is not all. */
static gsize
write_at (int fd, const guint8 *data, gsize length, guint64 offset)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pwrite (fd, data + done, length - done, offset + done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += n;
    }
  return done;
}

static gboolean
write_header (VgwWavFile *self)
{
  guint8 header[WAV_HEADER_BYTES];

  fill_header (header, self->rate_hz, self->data_bytes);
  return write_at (self->fd, header, sizeof header, 0) == sizeof header;
}

static void
file_free (VgwWavFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_byte_array_unref (self->queue);
  g_byte_array_unref (self->batch);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self->session_id);
  g_free (self);
}

/* Writes `batch`, then the header with the new size: in this order the file stays valid if the process dies in between.
 * Returns the number of samples lost. */
static guint64
write_batch (VgwWavFile *self)
{
  gsize length = MIN (self->batch->len, WAV_MAX_DATA_BYTES - self->data_bytes);
  gsize written = write_at (self->fd, self->batch->data, length, WAV_HEADER_BYTES + self->data_bytes);
  int write_errno = errno;

  self->data_bytes += written - written % SAMPLE_BYTES;
  if (written == length && !write_header (self))
    {
      write_errno = errno;
      written = 0;
    }
  else if (written < length)
    write_header (self); /* for what was written */

  if (written < length && !self->has_logged_error)
    {
      self->has_logged_error = TRUE;
      vgw_warning (self->session_id, "recording %s: %s; the call continues, audio is missing in the file", self->path,
                   g_strerror (write_errno));
    }
  return self->batch->len / SAMPLE_BYTES;
}

static void
flush_file (VgwWavFile *self)
{
  guint64 before = self->data_bytes / SAMPLE_BYTES;
  guint64 n_samples, dropped;
  GByteArray *batch;

  g_mutex_lock (&self->lock);
  batch = self->queue;
  self->queue = self->batch;
  self->batch = batch;
  g_mutex_unlock (&self->lock);

  n_samples = batch->len > 0 ? write_batch (self) : 0;
  g_byte_array_set_size (batch, 0);

  g_mutex_lock (&self->lock);
  self->stats.written_samples = self->data_bytes / SAMPLE_BYTES;
  self->stats.dropped_samples += n_samples - (self->stats.written_samples - before);
  dropped = self->stats.dropped_samples;
  g_mutex_unlock (&self->lock);

  if (dropped > 0 && !self->has_logged_loss)
    {
      self->has_logged_loss = TRUE;
      vgw_warning (self->session_id, "recording %s: samples are missing in the file, %" G_GUINT64_FORMAT " so far",
                   self->path, dropped);
    }
}

static void
finish_file (VgwWavFile *self)
{
  flush_file (self);
  vgw_info (self->session_id, "recorded %s: %" G_GUINT64_FORMAT " ms, %" G_GUINT64_FORMAT " ms missing", self->path,
            self->stats.written_samples * 1000 / self->rate_hz, self->stats.dropped_samples * 1000 / self->rate_hz);
  file_free (self);
}

/* Waits until a file is to be closed, or for @flush_at_us where files are open; FALSE when the thread is to end. Lock
 * held. */
static gboolean
wait_for_round (VgwWavWriter *self, gint64 flush_at_us)
{
  while (self->closing->len == 0)
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

static gpointer
writer_thread (gpointer user_data)
{
  VgwWavWriter *self = user_data;
  g_autoptr (GPtrArray) open = g_ptr_array_new ();
  g_autoptr (GPtrArray) closing = g_ptr_array_new ();
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
      g_mutex_unlock (&self->lock);

      for (guint i = 0; i < closing->len; i++)
        finish_file (closing->pdata[i]);
      for (guint i = 0; i < open->len; i++)
        flush_file (open->pdata[i]);
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
  g_autoptr (GError) thread_error = NULL;

  g_mutex_lock (&self->lock);
  if (self->thread == NULL)
    self->thread = g_thread_try_new ("vgw-wav", writer_thread, self, &thread_error);
  if (self->thread != NULL)
    {
      g_ptr_array_add (self->files, file);
      g_cond_signal (&self->wake);
    }
  g_mutex_unlock (&self->lock);

  if (thread_error != NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording %s: %s", file->path, thread_error->message);
  return thread_error == NULL;
}

VgwWavFile *
vgw_wav_writer_open (VgwWavWriter *self, const char *path, const char *session_id, guint rate_hz, GError **error)
{
  gsize max_queue_bytes = (gsize) rate_hz * SAMPLE_BYTES * VGW_WAV_QUEUE_MS / 1000;
  gsize usual_queue_bytes = (gsize) rate_hz * SAMPLE_BYTES * FLUSH_INTERVAL_US / G_USEC_PER_SEC;
  VgwWavFile *file;
  int open_errno;

  file = g_new0 (VgwWavFile, 1);
  g_mutex_init (&file->lock);
  file->writer = self;
  file->path = g_strdup (path);
  file->session_id = g_strdup (session_id);
  file->rate_hz = rate_hz;
  file->max_queue_bytes = max_queue_bytes;
  file->queue = g_byte_array_sized_new (usual_queue_bytes);
  file->batch = g_byte_array_sized_new (usual_queue_bytes);
  file->fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
  if (file->fd >= 0 && write_header (file) && add_file (self, file, error))
    return file;

  open_errno = errno;
  if (error != NULL && *error == NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording %s: %s", path, g_strerror (open_errno));
  if (file->fd >= 0)
    unlink (path);
  file_free (file);
  return NULL;
}

void
vgw_wav_file_set_queue_ms (VgwWavFile *self, guint queue_ms)
{
  g_mutex_lock (&self->lock);
  self->max_queue_bytes = (gsize) self->rate_hz * SAMPLE_BYTES * queue_ms / 1000;
  g_mutex_unlock (&self->lock);
}

void
vgw_wav_file_push (VgwWavFile *self, const gint16 *samples, gsize n_samples)
{
  g_mutex_lock (&self->lock);
  if (n_samples * SAMPLE_BYTES <= self->max_queue_bytes - self->queue->len)
    g_byte_array_append (self->queue, (const guint8 *) samples, n_samples * SAMPLE_BYTES);
  else
    self->stats.dropped_samples += n_samples;
  g_mutex_unlock (&self->lock);
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
