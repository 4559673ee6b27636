#include "engine/builtin/vgw-engine-record.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/vgw-error.h"
#include "engine/builtin/vgw-engine-echo.h"
#include "run-suite.h"
#include "wait-until.h"

#define MAX_PLAYOUT_MS 300000

#define RATE_HZ 16000
#define FRAME_SAMPLES (RATE_HZ * VGW_FRAME_MS / 1000)
#define QUEUE_SAMPLES (RATE_HZ * VGW_WAV_QUEUE_MS / 1000)
#define WAV_HEADER_BYTES 44
#define N_CYCLES 1000
#define CRASH_ARGUMENT "--record-until-killed"
#define CRASH_SAMPLES (2 * RATE_HZ) /* in the file before the process is killed */

static char *directory = NULL;
static VgwWavWriter *writer = NULL;

static void
set_up (void)
{
  directory = g_dir_make_tmp ("vgw-record-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  writer = vgw_wav_writer_new ();
}

static void
tear_down (void)
{
  const char *name;
  GDir *dir;

  g_clear_pointer (&writer, vgw_wav_writer_unref);
  dir = g_dir_open (directory, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      g_remove (path);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (directory);
  g_clear_pointer (&directory, g_free);
}

static char *
wav_path (const char *session_id, const char *direction)
{
  return g_strdup_printf ("%s/%s-%s.wav", directory, session_id, direction);
}

static guint32
get_u32 (const char *data)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint16
get_u16 (const char *data)
{
  guint16 value;

  memcpy (&value, data, sizeof value);
  return GUINT16_FROM_LE (value);
}

/* Reads a WAV file as any player would: every field of the header has to be right and the data as long as it says. The
 * header comes from a first reading, so that a file that grows meanwhile only has more data than it needs.
 * Returns: (transfer full), the samples. */
static gint16 *
read_wav (const char *path, gsize *n_samples)
{
  g_autofree char *data = NULL;
  g_autofree char *later = NULL;
  gsize length, data_bytes;

  ck_assert_msg (g_file_get_contents (path, &data, &length, NULL), "%s cannot be read", path);
  ck_assert_uint_ge (length, WAV_HEADER_BYTES);
  ck_assert (g_file_get_contents (path, &later, &length, NULL));
  ck_assert_mem_eq (data, "RIFF", 4);
  ck_assert_mem_eq (data + 8, "WAVEfmt ", 8);
  ck_assert_uint_eq (get_u32 (data + 16), 16);
  ck_assert_uint_eq (get_u16 (data + 20), 1);
  ck_assert_uint_eq (get_u16 (data + 22), 1);
  ck_assert_uint_eq (get_u32 (data + 24), RATE_HZ);
  ck_assert_uint_eq (get_u32 (data + 28), RATE_HZ * 2);
  ck_assert_uint_eq (get_u16 (data + 32), 2);
  ck_assert_uint_eq (get_u16 (data + 34), 16);
  ck_assert_mem_eq (data + 36, "data", 4);
  data_bytes = get_u32 (data + 40);
  ck_assert_uint_eq (get_u32 (data + 4), data_bytes + 36);
  ck_assert_uint_eq (data_bytes % 2, 0);
  ck_assert_uint_le (data_bytes, length - WAV_HEADER_BYTES);
  *n_samples = data_bytes / 2;
  return g_memdup2 (later + WAV_HEADER_BYTES, data_bytes);
}

static gsize
count_wav_samples (const char *path)
{
  gsize n_samples;

  g_free (read_wav (path, &n_samples));
  return n_samples;
}

static void
assert_ramp (const char *path, gsize n_expected)
{
  gsize n_samples;
  g_autofree gint16 *samples = read_wav (path, &n_samples);

  ck_assert_uint_eq (n_samples, n_expected);
  for (gsize i = 0; i < n_samples; i++)
    ck_assert_int_eq (samples[i], (gint16) i);
}

/* Pushes @n_samples of one ramp that goes on from @first, in frames. */
static void
push_ramp (VgwEngine *engine, gsize first, gsize n_samples)
{
  gint16 frame[FRAME_SAMPLES];

  for (gsize at = 0; at < n_samples; at += FRAME_SAMPLES)
    {
      gsize n = MIN (FRAME_SAMPLES, n_samples - at);

      for (gsize i = 0; i < n; i++)
        frame[i] = (gint16) (first + at + i);
      vgw_engine_push_audio (engine, frame, n);
    }
}

static VgwEngine *
start_engine (const char *session_id)
{
  const VgwEngineStart facts = { .session_id = session_id, .client_address = "192.0.2.1", .format = { RATE_HZ } };
  VgwEngine *engine = vgw_engine_record_new (directory, writer, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vgw_engine_start (engine, &facts, &error), "%s", error != NULL ? error->message : "no error");
  return engine;
}

static void
end_engine (VgwEngine *engine)
{
  vgw_engine_stop (engine, "client-bye");
  g_object_unref (engine);
}

static void
count_samples (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  *(gsize *) user_data += n_samples;
}

START_TEST (both_directions_hold_every_sample)
{
  const VgwEngineStart facts = { .session_id = "call_1-A", .format = { RATE_HZ } };
  VgwEngine *engine = vgw_engine_record_new (directory, writer, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);
  g_autofree char *caller = wav_path ("call_1-A", "caller");
  g_autofree char *bot = wav_path ("call_1-A", "bot");
  gsize n_played = 0;

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = count_samples }, &n_played, NULL);
  ck_assert (vgw_engine_start (engine, &facts, NULL));
  push_ramp (engine, 0, RATE_HZ + 7);
  end_engine (engine);
  g_clear_pointer (&writer, vgw_wav_writer_unref);

  assert_ramp (caller, RATE_HZ + 7);
  assert_ramp (bot, RATE_HZ + 7);
  ck_assert_uint_eq (n_played, RATE_HZ + 7);
}
END_TEST

