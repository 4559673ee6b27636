#include "base/vgw-audio-thread.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#define NS_PER_US 1000u

typedef struct
{
  pid_t tid;
  gint64 sampled_us; /* 0: not yet */
  guint64 busy_ns;   /* since the thread began */
} Watched;

static GMutex lock;
static GArray *watched; /* of Watched, guarded by lock; NULL for none */

static gboolean
set_nice (int nice)
{
  return setpriority (PRIO_PROCESS, (id_t) gettid (), nice) == 0;
}

void
vgw_audio_thread_begin (int nice)
{
  Watched entry = { .tid = gettid () };

  if (!set_nice (nice))
    g_debug ("audio is handled at normal priority: no permission to raise it (RLIMIT_NICE)");
  g_mutex_lock (&lock);
  if (watched == NULL)
    watched = g_array_new (FALSE, FALSE, sizeof (Watched));
  g_array_append_val (watched, entry);
  g_mutex_unlock (&lock);
}

void
vgw_audio_thread_end (void)
{
  pid_t tid = gettid ();

  g_mutex_lock (&lock);
  for (guint i = 0; i < watched->len; i++)
    {
      if (g_array_index (watched, Watched, i).tid != tid)
        continue;
      g_array_remove_index_fast (watched, i);
      break;
    }
  if (watched->len == 0)
    g_clear_pointer (&watched, g_array_unref);
  g_mutex_unlock (&lock);
}

static gpointer
try_to_raise (gpointer data)
{
  return GINT_TO_POINTER (set_nice (VGW_AUDIO_THREAD_NICE_SENDING));
}

gboolean
vgw_audio_thread_may_raise (void)
{
  /* a thread of its own, which takes the priority with it */
  return GPOINTER_TO_INT (g_thread_join (g_thread_new ("priority", try_to_raise, NULL)));
}

/* proc(5): "time spent running, time spent waiting, time slices", in ns. */
static gboolean
read_busy (pid_t tid, guint64 *busy_ns)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/schedstat", (int) tid);
  FILE *file = fopen (path, "re");
  guint64 ran_ns = 0, waited_ns = 0;
  int n_read;

  if (file == NULL)
    return FALSE;
  n_read = fscanf (file, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &ran_ns, &waited_ns);
  fclose (file);
  *busy_ns = ran_ns + waited_ns;
  return n_read == 2;
}

/* Percent of the time since the last one. */
static guint
sample_one (Watched *entry)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 passed_us = now_us - entry->sampled_us;
  guint64 busy_ns;
  guint percent = 0;

  if (!read_busy (entry->tid, &busy_ns))
    return 0;
  if (entry->sampled_us > 0 && passed_us > 0)
    percent = (guint) ((busy_ns - entry->busy_ns) * 100 / ((guint64) passed_us * NS_PER_US));
  entry->sampled_us = now_us;
  entry->busy_ns = busy_ns;
  return MIN (percent, 100);
}

guint
vgw_audio_thread_sample_load (void)
{
  guint worst = 0;

  g_mutex_lock (&lock);
  for (guint i = 0; watched != NULL && i < watched->len; i++)
    {
      guint percent = sample_one (&g_array_index (watched, Watched, i)); /* not in MAX (), which evaluates it twice */

      worst = MAX (worst, percent);
    }
  g_mutex_unlock (&lock);
  return worst;
}
