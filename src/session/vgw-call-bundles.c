#include "session/vgw-call-bundles.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/vgw-log.h"
#include "base/vgw-source.h"

#define CHECK_INTERVAL_S 60
#define CLEAN_INTERVAL 15u /* of checks, where no call has ended */
#define MAX_PAGES 1000u    /* that wait; those of further calls are made at the next start */
#define NAME_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-"
#define TIME_LENGTH 20 /* "20261128T203000.123Z" */
#define DAY_US (24 * G_TIME_SPAN_HOUR)
#define MB (1024 * 1024)

struct _VgwCallBundles
{
  VgwCallBundleSettings settings; /* its directory is owned */
  VgwWavWriter *writer;
  GThreadPool *pages; /* Work */
  GSource *timer;
  guint n_checks;
  gboolean has_ended; /* a call, since the last cleaning */
  gint is_stopping;   /* atomic */
  gint has_failed;    /* atomic; a page was not written: its disk is full */

  GMutex lock;
  GCond posted;
  GHashTable *names;    /* guarded by lock; char*: of calls that are not over, or wait for their page */
  guint n_posted;       /* guarded by lock; Work that the writer has */
  gboolean is_cleaning; /* guarded by lock; it is queued */
};

/* For the thread of the pages. */
typedef struct
{
  VgwCallBundles *bundles;
  char *name; /* (nullable) of the bundle that gets a page; NULL: what is too old is removed */
  gboolean has_pages_to_make;
} Work;

typedef struct
{
  char *name;
  guint64 n_bytes;
} Bundle;

static const char *const files[] = { VGW_CALL_BUNDLE_AUDIO, VGW_CALL_BUNDLE_EVENTS, VGW_CALL_BUNDLE_INCOMPLETE,
                                     VGW_CALL_BUNDLE_PAGE, (VGW_CALL_BUNDLE_PAGE ".part") };

/* --- what is too old; any thread --- */

static void
bundle_clear (gpointer data)
{
  g_free (((Bundle *) data)->name);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Bundle *) a)->name, ((const Bundle *) b)->name);
}

/* The time in @name; FALSE where it is no name of a bundle. */
static gboolean
read_time (const char *name, gint64 *time_us)
{
  gint year, month, day, hour, minute, second, ms, n_read = 0;
  g_autoptr (GDateTime) time = NULL;

  if (sscanf (name, "%4d%2d%2dT%2d%2d%2d.%3dZ-%n", &year, &month, &day, &hour, &minute, &second, &ms, &n_read) < 7
      || n_read != TIME_LENGTH + 1 || name[n_read] == '\0' || name[n_read + strspn (name + n_read, NAME_CHARS)] != '\0')
    return FALSE;
  time = g_date_time_new_utc (year, month, day, hour, minute, second);
  if (time == NULL)
    return FALSE;
  *time_us = g_date_time_to_unix (time) * G_USEC_PER_SEC;
  return TRUE;
}