/* An engine that says much at once, from a thread of its own. */
#define TEST_TYPE_TALKER (test_talker_get_type ())
G_DECLARE_FINAL_TYPE (TestTalker, test_talker, TEST, TALKER, VgwEngine)

struct _TestTalker
{
  VgwEngine parent_instance;
  GThread *thread;
};

G_DEFINE_FINAL_TYPE (TestTalker, test_talker, VGW_TYPE_ENGINE)

#define TALK_SAMPLES (60 * RATE_HZ)

static gpointer
talk (gpointer user_data)
{
  g_autofree gint16 *samples = g_new (gint16, TALK_SAMPLES);

  for (gsize i = 0; i < TALK_SAMPLES; i++)
    samples[i] = (gint16) i;
  vgw_engine_play (user_data, samples, TALK_SAMPLES);
  vgw_engine_emit (user_data, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = "end" });
  return NULL;
}

static gboolean
test_talker_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  TEST_TALKER (engine)->thread = g_thread_new ("talker", talk, engine);
  return TRUE;
}

static void
test_talker_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
}

static void
test_talker_stop (VgwEngine *engine, const char *reason)
{
  g_thread_join (TEST_TALKER (engine)->thread);
}

static void
test_talker_class_init (TestTalkerClass *klass)
{
  VGW_ENGINE_CLASS (klass)->start = test_talker_start;
  VGW_ENGINE_CLASS (klass)->push_audio = test_talker_push_audio;
  VGW_ENGINE_CLASS (klass)->stop = test_talker_stop;
}

static void
test_talker_init (TestTalker *self)
{
}

typedef struct
{
  gsize n_played;
  gint has_mark; /* atomic; after the last of n_played */
  char *text;    /* of the last event or status */
} Heard;

static void
note_samples (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  ((Heard *) user_data)->n_played += n_samples;
}

static void
note_output (const VgwEngineOutput *output, gpointer user_data)
{
  Heard *heard = user_data;

  if (output->type == VGW_ENGINE_OUTPUT_MARK)
    g_atomic_int_set (&heard->has_mark, strcmp (output->name, "end") == 0);
  else if (output->type == VGW_ENGINE_OUTPUT_EVENT || output->type == VGW_ENGINE_OUTPUT_STATUS)
    {
      g_free (heard->text);
      heard->text = g_strdup (output->type == VGW_ENGINE_OUTPUT_EVENT ? output->json
                                                                      : vgw_engine_status_to_string (output->status));
    }
}

