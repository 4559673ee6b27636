#include "base/vgw-capacity.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"

#define RESERVE_FILES 24               /* name lookups, bots, recordings, the log, a configuration file */
#define START_FILES 64u                /* listeners, sockets, main contexts, and one call */
#define START_THREADS 32               /* the log, GLib, the reapers, and one call */
#define START_THREADS_PER_PROCESSOR 2u /* vgw-ice, vgw-pacer */
#define RESERVE_THREADS 12             /* GLib's pool, GStreamer's clock, SCTP's timer */
#define CONNECTION_PEERS 4             /* connections leave descriptors for at least this many peers */
#define CONNECTION_SHARE 8             /* and at least this fraction of all descriptors */
#define MAX_FILES (1u << 20)
#define RECOUNT_US (50 * 1000) /* counting takes a microsecond for each descriptor */
#define MAX_PROBE 128
#define PROBE_END_US (5 * 1000)
#define LOG_INTERVAL_US (10 * G_USEC_PER_SEC)

struct _VgwCapacity
{
  VgwCapacityCost peer;
  guint n_setting_up;
  guint n_tcp_files; /* open or not */
  VgwCapacityCountFunc count_tcp_files;
  gpointer user_data;
  guint64 n_refused[VGW_CAPACITY_N_KINDS];
  gint64 logged_at_us; /* last log line about a refusal; 0: none yet */

  guint64 n_files;  /* open at counted_at_us */
  guint n_accepted; /* connections since then */
  gint64 counted_at_us;
};

void
vgw_capacity_raise_limits (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MAX (limit.rlim_cur, MIN (limit.rlim_max, MAX_FILES));
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* Descriptors to be kept free. */
static guint64
get_reserve (VgwCapacity *self)
{
  guint n_open = self->count_tcp_files != NULL ? self->count_tcp_files (self->user_data) : 0;

  return RESERVE_FILES + (guint64) (self->n_tcp_files - MIN (n_open, self->n_tcp_files));
}

VgwCapacity *
vgw_capacity_new (const VgwCapacityCost *peer)
{
  VgwCapacity *self = g_new0 (VgwCapacity, 1);

  self->peer = *peer;
  return self;
}

void
vgw_capacity_free (VgwCapacity *self)
{
  g_free (self);
}

void
vgw_capacity_reserve_tcp_files (VgwCapacity *self, guint n_files, VgwCapacityCountFunc count_open, gpointer user_data)
{
  g_return_if_fail (self->count_tcp_files == NULL);

  self->n_tcp_files = n_files;
  self->count_tcp_files = count_open;
  self->user_data = user_data;
}

guint64
vgw_capacity_count_files (void)
{
  g_autoptr (GDir) directory = NULL;
  struct stat info;
  guint64 n = 0;

  /* Linux 6.2 and later: the size of the directory is the count */
  if (stat ("/proc/self/fd", &info) == 0 && info.st_size > 0)
    return (guint64) info.st_size;
  directory = g_dir_open ("/proc/self/fd", 0, NULL);
  if (directory == NULL)
    return VGW_CAPACITY_NO_LIMIT; /* no descriptor is left */
  while (g_dir_read_name (directory) != NULL)
    n++;
  return n - 1; /* without that of the directory itself */
}

guint64
vgw_capacity_count_threads (void)
{
  struct stat info;

  /* the directory has two links of its own, and one for each thread */
  return stat ("/proc/self/task", &info) == 0 && info.st_nlink > 2 ? (guint64) info.st_nlink - 2 : 1;
}

static guint64
read_number (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *text = NULL;
  guint64 number;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return VGW_CAPACITY_NO_LIMIT;
  /* "max": no limit */
  return g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT32, &number, NULL) ? number
                                                                                           : VGW_CAPACITY_NO_LIMIT;
}

