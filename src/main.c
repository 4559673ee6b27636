/* voice-gateway: options → VgwApp → main loop. */

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h> /* what systemd and scripts expect of a daemon that cannot start */
#include <syslog.h>

#include "app/vgw-doctor.h"
#include "app/vgw-service.h"
#include "app/vgw-token-command.h"
#include "base/vgw-capacity.h"
#include "base/vgw-log.h"
#include "config/vgw-config-load.h"
#include "config/vgw-config-text.h"
#include "media/vgw-pipeline-check.h"
#include "vgw-build.h"

#define SAMPLE_PATH "/voice-gateway/voice-gateway.conf"

#define RELOAD_WARN_S 10 /* interval of a warning while a reload takes time */

typedef struct
{
  char *config_path;
  char *pipeline;
  char *check_pipeline_path;
  char **settings;
  gboolean should_check_config;
  gboolean should_print_config;
  gboolean should_print_sample;
  gboolean should_print_version;
} Options;

typedef struct
{
  VgwApp *app;
  VgwService *service;
  const Options *options;
  GMainLoop *loop;
  gboolean is_stopping;
  guint reload_timer_id; /* 0 where no reload is under way */
} Run;

/* Before there is a log. */
static void
print_lines (const GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  g_autofree char *priority = vgw_log_is_journal () ? g_strdup_printf ("<%d>", LOG_ERR) : g_strdup ("");

  for (char **line = lines; *line != NULL; line++)
    g_printerr ("%svoice-gateway: %s\n", priority, *line);
}

static gboolean
parse_options (int *argc, char ***argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path, "Read this configuration file", "FILE" },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options->settings, "Set one key, overriding file and environment",
      "GROUP.KEY=VALUE" },
    { "pipeline", 'p', 0, G_OPTION_ARG_STRING, &options->pipeline,
      "Use this one pipeline description instead of the configured ones", "TEXT|FILE" },
    { "check-pipeline", 0, 0, G_OPTION_ARG_FILENAME, &options->check_pipeline_path,
      "Check a pipeline description and exit", "FILE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->should_check_config,
      "Check the configuration and its pipelines, and exit", NULL },
    { "print-config", 0, 0, G_OPTION_ARG_NONE, &options->should_print_config,
      "Print the effective configuration without secrets, and exit", NULL },
    { "print-sample-config", 0, 0, G_OPTION_ARG_NONE, &options->should_print_sample,
      "Print a commented configuration file, and exit", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->should_print_version, "Print the version and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- connect a voice bot to callers in the browser");
  g_autofree char *keys = vgw_config_help ();

  g_option_context_set_description (context, keys);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unexpected argument \"%s\"", (*argv)[1]);
  return *argc <= 1;
}

static void
options_clear (Options *options)
{
  g_free (options->config_path);
  g_free (options->pipeline);
  g_free (options->check_pipeline_path);
  g_strfreev (options->settings);
}

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  vgw_app_shutdown_finish (VGW_APP (source), result);
  g_main_loop_quit (run->loop);
}

static void
stop (Run *run, gboolean should_drain)
{
  if (run->is_stopping)
    vgw_app_end_drain (run->app);
  else
    {
      vgw_service_stop (run->service, vgw_app_get_shutdown_s (run->app, should_drain));
      vgw_app_shutdown_async (run->app, should_drain, on_shut_down, run);
    }
  run->is_stopping = TRUE;
}

static gboolean
on_term_signal (gpointer user_data)
{
  stop (user_data, TRUE);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_int_signal (gpointer user_data)
{
  stop (user_data, FALSE);
  return G_SOURCE_CONTINUE;
}

/* File, environment and command line, in this order. (transfer full) (nullable) */
static VgwConfig *
load_config (const Options *options, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();

  return vgw_config_load (options->config_path, (const char *const *) environment,
                          (const char *const *) options->settings, error);
}

/* Logs each line of @error. */
static void
log_lines (GLogLevelFlags level, const char *what, const GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      if (level == G_LOG_LEVEL_CRITICAL)
        vgw_critical (NULL, "%s: %s", what, *line);
      else
        vgw_warning (NULL, "%s: %s", what, *line);
    }
}

/* The configuration is read on a thread for SIGHUP: a FIFO, or a file on an unreachable server, must not block the main
 * loop. */
typedef struct
{
  Run *run;
  Options options; /* copied, since the thread may outlive the loop; only the members for load_config () */
  VgwConfig *config;
  GError *error;
} Reload;

static gboolean
on_reloaded (gpointer user_data)
{
  Reload *reload = user_data;
  Run *run = reload->run;

  g_clear_handle_id (&run->reload_timer_id, g_source_remove);
  if (reload->config != NULL)
    vgw_app_reload (run->app, reload->config);
  else
    log_lines (G_LOG_LEVEL_WARNING, "reload: nothing was changed", reload->error);
  vgw_service_end_reload (run->service);
  g_clear_error (&reload->error);
  options_clear (&reload->options);
  g_free (reload);
  return G_SOURCE_REMOVE;
}

static gpointer
reload_thread (gpointer data)
{
  Reload *reload = data;

  reload->config = load_config (&reload->options, &reload->error);
  g_idle_add (on_reloaded, reload);
  return NULL;
}