START_TEST (what_a_wrapped_engine_says_at_once_is_recorded_and_played)
{
  const VgwEngineStart facts = { .session_id = "wrapped", .format = { RATE_HZ } };
  VgwEngine *talker = g_object_new (TEST_TYPE_TALKER, NULL);
  VgwEngine *engine = vgw_engine_record_new (directory, writer, talker, MAX_PLAYOUT_MS);
  g_autofree char *bot = wav_path ("wrapped", "bot");
  Heard heard = { 0, FALSE, NULL };

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = note_samples, .handle = note_output }, &heard, NULL);
  ck_assert (vgw_engine_start (engine, &facts, NULL));
  POLL_UNTIL (g_atomic_int_get (&heard.has_mark));
  ck_assert_uint_eq (heard.n_played, TALK_SAMPLES);
  vgw_engine_emit (talker, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{}" });
  ck_assert_str_eq (heard.text, "{}");
  vgw_engine_emit (talker, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS, .status = VGW_ENGINE_STATUS_LOST });
  ck_assert_str_eq (heard.text, "engine-lost");
  end_engine (engine);
  g_clear_pointer (&writer, vgw_wav_writer_unref);
  assert_ramp (bot, TALK_SAMPLES);
  g_free (heard.text);
}
END_TEST

START_TEST (a_call_without_audio_leaves_empty_but_valid_files)
{
  g_autofree char *caller = wav_path ("silent", "caller");

  end_engine (start_engine ("silent"));
  g_clear_pointer (&writer, vgw_wav_writer_unref);
  assert_ramp (caller, 0);
}
END_TEST

START_TEST (files_and_directory_are_for_their_owner_only)
{
  g_autofree char *parent = directory;
  g_autofree char *caller = NULL;
  GStatBuf info;

  directory = g_build_filename (parent, "made", NULL);
  caller = wav_path ("private", "caller");
  end_engine (start_engine ("private"));
  ck_assert_int_eq (g_stat (directory, &info), 0);
  ck_assert_uint_eq (info.st_mode & 07777, 0700);
  ck_assert_int_eq (g_stat (caller, &info), 0);
  ck_assert_uint_eq (info.st_mode & 07777, 0600);

  tear_down ();
  directory = g_steal_pointer (&parent);
}
END_TEST

START_TEST (a_file_is_whole_while_the_call_still_runs)
{
  VgwEngine *engine = start_engine ("running");
  g_autofree char *caller = wav_path ("running", "caller");

  push_ramp (engine, 0, RATE_HZ);
  POLL_UNTIL (count_wav_samples (caller) >= RATE_HZ);
  assert_ramp (caller, RATE_HZ);
  end_engine (engine);
}
END_TEST

/* In the child: records in real frames until the parent kills it. */
static int
record_until_killed (const char *into)
{
  const VgwEngineStart facts = { .session_id = "killed", .format = { RATE_HZ } };
  VgwEngine *engine = vgw_engine_record_new (into, NULL, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);

  if (!vgw_engine_start (engine, &facts, NULL))
    return EXIT_FAILURE;
  for (gsize at = 0;; at += FRAME_SAMPLES)
    {
      push_ramp (engine, at, FRAME_SAMPLES);
      g_usleep (VGW_FRAME_MS * 100); /* ten times as fast as a call */
    }
}

START_TEST (a_killed_gateway_leaves_playable_files)
{
  char *argv[] = { "/proc/self/exe", CRASH_ARGUMENT, directory, NULL };
  g_autofree char *caller = wav_path ("killed", "caller");
  g_autofree gint16 *samples = NULL;
  gsize n_samples = 0;
  GStatBuf info;
  int status;
  GPid pid;

  ck_assert (g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL));
  POLL_UNTIL (g_stat (caller, &info) == 0 && info.st_size >= WAV_HEADER_BYTES + CRASH_SAMPLES * 2);
  /* on a busy machine the first round is as long, and its header follows */
  POLL_UNTIL (count_wav_samples (caller) >= CRASH_SAMPLES / 2);
  kill (pid, SIGKILL);
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);

  /* the last round may have been cut off between the data and the header */
  samples = read_wav (caller, &n_samples);
  ck_assert_uint_ge (n_samples, CRASH_SAMPLES / 2);
  for (gsize i = 0; i < n_samples; i++)
    ck_assert_int_eq (samples[i], (gint16) i);
}
END_TEST