/* The threads that are left in the group @path below @root, and in all its parents. */
static guint64
read_groups (const char *root, const char *path)
{
  g_autofree char *directory = g_build_filename (root, path, NULL);
  guint64 least = VGW_CAPACITY_NO_LIMIT;

  for (gsize length = strlen (directory); length >= strlen (root); length = strlen (directory))
    {
      guint64 max = read_number (directory, "pids.max");
      guint64 current = read_number (directory, "pids.current");
      char *slash = strrchr (directory, '/');

      if (max != VGW_CAPACITY_NO_LIMIT && current != VGW_CAPACITY_NO_LIMIT)
        least = MIN (least, max > current ? max - current : 0);
      if (slash == NULL)
        break;
      *slash = '\0';
    }
  return least;
}

guint64
vgw_capacity_read_cgroup (const char *root, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *v1_root = g_build_filename (root, "pids", NULL);
  guint64 least = VGW_CAPACITY_NO_LIMIT;

  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, ":", 3); /* number, controllers, path */
      guint64 left = VGW_CAPACITY_NO_LIMIT;

      if (g_strv_length (fields) < 3)
        continue;
      if (*fields[1] == '\0')
        left = read_groups (root, fields[2]);
      else if (g_strcmp0 (fields[1], "pids") == 0)
        left = read_groups (v1_root, fields[2]);
      least = MIN (least, left);
    }
  return least;
}

static guint64
read_own_cgroup (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL))
    return VGW_CAPACITY_NO_LIMIT;
  return vgw_capacity_read_cgroup ("/sys/fs/cgroup", text);
}

/* Whether this is root outside of any user namespace. */
static gboolean
is_real_root (void)
{
  g_autofree char *map = NULL;
  guint64 inside, outside;

  return getuid () == 0 && g_file_get_contents ("/proc/self/uid_map", &map, NULL, NULL)
         && sscanf (map, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &inside, &outside) == 2 && outside == 0;
}

