/* What the thread of the recordings does when its disk stands still. */
#include "engine/builtin/vgw-wav-writer.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "run-suite.h"
#include "wait-until.h"

#define RATE_HZ 16000
#define WAV_HEADER_BYTES 44

static char *directory, *path, *marker;
static VgwWavWriter *writer;

static void
set_up (void)
{
  directory = g_dir_make_tmp ("vgw-wav-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  path = g_build_filename (directory, "audio.wav", NULL);
  marker = g_build_filename (directory, "incomplete", NULL);
  writer = vgw_wav_writer_new ();
}

static void
tear_down (void)
{
  g_clear_pointer (&writer, vgw_wav_writer_unref);
  g_remove (path);
  g_remove (marker);
  g_rmdir (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&marker, g_free);
}

/* (transfer full) */
static gint16 *
read_wav (gsize *n_samples)
{
  char *data = NULL;
  gsize length;
  guint32 data_bytes;

  ck_assert (g_file_get_contents (path, &data, &length, NULL));
  ck_assert_uint_ge (length, WAV_HEADER_BYTES);
  memcpy (&data_bytes, data + 40, sizeof data_bytes);
  ck_assert_uint_eq (GUINT32_FROM_LE (data_bytes), length - WAV_HEADER_BYTES);
  *n_samples = (length - WAV_HEADER_BYTES) / sizeof (gint16);
  memmove (data, data + WAV_HEADER_BYTES, length - WAV_HEADER_BYTES);
  return (gint16 *) data;
}

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean is_reached, may_go_on;
} Disk;

/* On the writer's thread, as a write to a disk that does not answer. */
static void
stand_still (gpointer user_data)
{
  Disk *disk = user_data;

  g_mutex_lock (&disk->lock);
  disk->is_reached = TRUE;
  g_cond_broadcast (&disk->changed);
  while (!disk->may_go_on)
    g_cond_wait (&disk->changed, &disk->lock);
  g_mutex_unlock (&disk->lock);
}

static void
stop_disk (Disk *disk)
{
  *disk = (Disk){ .is_reached = FALSE };
  g_mutex_init (&disk->lock);
  g_cond_init (&disk->changed);
  ck_assert (vgw_wav_writer_call (writer, stand_still, disk));
  g_mutex_lock (&disk->lock);
  while (!disk->is_reached)
    g_cond_wait (&disk->changed, &disk->lock);
  g_mutex_unlock (&disk->lock);
}

static void
start_disk (Disk *disk)
{
  g_mutex_lock (&disk->lock);
  disk->may_go_on = TRUE;
  g_cond_broadcast (&disk->changed);
  g_mutex_unlock (&disk->lock);
}

static void
do_nothing (gpointer user_data)
{
}

/* The samples after what is missing are at their time, what is missing is silence, and it is marked and counted. */
START_TEST (a_disk_that_stands_still_costs_samples_but_not_the_time)
{
  VgwWavFile *file = vgw_wav_writer_begin (writer, path, "slow", RATE_HZ, 1);
  g_autofree gint16 *second = g_new (gint16, RATE_HZ);
  const guint n_seconds = VGW_WAV_QUEUE_MS / 1000, n_lost = 3;
  VgwWavWriterStats all;
  VgwWavStats stats;
  gsize n_samples;
  g_autofree gint16 *samples = NULL;
  Disk disk;

  ck_assert_ptr_nonnull (file);
  vgw_wav_file_set_marker (file, marker);
  vgw_wav_file_push_silence (file, 10 * RATE_HZ); /* takes no room in the queue */
  for (guint i = 0; i < RATE_HZ; i++)
    second[i] = 1000;
  stop_disk (&disk);
  for (guint i = 0; i < n_seconds + n_lost; i++)
    vgw_wav_file_push (file, second, RATE_HZ);
  vgw_wav_file_get_stats (file, &stats);
  ck_assert_uint_eq (stats.dropped_samples, n_lost * RATE_HZ);
  ck_assert (!g_file_test (marker, G_FILE_TEST_EXISTS));
  start_disk (&disk);
  POLL_UNTIL ((vgw_wav_file_get_stats (file, &stats), stats.written_samples >= n_seconds * RATE_HZ));
  vgw_wav_file_push (file, second, RATE_HZ);
  vgw_wav_file_close (file);
  POLL_UNTIL ((vgw_wav_writer_get_stats (writer, &all), all.n_incomplete_files == 1));
  ck_assert_uint_eq (all.missing_us, n_lost * G_USEC_PER_SEC);
  g_clear_pointer (&writer, vgw_wav_writer_unref);

  ck_assert (g_file_test (marker, G_FILE_TEST_EXISTS));
  samples = read_wav (&n_samples);
  ck_assert_uint_eq (n_samples, (10 + n_seconds + n_lost + 1) * RATE_HZ);
  for (gsize i = 0; i < n_samples; i++)
    {
      guint at_s = (guint) (i / RATE_HZ);
      gboolean is_silent = at_s < 10 || (at_s >= 10 + n_seconds && at_s < 10 + n_seconds + n_lost);

      ck_assert_int_eq (samples[i], is_silent ? 0 : 1000);
    }
}
END_TEST

/* Calls that end meanwhile wait in a bounded number. */
START_TEST (a_disk_that_stands_still_is_waited_for_by_a_bounded_number)
{
  guint n_jobs = 0, n_files = 0;
  VgwWavFile *file;
  Disk disk;

  ck_assert_ptr_nonnull ((file = vgw_wav_writer_begin_text (writer, path, "late")));
  vgw_wav_file_close (file);
  stop_disk (&disk);
  while (n_jobs < 100000 && vgw_wav_writer_call (writer, do_nothing, NULL))
    n_jobs++;
  ck_assert_uint_ge (n_jobs, 1000);
  ck_assert_uint_lt (n_jobs, 100000);
  while (n_files < 100000 && (file = vgw_wav_writer_begin_text (writer, path, "late")) != NULL)
    {
      vgw_wav_file_close (file);
      n_files++;
    }
  ck_assert_uint_ge (n_files, 1000);
  ck_assert_uint_lt (n_files, 100000);
  start_disk (&disk);
  POLL_UNTIL (vgw_wav_writer_call (writer, do_nothing, NULL));
}
END_TEST

static Suite *
writer_suite (void)
{
  Suite *suite = suite_create ("vgw-wav-writer");
  TCase *tcase = tcase_create ("disk");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, a_disk_that_stands_still_costs_samples_but_not_the_time);
  tcase_add_test (tcase, a_disk_that_stands_still_is_waited_for_by_a_bounded_number);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  return run_suite (writer_suite ());
}