START_TEST (a_directory_that_cannot_be_made_fails_the_start)
{
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  g_autofree char *below = g_build_filename (file, "below", NULL);
  const VgwEngineStart facts = { .session_id = "nowhere", .format = { RATE_HZ } };
  g_autoptr (VgwEngine) engine = vgw_engine_record_new (below, writer, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (file, "", 0, NULL));
  ck_assert (!vgw_engine_start (engine, &facts, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_ENGINE));
  ck_assert_ptr_nonnull (strstr (error->message, below));
  vgw_engine_stop (engine, "engine");
}
END_TEST

START_TEST (a_file_that_is_there_is_never_overwritten)
{
  static const char *const directions[] = { "caller", "bot" };
  g_autofree char *path = wav_path ("twice", directions[_i]);
  const VgwEngineStart facts = { .session_id = "twice", .format = { RATE_HZ } };
  g_autoptr (VgwEngine) engine = vgw_engine_record_new (directory, writer, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);
  g_autofree char *contents = NULL;

  ck_assert (g_file_set_contents (path, "precious", -1, NULL));
  ck_assert (vgw_engine_start (engine, &facts, NULL)); /* as the fallback of one that had a record */
  vgw_engine_stop (engine, "engine");
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    {
      g_autofree char *name = g_strconcat (directions[i], "-2", NULL);
      g_autofree char *second = wav_path ("twice", name);

      ck_assert (g_file_test (second, G_FILE_TEST_IS_REGULAR));
      ck_assert_int_eq (g_unlink (second), 0);
    }
  ck_assert (g_file_get_contents (path, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "precious");
}
END_TEST

static const char *const bad_ids[] = { "", "../escape", "a/b", "a.b", "a b", "a\nb", "\xc3\xa9" };

START_TEST (an_id_that_is_no_plain_name_makes_no_file)
{
  const VgwEngineStart facts = { .session_id = bad_ids[_i], .format = { RATE_HZ } };
  g_autoptr (VgwEngine) engine = vgw_engine_record_new (directory, writer, vgw_engine_echo_new (FALSE), MAX_PLAYOUT_MS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;

  ck_assert (!vgw_engine_start (engine, &facts, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_ENGINE));
  dir = g_dir_open (directory, 0, NULL);
  ck_assert_ptr_null (g_dir_read_name (dir));
}
END_TEST

/* A burst longer than the queue, pushed faster than any disk: what does not fit is dropped at once and counted. */
START_TEST (more_than_the_queue_holds_is_dropped_and_counted)
{
  g_autofree char *path = wav_path ("flood", "caller");
  VgwWavFile *file = vgw_wav_writer_open (writer, path, "flood", RATE_HZ, NULL);
  g_autofree gint16 *burst = g_new0 (gint16, QUEUE_SAMPLES + 1);
  VgwWavStats stats = { 0 };

  ck_assert_ptr_nonnull (file);
  vgw_wav_file_push (file, burst, QUEUE_SAMPLES + 1);
  vgw_wav_file_get_stats (file, &stats);
  ck_assert_uint_eq (stats.dropped_samples, QUEUE_SAMPLES + 1);

  vgw_wav_file_push (file, burst, QUEUE_SAMPLES);
  POLL_UNTIL ((vgw_wav_file_get_stats (file, &stats), stats.written_samples >= QUEUE_SAMPLES));
  ck_assert_uint_eq (stats.written_samples, QUEUE_SAMPLES);
  ck_assert_uint_eq (stats.dropped_samples, QUEUE_SAMPLES + 1);
  vgw_wav_file_close (file);
}
END_TEST

/* RLIMIT_FSIZE makes pwrite () fail in the middle of a file as a full disk would (EFBIG in place of ENOSPC). */
START_TEST (a_disk_that_fills_up_costs_samples_but_not_the_call)
{
  const rlim_t limit_bytes = WAV_HEADER_BYTES + 1001; /* cuts a sample in two */
  VgwEngine *engine = start_engine ("full");
  g_autofree char *caller = wav_path ("full", "caller");
  struct rlimit saved, small;
  gsize n_samples;
  g_autofree gint16 *samples = NULL;

  signal (SIGXFSZ, SIG_IGN);
  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &saved), 0);
  small = saved;
  small.rlim_cur = limit_bytes;
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &small), 0);
  push_ramp (engine, 0, RATE_HZ);
  end_engine (engine);
  g_clear_pointer (&writer, vgw_wav_writer_unref);
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &saved), 0);

  samples = read_wav (caller, &n_samples);
  ck_assert_uint_eq (n_samples, 500);
  for (gsize i = 0; i < n_samples; i++)
    ck_assert_int_eq (samples[i], (gint16) i);
}
END_TEST

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  ck_assert_ptr_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