/* RLIMIT_NPROC; it does not apply to root (clone(2)). */
static guint64
read_user_limit (void)
{
  struct rlimit limit;

  if (is_real_root () || getrlimit (RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return VGW_CAPACITY_NO_LIMIT;
  return limit.rlim_cur;
}

static guint64
read_file_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return VGW_CAPACITY_NO_LIMIT;
  return limit.rlim_cur;
}

void
vgw_capacity_read_limits (VgwCapacityLimits *limits)
{
  guint64 left = read_own_cgroup ();
  guint64 of_group = left != VGW_CAPACITY_NO_LIMIT ? left + vgw_capacity_count_threads () : left;

  *limits = (VgwCapacityLimits){ .files = read_file_limit (), .threads = MIN (of_group, read_user_limit ()) };
}

typedef struct
{
  GMutex lock;
  GCond over;
  gboolean is_over; /* guarded by lock */
} Probe;

static gpointer
probe_thread (gpointer data)
{
  Probe *probe = data;

  g_mutex_lock (&probe->lock);
  while (!probe->is_over)
    g_cond_wait (&probe->over, &probe->lock);
  g_mutex_unlock (&probe->lock);
  return NULL;
}

/* Waits until the kernel no longer counts the joined threads of a probe. Other threads may have started meanwhile, so
 * the wait is bounded. */
static void
wait_for_threads (guint64 n_before)
{
  gint64 end_us = g_get_monotonic_time () + PROBE_END_US;

  while (vgw_capacity_count_threads () > n_before && g_get_monotonic_time () < end_us)
    g_usleep (50);
}

/* Whether @n threads can be created. RLIMIT_NPROC counts all threads of the user, and that number cannot be read: so
 * they are created, and end at once. */
static gboolean
probe_threads (guint n)
{
  Probe probe = { 0 };
  GThread *threads[MAX_PROBE];
  guint64 n_before = vgw_capacity_count_threads ();
  guint n_made = 0;

  n = MIN (n, MAX_PROBE);
  g_mutex_init (&probe.lock);
  g_cond_init (&probe.over);
  while (n_made < n && (threads[n_made] = g_thread_try_new ("vgw-probe", probe_thread, &probe, NULL)) != NULL)
    n_made++;
  g_mutex_lock (&probe.lock);
  probe.is_over = TRUE;
  g_cond_broadcast (&probe.over);
  g_mutex_unlock (&probe.lock);
  for (guint i = 0; i < n_made; i++)
    g_thread_join (threads[i]);
  g_cond_clear (&probe.over);
  g_mutex_clear (&probe.lock);
  wait_for_threads (n_before);
  return n_made == n;
}

static gboolean
has_threads (guint n)
{
  return read_own_cgroup () >= n && (read_user_limit () == VGW_CAPACITY_NO_LIMIT || probe_threads (n));
}

gboolean
vgw_capacity_check_start (guint n_tcp_files, GError **error)
{
  guint64 n_files = START_FILES + (guint64) n_tcp_files;
  guint n_threads = START_THREADS + START_THREADS_PER_PROCESSOR * g_get_num_processors ();
  guint64 used = vgw_capacity_count_files ();

  if (used > read_file_limit () || read_file_limit () - used < n_files)
    g_set_error (error, VGW_ERROR, VGW_ERROR_BUSY,
                 "%" G_GUINT64_FORMAT " more file descriptors are needed, %u of them for ice.tcp-max-connections, but "
                 "the limit is %" G_GUINT64_FORMAT ": raise it (LimitNOFILE= of systemd, ulimit -n)%s",
                 n_files, n_tcp_files, read_file_limit (), n_tcp_files > 0 ? " or lower the key" : "");
  else if (!has_threads (n_threads))
    g_set_error (error, VGW_ERROR, VGW_ERROR_BUSY,
                 "%u threads are needed, but the limit is lower: raise it (TasksMax= of systemd, pids.max, "
                 "ulimit -u)",
                 n_threads);
  else
    return TRUE;
  return FALSE;
}

/* The number of descriptors left. @is_exact: does not use the cached count. */
static guint64
count_free_files (VgwCapacity *self, gboolean is_exact)
{
  guint64 limit = read_file_limit ();
  gint64 now_us = g_get_monotonic_time ();
  guint64 used;

  if (is_exact || self->counted_at_us == 0 || now_us - self->counted_at_us > RECOUNT_US)
    {
      self->n_files = vgw_capacity_count_files ();
      self->n_accepted = 0;
      self->counted_at_us = now_us;
    }
  used = MIN (self->n_files, VGW_CAPACITY_NO_LIMIT - self->n_accepted) + self->n_accepted;
  return limit > used ? limit - used : 0;
}

static gboolean
refuse (VgwCapacity *self, VgwCapacityKind kind, GError **error)
{
  gint64 now_us = g_get_monotonic_time ();

  self->n_refused[kind]++;
  if (self->logged_at_us == 0 || now_us - self->logged_at_us > LOG_INTERVAL_US)
    vgw_warning (NULL,
                 "capacity: too few %s for another call: refusing offers with busy (%" G_GUINT64_FORMAT
                 " descriptors and %" G_GUINT64_FORMAT " threads in use, %" G_GUINT64_FORMAT " offers refused so far)",
                 vgw_capacity_kind_to_string (kind), vgw_capacity_count_files (), vgw_capacity_count_threads (),
                 self->n_refused[VGW_CAPACITY_FILES] + self->n_refused[VGW_CAPACITY_THREADS]);
  if (self->logged_at_us == 0 || now_us - self->logged_at_us > LOG_INTERVAL_US)
    self->logged_at_us = now_us;
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BUSY, "the gateway has too few resources for another call");
  return FALSE;
}

gboolean
vgw_capacity_begin_peer (VgwCapacity *self, GError **error)
{
  guint n_peers = self->n_setting_up + 1;

  if (count_free_files (self, TRUE) < get_reserve (self) + (guint64) n_peers * self->peer.files)
    return refuse (self, VGW_CAPACITY_FILES, error);
  if (!has_threads (RESERVE_THREADS + n_peers * self->peer.threads))
    return refuse (self, VGW_CAPACITY_THREADS, error);
  self->n_setting_up++;
  return TRUE;
}

void
vgw_capacity_end_peer (VgwCapacity *self)
{
  g_return_if_fail (self->n_setting_up > 0);

  self->n_setting_up--;
}

VgwCapacityVerdict
vgw_capacity_judge_connection (VgwCapacity *self)
{
  guint64 n_free = count_free_files (self, FALSE);
  guint64 share = read_file_limit () / CONNECTION_SHARE;
  guint64 for_calls = MAX ((guint64) self->peer.files * CONNECTION_PEERS, MIN (share, MAX_FILES / CONNECTION_SHARE));

  if (n_free < RESERVE_FILES / 2)
    return VGW_CAPACITY_WAIT;
  self->n_accepted++;
  return n_free < get_reserve (self) + for_calls ? VGW_CAPACITY_REFUSE : VGW_CAPACITY_ACCEPT;
}

