#include "run-suite.h"

#define MAX_THREADS_WAIT_MS 2000

/* Whether there are threads of ours, or of GLib's pool: "pool", or "pool-" and the program's name. The one that starts
 * the others stays. */
static gboolean
has_ending_threads (void)
{
  GDir *tasks = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean has_some = FALSE;
  const char *task;

  while (tasks != NULL && !has_some && (task = g_dir_read_name (tasks)) != NULL)
    {
      char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      char *name = NULL;

      if (g_file_get_contents (path, &name, NULL, NULL))
        has_some = g_str_has_prefix (name, "vgw-")
                   || (g_str_has_prefix (name, "pool") && !g_str_has_prefix (name, "pool-spawner"));
      g_free (name);
      g_free (path);
    }
  g_clear_pointer (&tasks, g_dir_close);
  return has_some;
}

/* LeakSanitizer crashes where a thread ends while it looks: GLib's idle ones end when they like, and that of the engines
 * is not joined. */
static void
end_threads (void)
{
  gint64 until_us = g_get_monotonic_time () + MAX_THREADS_WAIT_MS * G_TIME_SPAN_MILLISECOND;

  g_thread_pool_stop_unused_threads ();
  while (has_ending_threads () && g_get_monotonic_time () < until_us)
    g_usleep (1000);
}

int
run_suite (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int n_failed, n_run;

  srunner_run_all (runner, CK_NORMAL);
  n_failed = srunner_ntests_failed (runner);
  n_run = srunner_ntests_run (runner);
  srunner_free (runner);
  end_threads ();
  return n_failed == 0 && n_run > 0 ? 0 : 1;
}