START_TEST (a_thousand_calls_leave_no_thread_and_no_descriptor)
{
  guint n_fds = count_entries ("/proc/self/fd");
  guint n_threads = count_entries ("/proc/self/task");

  for (int i = 0; i < N_CYCLES; i++)
    {
      g_autofree char *id = g_strdup_printf ("call-%d", i);
      VgwEngine *engine = start_engine (id);

      push_ramp (engine, 0, FRAME_SAMPLES);
      end_engine (engine);
    }
  ck_assert_uint_le (count_entries ("/proc/self/task"), n_threads + 1);
  g_clear_pointer (&writer, vgw_wav_writer_unref);

  ck_assert_uint_eq (count_entries ("/proc/self/fd"), n_fds);
  ck_assert_uint_eq (count_entries ("/proc/self/task"), n_threads);
  ck_assert_uint_eq (count_entries (directory), 2 * N_CYCLES);
}
END_TEST

START_TEST (calls_at_the_same_time_share_one_thread)
{
  guint n_threads = count_entries ("/proc/self/task");
  VgwEngine *engines[10];

  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    {
      g_autofree char *id = g_strdup_printf ("same-time-%u", i);

      engines[i] = start_engine (id);
    }
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    push_ramp (engines[i], 0, FRAME_SAMPLES * (i + 1));
  ck_assert_uint_eq (count_entries ("/proc/self/task"), n_threads + 1);
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    end_engine (engines[i]);
  g_clear_pointer (&writer, vgw_wav_writer_unref);

  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/same-time-%u-bot.wav", directory, i);

      assert_ramp (path, FRAME_SAMPLES * (i + 1));
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-engine-record");
  TCase *tcase = tcase_create ("record");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, both_directions_hold_every_sample);
  tcase_add_test (tcase, what_a_wrapped_engine_says_at_once_is_recorded_and_played);
  tcase_add_test (tcase, a_call_without_audio_leaves_empty_but_valid_files);
  tcase_add_test (tcase, files_and_directory_are_for_their_owner_only);
  tcase_add_test (tcase, a_file_is_whole_while_the_call_still_runs);
  tcase_add_test (tcase, a_killed_gateway_leaves_playable_files);
  tcase_add_test (tcase, a_directory_that_cannot_be_made_fails_the_start);
  tcase_add_loop_test (tcase, a_file_that_is_there_is_never_overwritten, 0, 2);
  tcase_add_loop_test (tcase, an_id_that_is_no_plain_name_makes_no_file, 0, G_N_ELEMENTS (bad_ids));
  tcase_add_test (tcase, more_than_the_queue_holds_is_dropped_and_counted);
  tcase_add_test (tcase, a_disk_that_fills_up_costs_samples_but_not_the_call);
  tcase_add_test (tcase, a_thousand_calls_leave_no_thread_and_no_descriptor);
  tcase_add_test (tcase, calls_at_the_same_time_share_one_thread);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], CRASH_ARGUMENT))
    return record_until_killed (argv[2]);

  return run_suite (test_suite ());
}
