#include "base/vgw-log-writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define ROOM_AFTER_DROPS 2 /* after a drop, lines are accepted again below max_bytes divided by this */

/* References: the owner's, and the thread's, which may block in write () longer than the owner waits. */
struct _VgwLogWriter
{
  int fd;
  gsize max_bytes;
  VgwLogDroppedFunc make_dropped_line;
  GThread *thread; /* NULL where there is none */

  GMutex lock;
  GCond changed;
  GQueue lines;         /* GString, guarded by lock */
  gsize n_bytes;        /* of lines, guarded by lock */
  gboolean is_busy;     /* a line is being written, guarded by lock */
  guint64 n_unreported; /* of n_dropped, not yet logged; guarded by lock */
  guint64 n_dropped;    /* guarded by lock */
  gboolean should_quit; /* guarded by lock */
};

static void
free_line (gpointer line)
{
  g_string_free (line, TRUE);
}

static void
writer_clear (gpointer data)
{
  VgwLogWriter *self = data;

  g_queue_clear_full (&self->lines, free_line);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

static void
writer_unref (VgwLogWriter *self)
{
  g_atomic_rc_box_release_full (self, writer_clear);
}

/* Whether @fd is writable. @timeout_ms -1: waits until it is. */
static gboolean
wait_writable (int fd, int timeout_ms)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
  int n;

  do
    n = poll (&poll_fd, 1, timeout_ms);
  while (n < 0 && errno == EINTR);
  return n > 0;
}

/* Writes all of @line. Another process may have made the descriptor non-blocking. FALSE on an error, or, with @can_wait
 * FALSE, where it would block. */
static gboolean
write_line (int fd, const GString *line, gboolean can_wait)
{
  gsize n_done = 0;

  while (n_done < line->len)
    {
      gssize n;

      if (!can_wait && !wait_writable (fd, 0))
        return FALSE;
      n = write (fd, line->str + n_done, line->len - n_done);
      if (n < 0 && errno == EAGAIN && can_wait)
        wait_writable (fd, -1);
      else if (n < 0 && errno != EINTR)
        return FALSE;
      n_done += MAX (n, 0);
    }
  return TRUE;
}

/* Writes @line (transfer full) with the lock released. Lock held on entry and return. The writer's thread only. */
static void
write_unlocked (VgwLogWriter *self, GString *line)
{
  gboolean is_written;

  self->is_busy = TRUE;
  g_mutex_unlock (&self->lock);
  is_written = write_line (self->fd, line, TRUE);
  g_string_free (line, TRUE);
  g_mutex_lock (&self->lock);
  self->is_busy = FALSE;
  self->n_dropped += !is_written;
  g_cond_broadcast (&self->changed);
}

/* The line that reports dropped lines, or NULL. Lock held. */
static GString *
pop_dropped_line (VgwLogWriter *self)
{
  GString *line = self->n_unreported > 0 ? self->make_dropped_line (self->n_unreported) : NULL;

  self->n_unreported = 0;
  return line;
}

static gpointer
writer_thread (gpointer data)
{
  VgwLogWriter *self = data;
  sigset_t signals;

  /* a closed reader is EPIPE here, not the end of the process */
  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  g_mutex_lock (&self->lock);
  for (;;)
    {
      GString *line = g_queue_pop_head (&self->lines);

      if (line != NULL)
        self->n_bytes -= line->len;
      else
        line = pop_dropped_line (self);
      if (line != NULL)
        write_unlocked (self, line);
      else if (self->should_quit)
        break;
      else
        g_cond_wait (&self->changed, &self->lock);
    }
  g_mutex_unlock (&self->lock);
  writer_unref (self);
  return NULL;
}

VgwLogWriter *
vgw_log_writer_new (int fd, gsize max_bytes, VgwLogDroppedFunc make_dropped_line)
{
  VgwLogWriter *self = g_atomic_rc_box_new0 (VgwLogWriter);

  self->fd = fd;
  self->max_bytes = max_bytes;
  self->make_dropped_line = make_dropped_line;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->lines);
  self->thread = g_thread_try_new ("vgw-log", writer_thread, g_atomic_rc_box_acquire (self), NULL);
  if (self->thread == NULL)
    writer_unref (self); /* the thread's */
  return self;
}

void
vgw_log_writer_free (VgwLogWriter *self, guint timeout_ms)
{
  gboolean is_done = vgw_log_writer_flush (self, timeout_ms);
  GThread *thread = self->thread;

  g_mutex_lock (&self->lock);
  self->should_quit = TRUE;
  if (!is_done)
    {
      g_queue_clear_full (&self->lines, free_line);
      self->n_bytes = 0;
      self->n_unreported = 0;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (thread != NULL && is_done)
    g_thread_join (thread);
  else if (thread != NULL)
    g_thread_unref (thread);
  writer_unref (self);
}

/* Without a thread: writes @line or drops it. Lock held. */
static void
write_at_once (VgwLogWriter *self, GString *line)
{
  GString *dropped_line = pop_dropped_line (self);
  gboolean is_written = dropped_line == NULL || write_line (self->fd, dropped_line, FALSE);

  is_written = is_written && write_line (self->fd, line, FALSE);
  self->n_unreported += !is_written;
  self->n_dropped += !is_written;
  g_string_free (line, TRUE);
  if (dropped_line != NULL)
    g_string_free (dropped_line, TRUE);
}

/* Lock held. */
static void
queue_line (VgwLogWriter *self, GString *line)
{
  gsize max_bytes = self->n_unreported > 0 ? self->max_bytes / ROOM_AFTER_DROPS : self->max_bytes;
  GString *dropped_line;

  if (self->n_bytes + line->len > max_bytes)
    {
      g_string_free (line, TRUE);
      self->n_unreported++;
      self->n_dropped++;
      g_cond_broadcast (&self->changed); /* the queue may be empty: the thread must report the drop */
      return;
    }
  dropped_line = pop_dropped_line (self);
  if (dropped_line != NULL)
    {
      self->n_bytes += dropped_line->len;
      g_queue_push_tail (&self->lines, dropped_line);
    }
  self->n_bytes += line->len;
  g_queue_push_tail (&self->lines, line);
  g_cond_broadcast (&self->changed);
}

void
vgw_log_writer_push (VgwLogWriter *self, GString *line)
{
  g_mutex_lock (&self->lock);
  if (self->thread != NULL)
    queue_line (self, line);
  else
    write_at_once (self, line);
  g_mutex_unlock (&self->lock);
}

/* Lock held. */
static gboolean
is_idle (VgwLogWriter *self)
{
  return self->thread == NULL || (!self->is_busy && self->n_bytes == 0 && self->n_unreported == 0);
}

gboolean
vgw_log_writer_flush (VgwLogWriter *self, guint timeout_ms)
{
  gint64 end_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean is_waiting = TRUE, is_done;

  g_mutex_lock (&self->lock);
  while (!is_idle (self) && is_waiting)
    is_waiting = g_cond_wait_until (&self->changed, &self->lock, end_us);
  is_done = is_idle (self);
  g_mutex_unlock (&self->lock);
  return is_done;
}

guint64
vgw_log_writer_count_dropped (VgwLogWriter *self)
{
  guint64 n_dropped;

  g_mutex_lock (&self->lock);
  n_dropped = self->n_dropped;
  g_mutex_unlock (&self->lock);
  return n_dropped;
}