static guint64
measure (int root_fd, const char *name)
{
  guint64 n_bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (name, files[i], NULL);
      struct stat status;

      if (fstatat (root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
        n_bytes += (guint64) status.st_size;
    }
  return n_bytes;
}

/* Only the files that a bundle has: with others in it, the folder stays. Returns 0, or why it is there (errno). */
static int
remove_bundle (int root_fd, const char *name)
{
  int fd = openat (root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    return errno == ENOENT ? 0 : errno; /* another node has removed it */
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    unlinkat (fd, files[i], 0);
  close (fd);
  return unlinkat (root_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

static gboolean
is_directory (int root_fd, const char *name)
{
  struct stat status;

  return fstatat (root_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode);
}

/* Bundle, by time; those that are not kept. */
static GArray *
list_bundles (const char *directory, int root_fd, VgwCallBundleIsKept is_kept, gpointer user_data, guint64 *n_bytes)
{
  GArray *bundles = g_array_new (FALSE, FALSE, sizeof (Bundle));
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  g_array_set_clear_func (bundles, bundle_clear);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      Bundle bundle;
      gint64 time_us;

      if (!read_time (name, &time_us) || !is_directory (root_fd, name))
        continue;
      bundle.n_bytes = measure (root_fd, name);
      *n_bytes += bundle.n_bytes;
      if (is_kept != NULL && is_kept (name, user_data))
        continue;
      bundle.name = g_strdup (name);
      g_array_append_val (bundles, bundle);
    }
  g_array_sort (bundles, compare_names);
  return bundles;
}

guint
vgw_call_bundles_clean (const VgwCallBundleSettings *settings, VgwCallBundleIsKept is_kept, gpointer user_data,
                        gint64 now_us)
{
  guint64 n_bytes = 0, max_bytes = (guint64) settings->max_mb * MB;
  guint n_removed = 0, n_left = 0;
  const char *left = NULL;
  int left_errno = 0;
  g_autoptr (GArray) bundles = NULL;
  int root_fd = open (settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (root_fd < 0)
    return 0;
  bundles = list_bundles (settings->directory, root_fd, is_kept, user_data, &n_bytes);
  for (guint i = 0; i < bundles->len; i++)
    {
      const Bundle *bundle = &g_array_index (bundles, Bundle, i);
      gint64 time_us = 0;

      read_time (bundle->name, &time_us);
      if ((settings->max_days == 0 || now_us - time_us <= (gint64) settings->max_days * DAY_US)
          && (max_bytes == 0 || n_bytes <= max_bytes))
        break;
      int why = remove_bundle (root_fd, bundle->name);

      /* what makes room is what is gone, also of a folder that stays for the files of others in it */
      n_bytes -= bundle->n_bytes - (why == 0 ? 0 : MIN (bundle->n_bytes, measure (root_fd, bundle->name)));
      n_removed += why == 0;
      if (why == 0 || n_left++ > 0)
        continue;
      left = bundle->name;
      left_errno = why;
    }
  close (root_fd);
  if (n_left > 0)
    vgw_warning (NULL, "%u folders of call bundles were not removed, such as %s: %s", n_left, left,
                 g_strerror (left_errno));
  if (n_removed > 0)
    vgw_info (NULL, "removed %u call bundles from %s: record.call-bundle-max-mb, record.call-bundle-max-days",
              n_removed, settings->directory);
  return n_removed;
}

/* --- the thread of the pages --- */

static void
work_free (Work *work)
{
  g_free (work->name);
  g_free (work);
}

static gboolean
is_live (const char *name, gpointer user_data)
{
  VgwCallBundles *self = user_data;
  gboolean is_found;

  g_mutex_lock (&self->lock);
  is_found = g_hash_table_contains (self->names, name);
  g_mutex_unlock (&self->lock);
  return is_found;
}

/* Any thread. */
static void
forget (VgwCallBundles *self, const char *name)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->names, name);
  g_mutex_unlock (&self->lock);
}

static void
write_page (VgwCallBundles *self, const char *name)
{
  g_autofree char *directory = g_build_filename (self->settings.directory, name, NULL);
  g_autoptr (GError) error = NULL;

  if (vgw_call_page_write (directory, &error))
    return;
  if (!g_atomic_int_get (&self->has_failed))
    vgw_warning (NULL, "the page of the call bundle %s: %s; it is made later", directory, error->message);
  g_atomic_int_set (&self->has_failed, TRUE);
}

static gboolean
has_file (int root_fd, const char *name, const char *file, mode_t type)
{
  g_autofree char *path = g_build_filename (name, file, NULL);
  struct stat status;

  return fstatat (root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && (status.st_mode & S_IFMT) == type;
}

/* Those of calls at whose end the gateway was stopped or killed, or had too much to do. */
static void
make_missing_pages (VgwCallBundles *self)
{
  int root_fd = open (self->settings.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GArray) bundles = NULL;
  guint64 n_bytes = 0;

  if (root_fd < 0)
    return;
  bundles = list_bundles (self->settings.directory, root_fd, is_live, self, &n_bytes);
  for (guint i = 0; i < bundles->len && !g_atomic_int_get (&self->is_stopping); i++)
    {
      const char *name = g_array_index (bundles, Bundle, i).name;

      if (has_file (root_fd, name, VGW_CALL_BUNDLE_EVENTS, S_IFREG)
          && !has_file (root_fd, name, VGW_CALL_BUNDLE_PAGE, S_IFREG))
        write_page (self, name);
    }
  close (root_fd);
}

static void
do_work (gpointer data, gpointer user_data)
{
  Work *work = data;
  VgwCallBundles *self = work->bundles;

  if (!g_atomic_int_get (&self->is_stopping) && work->name != NULL)
    {
      write_page (self, work->name);
      forget (self, work->name);
    }
  else if (!g_atomic_int_get (&self->is_stopping))
    {
      g_mutex_lock (&self->lock);
      self->is_cleaning = FALSE;
      g_mutex_unlock (&self->lock);
      vgw_call_bundles_clean (&self->settings, is_live, self, g_get_real_time ());
      if (work->has_pages_to_make)
        {
          g_atomic_int_set (&self->has_failed, FALSE);
          make_missing_pages (self);
        }
    }
  work_free (work);
}

/* --- the writer's thread --- */

/* The files are complete. */
static void
push_page (gpointer data)
{
  Work *work = data;
  VgwCallBundles *self = work->bundles;

  if (g_thread_pool_unprocessed (self->pages) < MAX_PAGES)
    g_thread_pool_push (self->pages, work, NULL);
  else
    {
      forget (self, work->name);
      work_free (work);
    }
  g_mutex_lock (&self->lock);
  self->n_posted--;
  g_cond_signal (&self->posted);
  g_mutex_unlock (&self->lock);
}

/* --- main thread --- */

static Work *
make_work (VgwCallBundles *self, const char *name)
{
  Work *work = g_new0 (Work, 1);

  work->bundles = self;
  work->name = g_strdup (name);
  return work;
}

static void
start_cleaning (VgwCallBundles *self, gboolean has_pages_to_make)
{
  Work *work;
  gboolean is_queued;

  g_mutex_lock (&self->lock);
  is_queued = self->is_cleaning;
  self->is_cleaning = TRUE;
  g_mutex_unlock (&self->lock);
  if (is_queued)
    return;
  self->has_ended = FALSE;
  work = make_work (self, NULL);
  work->has_pages_to_make = has_pages_to_make;
  g_thread_pool_push (self->pages, work, NULL);
}

static gboolean
on_timer (gpointer user_data)
{
  VgwCallBundles *self = user_data;

  gboolean has_pages_to_make = g_atomic_int_get (&self->has_failed);

  if (++self->n_checks % CLEAN_INTERVAL == 0 || self->has_ended || has_pages_to_make)
    start_cleaning (self, has_pages_to_make);
  return G_SOURCE_CONTINUE;
}

VgwCallBundles *
vgw_call_bundles_new (const VgwCallBundleSettings *settings, VgwWavWriter *writer)
{
  VgwCallBundles *self;

  if (settings->directory == NULL || *settings->directory == '\0')
    return NULL;
  self = g_new0 (VgwCallBundles, 1);
  self->settings = *settings;
  self->settings.directory = g_strdup (settings->directory);
  self->writer = vgw_wav_writer_ref (writer);
  g_mutex_init (&self->lock);
  g_cond_init (&self->posted);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pages = g_thread_pool_new (do_work, NULL, 1, FALSE, NULL);
  self->timer = vgw_source_start_timer (CHECK_INTERVAL_S * 1000, on_timer, self);
  start_cleaning (self, TRUE);
  return self;
}

void
vgw_call_bundles_free (VgwCallBundles *self)
{
  vgw_source_clear (&self->timer);
  g_atomic_int_set (&self->is_stopping, TRUE);
  g_mutex_lock (&self->lock);
  while (self->n_posted > 0)
    g_cond_wait (&self->posted, &self->lock);
  g_mutex_unlock (&self->lock);
  g_thread_pool_free (self->pages, FALSE, TRUE); /* GLib's immediate end would leak the work */
  vgw_wav_writer_unref (self->writer);
  g_hash_table_unref (self->names);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->posted);
  g_free ((char *) self->settings.directory);
  g_free (self);
}

const VgwCallBundleSettings *
vgw_call_bundles_get_settings (VgwCallBundles *self)
{
  return &self->settings;
}

VgwWavWriter *
vgw_call_bundles_get_writer (VgwCallBundles *self)
{
  return self->writer;
}

char *
vgw_call_bundles_reserve (VgwCallBundles *self, gint64 started_at_us, const char *session_id)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (started_at_us / G_USEC_PER_SEC);
  g_autofree char *seconds = g_date_time_format (time, "%Y%m%dT%H%M%S");
  char *name = g_strdup_printf ("%s.%03dZ-%s", seconds,
                                (int) (started_at_us % G_USEC_PER_SEC / G_TIME_SPAN_MILLISECOND), session_id);

  g_strcanon (name + TIME_LENGTH + 1, NAME_CHARS, '_');
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->names, g_strdup (name));
  g_mutex_unlock (&self->lock);
  return name;
}

void
vgw_call_bundles_release (VgwCallBundles *self, const char *name, gboolean has_files)
{
  Work *work;

  if (!has_files)
    {
      forget (self, name);
      return;
    }
  self->has_ended = TRUE;
  work = make_work (self, name);
  g_mutex_lock (&self->lock);
  self->n_posted++;
  g_mutex_unlock (&self->lock);
  if (vgw_wav_writer_call (self->writer, push_page, work))
    return;
  g_mutex_lock (&self->lock);
  self->n_posted--;
  g_mutex_unlock (&self->lock);
  forget (self, name);
  work_free (work);
}
