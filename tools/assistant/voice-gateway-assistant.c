/* voice-gateway-assistant: an offline bot behind the gateway. See docs/man/voice-gateway-assistant.1. */
#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>
#include <sysexits.h>

#include "assistant/vgw-assistant-server.h"
#include "base/vgw-log.h"
#include "vgw-build.h"

#define DEFAULT_ADDRESS "127.0.0.1:8082"
#define DEFAULT_PORT 8082
#define DEFAULT_MAX_CALLS 16
#define MAX_CALLS 1000
#define CLOSE_TIMEOUT_MS 1000 /* for the WebSockets, at the end */

typedef struct
{
  char *listen, *model_dir, *grammar, *log_level, *log_format;
  int max_calls;
  gboolean no_barge_in, should_print_version;
} Options;

static gboolean
parse_options (int *argc, char ***argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_STRING, &options->listen,
      "Address to listen on; port 0 takes any free port (default " DEFAULT_ADDRESS ")", "ADDRESS:PORT" },
    { "max-calls", 'n', 0, G_OPTION_ARG_INT, &options->max_calls, "Maximum number of calls, 1 to 1000 (default 16)",
      "N" },
    { "no-barge-in", 0, 0, G_OPTION_ARG_NONE, &options->no_barge_in, "Keep speaking when the caller interrupts", NULL },
    { "grammar", 'g', 0, G_OPTION_ARG_FILENAME, &options->grammar, "Grammar of the commands (JSGF)", "FILE" },
    { "model-dir", 'm', 0, G_OPTION_ARG_FILENAME, &options->model_dir, "Directory of pocketsphinx' models",
      "DIRECTORY" },
    { "log-level", 0, 0, G_OPTION_ARG_STRING, &options->log_level,
      "Lowest level to log: debug, info (default), warning or error", "LEVEL" },
    { "log-format", 0, 0, G_OPTION_ARG_STRING, &options->log_format, "Format of the log: text (default) or json",
      "FORMAT" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->should_print_version, "Print the version and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- an offline bot for voice-gateway");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unexpected argument \"%s\"", (*argv)[1]);
  else if (options->max_calls < 1 || options->max_calls > MAX_CALLS)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--max-calls must be from 1 to %d", MAX_CALLS);
  return *argc <= 1 && options->max_calls >= 1 && options->max_calls <= MAX_CALLS;
}

static gboolean
init_log (const Options *options, GError **error)
{
  static const struct
  {
    const char *name;
    GLogLevelFlags level;
  } levels[] = { { "debug", G_LOG_LEVEL_DEBUG },
                 { "info", G_LOG_LEVEL_INFO },
                 { "warning", G_LOG_LEVEL_WARNING },
                 { "error", G_LOG_LEVEL_CRITICAL } };
  const char *format = options->log_format != NULL ? options->log_format : "text";
  const char *level = options->log_level != NULL ? options->log_level : "info";

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      if (g_str_equal (level, levels[i].name) && (g_str_equal (format, "text") || g_str_equal (format, "json")))
        {
          vgw_log_init (g_str_equal (format, "json") ? VGW_LOG_JSON : VGW_LOG_TEXT, levels[i].level);
          return TRUE;
        }
    }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--log-level must be debug, info, warning or error, and --log-format text or json");
  return FALSE;
}

/* "127.0.0.1:8082", "[::1]:8082". (transfer full) (nullable) */
static GSocketAddress *
parse_address (const char *text, GError **error)
{
  g_autoptr (GSocketConnectable) named = g_network_address_parse (text, DEFAULT_PORT, NULL);
  GNetworkAddress *address = (GNetworkAddress *) named;
  GSocketAddress *found = address == NULL
                              ? NULL
                              : g_inet_socket_address_new_from_string (g_network_address_get_hostname (address),
                                                                       g_network_address_get_port (address));

  if (found == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "--listen must be a numeric address and a port, such as " DEFAULT_ADDRESS " or [::1]:8082, not \"%s\"",
                 text);
  return found;
}

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Closes all connections, with a time limit for an orderly close. */
static void
close_all (VgwAssistantServer *server)
{
  gboolean is_late = FALSE;
  guint timer_id = g_timeout_add (CLOSE_TIMEOUT_MS, on_timeout, &is_late);

  vgw_assistant_server_stop (server);
  while (vgw_assistant_server_count_calls (server) > 0 && !is_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer_id);
}

/* Runs until a signal. */
static gboolean
run (const Options *options, GSocketAddress *address, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (VgwAssistantModels) models = vgw_assistant_models_new (options->model_dir, options->grammar);
  g_autoptr (VgwAssistantServer) server = NULL;
  guint term_id, int_id;

  if (!vgw_assistant_models_warm_up (models, error))
    return FALSE;
  server = vgw_assistant_server_new (address, models, options->max_calls, !options->no_barge_in, error);
  if (server == NULL)
    return FALSE;

  term_id = g_unix_signal_add (SIGTERM, on_signal, loop);
  int_id = g_unix_signal_add (SIGINT, on_signal, loop);
  if (!g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))))
    vgw_warning (NULL, "assistant: there is no authentication: anybody who can reach the port can use it");
  /* for a script that has started it, as with the bots of examples/ */
  g_print ("ready %s\n", vgw_assistant_server_get_url (server));
  g_main_loop_run (loop);
  close_all (server);
  g_source_remove (term_id);
  g_source_remove (int_id);
  return TRUE;
}

static int
run_with_options (const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (options->should_print_version)
    {
      g_print ("voice-gateway-assistant %s\n", VGW_VERSION);
      return EXIT_SUCCESS;
    }
  address = parse_address (options->listen != NULL ? options->listen : DEFAULT_ADDRESS, &error);
  if (address != NULL && init_log (options, &error) && run (options, address, &error))
    return EXIT_SUCCESS;
  g_printerr ("voice-gateway-assistant: %s\n", error->message);
  return error->domain == G_OPTION_ERROR ? EX_USAGE : EX_CONFIG;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options options = { .max_calls = DEFAULT_MAX_CALLS };
  int status = EX_USAGE;

  setlocale (LC_ALL, "");
  if (parse_options (&argc, &argv, &options, &error))
    status = run_with_options (&options);
  else
    g_printerr ("voice-gateway-assistant: %s\nTry voice-gateway-assistant --help.\n", error->message);
  g_free (options.listen);
  g_free (options.model_dir);
  g_free (options.grammar);
  g_free (options.log_level);
  g_free (options.log_format);
  return status;
}