static gboolean
on_reload_slow (gpointer user_data)
{
  const Run *run = user_data;

  vgw_warning (NULL, "reload: still reading %s and the files that it names; nothing has changed yet",
               run->options->config_path != NULL ? run->options->config_path : "the configuration");
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload_signal (gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  Reload *reload;
  GThread *thread;

  if (run->reload_timer_id != 0)
    {
      on_reload_slow (run);
      return G_SOURCE_CONTINUE;
    }
  vgw_service_begin_reload (run->service);
  reload = g_new0 (Reload, 1);
  reload->run = run;
  reload->options.config_path = g_strdup (run->options->config_path);
  reload->options.settings = g_strdupv (run->options->settings);
  run->reload_timer_id = g_timeout_add_seconds (RELOAD_WARN_S, on_reload_slow, run);
  thread = g_thread_try_new ("vgw-reload", reload_thread, reload, &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return G_SOURCE_CONTINUE;
    }
  reload->error = g_steal_pointer (&error);
  on_reloaded (reload);
  return G_SOURCE_CONTINUE;
}

/* Whether a later start may succeed without another configuration: an address that the machine does not have yet, a
 * port that an earlier process still has, a name that cannot be looked up. */
static gboolean
is_temporary (const GError *error)
{
  return error->domain == G_IO_ERROR && error->code != G_IO_ERROR_INVALID_ARGUMENT
         && error->code != G_IO_ERROR_PERMISSION_DENIED && error->code != G_IO_ERROR_NOT_SUPPORTED;
}

/* Runs until a signal. */
static int
run_app (Run *run, VgwConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwApp) app = vgw_app_new (config, run->options->pipeline, &error);
  g_autoptr (VgwService) service = NULL;

  if (app == NULL)
    {
      log_lines (G_LOG_LEVEL_CRITICAL, "cannot start", error);
      return is_temporary (error) ? EX_UNAVAILABLE : EX_CONFIG;
    }
  run->app = app;
  run->service = service = vgw_service_new (app);
  g_main_loop_run (run->loop);
  g_clear_handle_id (&run->reload_timer_id, g_source_remove);
  return EXIT_SUCCESS;
}

static int
run_gateway (VgwConfig *config, const Options *options)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { .options = options, .loop = loop };
  /* before the log line about listening: a script that waits for it may send a signal at once */
  guint term_id = g_unix_signal_add (SIGTERM, on_term_signal, &run);
  guint int_id = g_unix_signal_add (SIGINT, on_int_signal, &run);
  guint hup_id = g_unix_signal_add (SIGHUP, on_reload_signal, &run);
  int status;

  vgw_capacity_raise_limits ();
  status = run_app (&run, config);
  g_source_remove (hup_id);
  g_source_remove (term_id);
  g_source_remove (int_id);
  return status;
}

static int
check_pipeline (const char *path, const VgwConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = vgw_pipeline_check (path, config->media.extra_elements, &error);
  if (summary == NULL)
    {
      g_printerr ("%s\n", error->message);
      return EX_CONFIG;
    }
  g_print ("%s\n", summary);
  return EXIT_SUCCESS;
}

static int
check_config (const VgwConfig *config, const Options *options)
{
  g_autoptr (GError) error = NULL;
  if (!vgw_app_check (config, options->pipeline, &error))
    {
      g_printerr ("%s\n", error->message);
      return EX_CONFIG;
    }
  g_print ("configuration OK\n");
  return EXIT_SUCCESS;
}

static int
run_with_config (VgwConfig *loaded, const Options *options)
{
  g_autoptr (VgwConfig) config = loaded;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = options->should_print_config ? vgw_config_to_text (config) : NULL;
  if (text != NULL)
    {
      g_print ("%s", text);
      return EXIT_SUCCESS;
    }
  vgw_log_init (config->log.format, config->log.level);
  if (!vgw_media_prepare_process (&error))
    {
      print_lines (error);
      return EX_CONFIG;
    }
  if (options->check_pipeline_path != NULL)
    return check_pipeline (options->check_pipeline_path, config);
  if (options->should_check_config)
    return check_config (config, options);
  return run_gateway (g_steal_pointer (&config), options);
}

static int
run_with_options (const Options *options)
{
  g_autoptr (GError) error = NULL;
  if (options->should_print_version)
    {
      g_print ("voice-gateway %s\n", VGW_VERSION);
      return EXIT_SUCCESS;
    }
  if (options->should_print_sample)
    {
      g_autoptr (GBytes) sample = g_resources_lookup_data (SAMPLE_PATH, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
      g_print ("%s", (const char *) g_bytes_get_data (sample, NULL)); /* a resource ends with NUL */
      return EXIT_SUCCESS;
    }
  VgwConfig *config = load_config (options, &error);
  if (config == NULL)
    {
      print_lines (error);
      return EX_CONFIG;
    }
  return run_with_config (config, options);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options options = { 0 };
  setlocale (LC_ALL, "");
  int status = EX_USAGE;
  if (argc > 1 && g_str_equal (argv[1], "token"))
    return vgw_token_command_run (argc - 1, argv + 1);
  if (argc > 1 && g_str_equal (argv[1], "doctor"))
    return vgw_doctor_run (argc - 1, argv + 1);
  signal (SIGHUP, SIG_IGN); /* a reload before there is anything to reload; a later handler replaces it */
  if (parse_options (&argc, &argv, &options, &error))
    status = run_with_options (&options);
  else
    g_printerr ("voice-gateway: %s\nTry voice-gateway --help.\n", error->message);
  options_clear (&options);
  return status;
}