guint64
vgw_capacity_count_refused (VgwCapacity *self, VgwCapacityKind kind)
{
  return self->n_refused[kind];
}

const char *
vgw_capacity_kind_to_string (VgwCapacityKind kind)
{
  switch (kind)
    {
    case VGW_CAPACITY_FILES:
      return "descriptors";
    case VGW_CAPACITY_THREADS:
      return "threads";
    }
  return "unknown";
}

/* How many items of @cost fit between @used and @limit, with @reserve left over. */
static guint64
count_fitting (guint64 used, guint64 limit, guint64 reserve, guint64 cost)
{
  if (limit == VGW_CAPACITY_NO_LIMIT)
    return VGW_CAPACITY_NO_LIMIT;
  return limit > used + reserve ? (limit - used - reserve) / cost : 0;
}

guint64
vgw_capacity_count_calls (const VgwCapacityCost *peer, const VgwCapacityLimits *used, const VgwCapacityLimits *limits)
{
  return MIN (count_fitting (used->files, limits->files, RESERVE_FILES, peer->files + 1),
              count_fitting (used->threads, limits->threads, RESERVE_THREADS, MAX (peer->threads, 1)));
}

void
vgw_capacity_count_needed (const VgwCapacityCost *peer, guint n_sessions, guint n_connections, guint n_tcp_files,
                           VgwCapacityLimits *needed)
{
  needed->files =
      START_FILES + RESERVE_FILES + n_tcp_files + (guint64) n_connections + (guint64) n_sessions * peer->files;
  needed->threads = START_THREADS + START_THREADS_PER_PROCESSOR * g_get_num_processors () + RESERVE_THREADS
                    + (guint64) n_sessions * peer->threads;
}

static char *
limit_to_string (guint64 limit)
{
  return limit == VGW_CAPACITY_NO_LIMIT ? g_strdup ("unlimited") : g_strdup_printf ("%" G_GUINT64_FORMAT, limit);
}

void
vgw_capacity_log (VgwCapacity *self, guint max_sessions, guint max_connections)
{
  VgwCapacityLimits used = { vgw_capacity_count_files (), vgw_capacity_count_threads () };
  guint64 n_calls, n_files, n_threads;
  VgwCapacityLimits limits;
  g_autofree char *files = NULL, *threads = NULL, *calls = NULL;

  vgw_capacity_read_limits (&limits);
  files = limit_to_string (limits.files);
  threads = limit_to_string (limits.threads);
  used.files += get_reserve (self) - RESERVE_FILES;
  n_calls = vgw_capacity_count_calls (&self->peer, &used, &limits);
  calls = limit_to_string (n_calls);
  n_files = used.files + RESERVE_FILES + max_connections + (guint64) max_sessions * self->peer.files;
  n_threads = used.threads + RESERVE_THREADS + (guint64) max_sessions * self->peer.threads;
  vgw_info (NULL, "capacity: descriptors=%s threads=%s calls=%s", files, threads, calls);
  if (n_files > limits.files)
    vgw_warning (NULL,
                 "capacity: limits.max-sessions = %u, http.max-connections = %u and ice.tcp-max-connections (%u "
                 "descriptors) may need %" G_GUINT64_FORMAT " descriptors, but the limit is %s: raise it (LimitNOFILE= "
                 "of systemd, ulimit -n) or lower the keys; otherwise offers may be refused with busy",
                 max_sessions, max_connections, self->n_tcp_files, n_files, files);
  if (n_threads > limits.threads)
    vgw_warning (NULL,
                 "capacity: limits.max-sessions = %u may need %" G_GUINT64_FORMAT
                 " threads, but the limit is %s: raise "
                 "it (TasksMax= of systemd, pids.max, ulimit -u) or lower limits.max-sessions; otherwise offers may be "
                 "refused with busy",
                 max_sessions, n_threads, threads);
}
